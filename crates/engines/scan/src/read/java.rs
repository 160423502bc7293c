//! Java archives, one within the other.
//!
//! Sources: the JAR File Specification; Maven writes `META-INF/maven/GROUP/ARTIFACT/pom.properties`.

mod manifest;
mod name;

use std::io::Read;

use flate2::read::DeflateDecoder;
use rawzip::{CompressionMethod, ZipArchive, ZipSliceEntry};

use super::{Found, Kind, Problems, shown, wanted};
use crate::package::{Location, Package};
use manifest::Manifest;

/// Archives within archives: an `ear` has a `war` with a `jar`, which seldom has more.
const MAX_NESTING: usize = 5;

/// What all archives within one file may inflate to: applications of a gigabyte are known, of two none.
const MAX_INFLATED_BYTES: u64 = 2 << 30;

/// One archive within another, which is held in memory.
const MAX_INNER_BYTES: u64 = 256 << 20;

/// Properties and manifests; those with a signature of each class have a few megabytes.
const MAX_TEXT_BYTES: u64 = 16 << 20;

/// Entries of one archive: the largest that are known have 300,000 classes.
const MAX_ENTRIES: usize = 1_000_000;

/// What is left for the archives within.
struct Limits {
    inflated: u64,
    entries: usize,
}

pub(super) fn archive(path: &str, bytes: &[u8], found: &mut Found, problems: &mut Problems<'_>) {
    let mut limits = Limits { inflated: MAX_INFLATED_BYTES, entries: MAX_ENTRIES };
    read(path, bytes, 0, &mut limits, found, problems);
    found.packages.sort();
    found.packages.dedup();
}

fn read(
    path: &str,
    bytes: &[u8],
    depth: usize,
    limits: &mut Limits,
    found: &mut Found,
    problems: &mut Problems<'_>,
) {
    let archive = match ZipArchive::from_slice(bytes) {
        Ok(archive) => archive,
        Err(error) => return problems.whole(format!("`{}` is no zip archive: {error}", shown(path))),
    };
    let mut poms: Vec<Package> = Vec::new();
    let mut manifest = Manifest::default();
    let mut entries = archive.entries();
    loop {
        let entry = match entries.next_entry() {
            Ok(Some(entry)) => entry,
            Ok(None) => break,
            Err(error) => {
                problems.whole(format!("the directory of `{}` breaks off: {error}", shown(path)));
                break;
            }
        };
        let Some(left) = limits.entries.checked_sub(1) else {
            problems.whole(format!("`{}` has more entries than are read", shown(path)));
            break;
        };
        limits.entries = left;
        let name = String::from_utf8_lossy(entry.file_path().as_bytes()).into_owned();
        let is_pom = name.starts_with("META-INF/maven/") && name.ends_with("/pom.properties");
        let is_manifest = name.eq_ignore_ascii_case("META-INF/MANIFEST.MF");
        let is_inner = !name.ends_with('/') && wanted(&name) == Some(Kind::JavaArchive);
        if !is_pom && !is_manifest && !is_inner {
            continue;
        }
        let inner = format!("{path}!/{name}");
        let most = if is_inner { MAX_INNER_BYTES } else { MAX_TEXT_BYTES };
        let opened = archive.get_entry(entry.wayfinder()).map_err(|error| error.to_string());
        let data = opened.and_then(|opened| inflate(&opened, entry.compression_method(), most, limits));
        let data = match data {
            Ok(data) => data,
            Err(why) => {
                problems.whole(format!("`{}`: {why}", shown(&inner)));
                continue;
            }
        };
        if is_inner && depth < MAX_NESTING {
            read(&inner, &data, depth + 1, limits, found, problems);
        } else if is_inner {
            problems.whole(format!("`{}` is nested deeper than is read", shown(&inner)));
        } else if is_pom {
            match name::pom(&String::from_utf8_lossy(&data)) {
                Some(package) => poms.push(package),
                None => problems.whole(format!("`{}` lacks a coordinate", shown(&inner))),
            }
        } else {
            manifest = Manifest::read(&String::from_utf8_lossy(&data));
        }
    }
    let own = name::own(path, &poms, &manifest);
    let location = Location { path: path.to_owned(), layer: None };
    for package in poms.into_iter().chain(own) {
        found.packages.push(Package { locations: vec![location.clone()], ..package });
    }
}

/// Unpacks an entry up to a limit. What it says of its own length is not believed.
fn inflate(
    entry: &ZipSliceEntry<'_>,
    method: CompressionMethod,
    most: u64,
    limits: &mut Limits,
) -> Result<Vec<u8>, String> {
    let most = most.min(limits.inflated);
    let mut data = Vec::new();
    let outcome = match method {
        CompressionMethod::STORE => Read::take(entry.data(), most + 1).read_to_end(&mut data),
        CompressionMethod::DEFLATE => DeflateDecoder::new(entry.data()).take(most + 1).read_to_end(&mut data),
        other => return Err(format!("compressed by {other:?}, which is not read")),
    };
    let length = u64::try_from(data.len()).unwrap_or(u64::MAX);
    limits.inflated = limits.inflated.saturating_sub(length);
    match outcome {
        Err(error) => Err(format!("can't be unpacked: {error}")),
        Ok(_) if length > most => Err(format!("more than the {most} bytes that are unpacked")),
        Ok(_) => Ok(data),
    }
}

#[cfg(test)]
mod tests;
