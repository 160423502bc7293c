//! Bills of materials: CycloneDX and SPDX, written and read.

mod cyclonedx;
mod read;
mod spdx;

pub use cyclonedx::cyclonedx;
pub use read::{Format, MAX_SBOM_BYTES, format, read};
pub use spdx::spdx;

/// What a report is of, and when it was made. An engine has no clock, so the caller says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// The image as the user named it, or the folder.
    pub name: String,
    /// Digest of the image's manifest, `sha256:…`; empty for a folder.
    pub digest: String,
    /// Whether it is an image; otherwise it is a folder or a file.
    pub is_image: bool,
    /// When the report was made, as RFC 3339 in UTC with whole seconds: `2026-11-28T08:00:00Z`.
    pub created: String,
    /// A UUID that names this report, in the form `8-4-4-4-12`. CycloneDX has it as its serial number, SPDX in its namespace.
    pub id: String,
    /// Version of the program.
    pub tool_version: String,
}

/// A licence is written by its identifier if it is one of the common ones of the SPDX list, since other words of packages may be
/// anything. Sorted.
const COMMON_LICENSES: [&str; 36] = [
    "0BSD",
    "AGPL-3.0-only",
    "AGPL-3.0-or-later",
    "Apache-2.0",
    "Artistic-1.0-Perl",
    "Artistic-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSD-4-Clause",
    "BSL-1.0",
    "BlueOak-1.0.0",
    "CC-BY-4.0",
    "CC0-1.0",
    "CDDL-1.0",
    "EPL-1.0",
    "EPL-2.0",
    "GPL-2.0-only",
    "GPL-2.0-or-later",
    "GPL-3.0-only",
    "GPL-3.0-or-later",
    "ISC",
    "LGPL-2.1-only",
    "LGPL-2.1-or-later",
    "LGPL-3.0-only",
    "LGPL-3.0-or-later",
    "MIT",
    "MIT-0",
    "MPL-1.1",
    "MPL-2.0",
    "OpenSSL",
    "PSF-2.0",
    "Python-2.0",
    "Ruby",
    "Unlicense",
    "WTFPL",
    "Zlib",
];

fn is_common_license(text: &str) -> bool {
    COMMON_LICENSES.binary_search(&text).is_ok()
}

/// A document as it is written: indented by two, with a line end. Keys stand in the order in which they were put in.
pub(crate) fn written(document: &serde_json::Value) -> String {
    format!("{document:#}\n")
}

/// Where the name of a package ends with its namespace: group of Maven, scope of npm, vendor of Composer.
fn group_and_name(package: &crate::Package) -> (Option<&str>, &str) {
    use crate::PackageType::{Composer, Maven, Npm};
    let split = match package.kind {
        Maven => package.name.rsplit_once(':'),
        Composer | Npm => package.name.rsplit_once('/'),
        _ => None,
    };
    split.map_or((None, &package.name), |(group, name)| (Some(group), name))
}

#[cfg(test)]
pub(crate) mod tests;
