//! Module streams of Red Hat's kin: a package of a stream is fixed by that stream's advisories alone.
//!
//! Source: Fedora's modularity documentation; releases of packages that a module brings have `.module` in them, and titles of
//! AlmaLinux's and Rocky Linux's advisories name the stream: `nodejs:18 security update`.

use crate::advisory::{Advisory, Affected, Event};
use crate::{Package, PackageType};

/// Whether a record is about packages of the stream that the package is of, or about no stream if it is of none.
pub(super) fn is_of_stream(package: &Package, record: &Advisory, affected: &Affected) -> bool {
    if package.kind != PackageType::Rpm {
        return true;
    }
    let installed = package.module.is_some() || is_modular(&package.version);
    let mut fixes = affected.ranges.iter().flat_map(|range| &range.events).filter_map(|event| match event {
        Event::Fixed(version) => Some(is_modular(version)),
        _ => None,
    });
    // A record without a fix says of no stream.
    match fixes.next() {
        Some(modular) if modular != installed => return false,
        Some(true) => {}
        _ => return true,
    }
    let Some((name, stream)) = package.module.as_deref().and_then(stream) else { return true };
    let mut named = record.summary.split_whitespace().filter_map(|word| word.split_once(':'));
    let of_module = named.find(|(module, stream)| *module == name && !stream.is_empty());
    of_module.is_none_or(|(_, known)| known.trim_end_matches([',', '.', ';']) == stream)
}

/// `1:18.14.2-2.module_el8.7.0+3476`, `.module+el8`.
fn is_modular(version: &str) -> bool {
    version.contains(".module_") || version.contains(".module+")
}

/// Name and stream of `name:stream:version:context:arch`.
fn stream(module: &str) -> Option<(&str, &str)> {
    let (name, rest) = module.split_once(':')?;
    Some((name, rest.split(':').next().unwrap_or(rest)))
}
