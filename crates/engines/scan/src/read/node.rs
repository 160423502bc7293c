//! Packages of Node.js: locks of npm, Yarn and pnpm, and what is installed.

mod npm;
mod pnpm;
mod yarn;

use super::doc::Doc;
use super::{Found, Problems};
use crate::package::{Package, PackageType};

pub(super) use npm::npm_lock;
pub(super) use pnpm::pnpm_lock;
pub(super) use yarn::yarn_lock;

/// `package.json` of an installed package.
///
/// Source: <https://docs.npmjs.com/cli/v11/configuring-npm/package-json>; `licenses` is its old form.
pub(super) fn package_json(bytes: &[u8], found: &mut Found, problems: &mut Problems<'_>) {
    let (doc, fault) = Doc::json(bytes);
    problems.fault(fault);
    // Without both it is a folder's settings for modules (`{"type": "module"}`), not a package.
    let (Some(name), Some(version)) = (doc.text("name"), doc.text("version")) else { return };
    let mut licenses: Vec<String> = Vec::new();
    licenses.extend(doc.get("license").and_then(license));
    licenses.extend(doc.list("licenses").iter().filter_map(license));
    let author = doc.get("author");
    let vendor = author.and_then(|author| author.as_str().or_else(|| author.text("name")));
    found.packages.push(Package {
        licenses,
        vendor: vendor.map(str::to_owned),
        ..Package::new(PackageType::Npm, name, plain(version))
    });
}

/// `"MIT"` or `{"type": "MIT"}`.
fn license(doc: &Doc) -> Option<String> {
    doc.as_str().or_else(|| doc.text("type")).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// npm passes over a leading `v` or `=`.
fn plain(version: &str) -> &str {
    let bare = version.trim().trim_start_matches('=');
    bare.strip_prefix('v').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit())).unwrap_or(bare)
}

#[cfg(test)]
mod tests;
