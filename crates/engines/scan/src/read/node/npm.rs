//! `package-lock.json` of all three versions.
//!
//! Source: <https://docs.npmjs.com/cli/v11/configuring-npm/package-lock-json>: version 1 has `dependencies` within each other, 3
//! `packages` by folder, 2 both, of which `packages` counts.

use super::super::doc::Doc;
use super::super::{Found, Problems, shown};
use super::{license, plain};
use crate::package::{Package, PackageType};

pub(crate) fn npm_lock(bytes: &[u8], found: &mut Found, problems: &mut Problems<'_>) {
    let (doc, fault) = Doc::json(bytes);
    problems.fault(fault);
    match doc.get("packages") {
        Some(packages) => by_folder(packages, found, problems),
        None => nested(&doc, found, problems),
    }
}

fn by_folder(packages: &Doc, found: &mut Found, problems: &mut Problems<'_>) {
    for (folder, package) in packages.entries() {
        // Outside `node_modules` stands the project itself and its workspaces; a link points at those.
        let Some((_, from_folder)) = folder.rsplit_once("node_modules/") else { continue };
        if package.is("link") {
            continue;
        }
        // An alias is installed in a folder of another name than its own.
        let name = package.text("name").unwrap_or(from_folder);
        match package.text("version") {
            Some(version) => found.packages.push(Package {
                licenses: package.get("license").and_then(license).into_iter().collect(),
                ..Package::new(PackageType::Npm, name, plain(version))
            }),
            None => problems.whole(format!("`{}` has no version", shown(folder))),
        }
    }
}

/// Version 1, without recursion: what it nests in is bounded by the reader of JSON.
fn nested(doc: &Doc, found: &mut Found, problems: &mut Problems<'_>) {
    let mut waiting: Vec<&(String, Doc)> = doc.map("dependencies").iter().collect();
    while let Some((name, package)) = waiting.pop() {
        waiting.extend(package.map("dependencies"));
        let Some(version) = package.text("version") else {
            problems.whole(format!("`{}` has no version", shown(name)));
            continue;
        };
        // `npm:name@version` is an alias; paths and links are of the project itself. An address stands for what is there.
        let (name, version) = match version.strip_prefix("npm:").and_then(|alias| alias.rsplit_once('@')) {
            Some(alias) => alias,
            None if version.starts_with("file:") || version.starts_with("link:") => continue,
            None => (name.as_str(), version),
        };
        found.packages.push(Package::new(PackageType::Npm, name, plain(version)));
    }
    found.packages.sort();
}
