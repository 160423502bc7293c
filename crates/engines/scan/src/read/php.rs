//! Packages of PHP's Composer.
//!
//! Source: <https://getcomposer.org/doc/>: `composer.lock` has `packages` and `packages-dev`; `installed.json` since Composer 2
//! `packages`, before that it was the list itself.

use super::doc::Doc;
use super::{Found, Problems, shown};
use crate::package::{Package, PackageType};

pub(super) fn composer_lock(bytes: &[u8], found: &mut Found, problems: &mut Problems<'_>) {
    let (doc, fault) = Doc::json(bytes);
    problems.fault(fault);
    let all = doc.list("packages").iter().chain(doc.list("packages-dev"));
    add(all, found, problems);
}

pub(super) fn installed(bytes: &[u8], found: &mut Found, problems: &mut Problems<'_>) {
    let (doc, fault) = Doc::json(bytes);
    problems.fault(fault);
    let list = if doc.items().is_empty() { doc.list("packages") } else { doc.items() };
    add(list.iter(), found, problems);
}

fn add<'d>(packages: impl Iterator<Item = &'d Doc>, found: &mut Found, problems: &mut Problems<'_>) {
    for package in packages {
        let (Some(name), Some(version)) = (package.text("name"), package.text("version")) else {
            let name = shown(package.text("name").unwrap_or_default());
            problems.whole(format!("a package without name or version: `{name}`"));
            continue;
        };
        // `v1.2.3` and `1.2.3` are the same to Composer; `dev-main` is a branch.
        let is_number = |rest: &&str| rest.starts_with(|c: char| c.is_ascii_digit());
        let version = version.strip_prefix('v').filter(is_number).unwrap_or(version);
        found.packages.push(Package {
            licenses: package.list("license").iter().filter_map(Doc::as_str).map(str::to_owned).collect(),
            ..Package::new(PackageType::Composer, name, version)
        });
    }
}

#[cfg(test)]
mod tests;
