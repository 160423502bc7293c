//! Packages of .NET.

use quick_xml::Reader;
use quick_xml::events::Event;

use super::doc::{Doc, line_of};
use super::{Found, Problems, shown, text};
use crate::package::{Package, PackageType};

/// `*.deps.json`, beside a published program: `libraries` by `name/version`, of which those of type `package` come from NuGet. The
/// project itself and its parts are of other types.
///
/// Source: <https://github.com/dotnet/sdk/blob/main/documentation/specs/runtime-configuration-file.md>.
pub(super) fn deps(bytes: &[u8], found: &mut Found, problems: &mut Problems<'_>) {
    let (doc, fault) = Doc::json(bytes);
    problems.fault(fault);
    for (key, library) in doc.map("libraries") {
        if library.text("type") != Some("package") {
            continue;
        }
        match key.split_once('/') {
            Some((name, version)) if !version.is_empty() => {
                found.packages.push(Package::new(PackageType::Nuget, name, version));
            }
            _ => problems.whole(format!("not a library: `{}`", shown(key))),
        }
    }
}

/// `packages.lock.json`: by framework, by name, with what it was resolved to.
///
/// Source: <https://learn.microsoft.com/nuget/consume-packages/package-references-in-project-files#locking-dependencies>.
pub(super) fn packages_lock(bytes: &[u8], found: &mut Found, problems: &mut Problems<'_>) {
    let (doc, fault) = Doc::json(bytes);
    problems.fault(fault);
    for (_, framework) in doc.map("dependencies") {
        for (name, package) in framework.entries() {
            if package.text("type").is_some_and(|kind| kind.eq_ignore_ascii_case("project")) {
                continue;
            }
            match package.text("resolved") {
                Some(version) => found.packages.push(Package::new(PackageType::Nuget, name, version)),
                None => problems.whole(format!("`{}` is not resolved", shown(name))),
            }
        }
    }
    found.packages.sort();
    found.packages.dedup();
}

/// `packages.config`: `<package id="…" version="…"/>` each.
///
/// Source: <https://learn.microsoft.com/nuget/reference/packages-config>. No entity is resolved but the five of XML.
pub(super) fn packages_config(bytes: &[u8], found: &mut Found, problems: &mut Problems<'_>) {
    let text = text(bytes, problems);
    let text = text.trim_start_matches('\u{feff}');
    let mut reader = Reader::from_str(text);
    loop {
        let at = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        let line = line_of(text.as_bytes(), at);
        let tag = match reader.read_event() {
            Ok(Event::Start(tag) | Event::Empty(tag)) => tag,
            Ok(Event::Eof) => return,
            Ok(_) => continue,
            Err(error) => return problems.line(line, format!("not XML here: {error}")),
        };
        if tag.name().as_ref() != "package" {
            continue;
        }
        let attribute = |name: &str| {
            let value = tag.try_get_attribute(name).ok().flatten()?;
            let raw = value.value;
            quick_xml::escape::unescape(&raw).ok().map(std::borrow::Cow::into_owned)
        };
        match (attribute("id"), attribute("version")) {
            (Some(name), Some(version)) => {
                found.packages.push(Package::new(PackageType::Nuget, name, version))
            }
            _ => problems.line(line, "a package without `id` or `version`"),
        }
    }
}

#[cfg(test)]
mod tests;
