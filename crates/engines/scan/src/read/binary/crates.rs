//! The crates that `cargo auditable` notes in a program.
//!
//! Source: <https://github.com/rust-secure-code/cargo-auditable/blob/master/PARSING.md>: a section `.dep-v0` with JSON, compressed by
//! zlib.

use std::io::Read;

use flate2::read::ZlibDecoder;

use super::super::doc::Doc;
use super::super::{Found, Problems};
use super::object::Object;
use crate::package::{Package, PackageType};

/// The list of a program with ten thousand crates has a megabyte; its format's own advice for readers is 8.
const MAX_LIST_BYTES: u64 = 8 << 20;

pub(super) fn read(at: usize, object: &Object<'_>, found: &mut Found, problems: &mut Problems<'_>) {
    let Some(section) = object.section(".dep-v0") else { return };
    let mut list = Vec::new();
    let outcome = ZlibDecoder::new(section).take(MAX_LIST_BYTES + 1).read_to_end(&mut list);
    if let Err(error) = outcome {
        problems.byte(at, format!("the list of crates can't be unpacked: {error}"));
    } else if u64::try_from(list.len()).is_ok_and(|length| length > MAX_LIST_BYTES) {
        problems
            .byte(at, format!("the list of crates is longer than the {MAX_LIST_BYTES} bytes that are read"));
    }
    let (doc, fault) = Doc::json(&list);
    problems.fault(fault);
    for package in doc.list("packages") {
        // What ran while it was built is not in it.
        if package.text("kind") == Some("build") {
            continue;
        }
        match (package.text("name"), package.text("version")) {
            (Some(name), Some(version)) => {
                found.packages.push(Package::new(PackageType::Cargo, name, version))
            }
            _ => problems.byte(at, "a crate without name or version"),
        }
    }
}
