//! `Cargo.lock`.
//!
//! Source: the Cargo book and <https://doc.rust-lang.org/nightly/nightly-rustc/cargo/core/resolver/encode/>: a `package` each, with
//! `source` unless it is of the workspace or a path. Versions 1 to 4 differ in what is not read here.

use super::doc::Doc;
use super::{Found, Problems, text};
use crate::package::{Package, PackageType};

pub(super) fn cargo_lock(bytes: &[u8], found: &mut Found, problems: &mut Problems<'_>) {
    let text = text(bytes, problems);
    let (doc, fault) = Doc::toml(&text);
    problems.fault(fault);
    for package in doc.list("package") {
        match (package.text("name"), package.text("version")) {
            (Some(name), Some(version)) => {
                found.packages.push(Package::new(PackageType::Cargo, name, version));
            }
            (name, _) => {
                problems.whole(format!(
                    "a package without name or version: `{}`",
                    super::shown(name.unwrap_or_default())
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests;
