//! Go's build info: the version of Go and the modules that a program was built of.
//!
//! Source: Go's `src/debug/buildinfo/buildinfo.go`: at a multiple of 16 stands a magic text, then the width of a pointer and flags.
//! Since Go 1.18 (flag 2) two strings follow at byte 32, each behind its length; before, two pointers to headers of strings.

use super::super::bytes::{Order, take};
use super::super::{Found, Problems, shown};
use super::object::Object;
use crate::package::{Package, PackageType};

const MAGIC: &[u8] = b"\xff Go buildinf:";
const ALIGNMENT: usize = 16;
const INLINE_AT: usize = 32;

/// The list of a program with a thousand modules has a hundred kilobytes.
const MAX_TEXT_BYTES: usize = 16 << 20;

pub(super) fn read(at: usize, object: &Object<'_>, found: &mut Found, problems: &mut Problems<'_>) {
    let named =
        ["go.buildinfo", ".go.buildinfo", "__go_buildinfo"].into_iter().find_map(|name| object.section(name));
    // Windows' programs have it at the start of their data, and a program that was packed anywhere.
    let info = match named.filter(|section| section.starts_with(MAGIC)) {
        Some(section) => strings(object, section),
        None => search(object),
    };
    let Some((version, modules)) = info else {
        if named.is_some() {
            problems.byte(at, "Go's build info can't be read");
        }
        return;
    };
    // `go1.22.1 X:experiment`; a development version names no release.
    if let Some(number) = version.split_whitespace().next().and_then(|word| word.strip_prefix("go")) {
        found.packages.push(Package::new(PackageType::Golang, "stdlib", number));
    }
    add(&modules, at, found, problems);
}

/// Go's toolchain has the magic text among its constants, so the first that leads to a version counts.
fn search(object: &Object<'_>) -> Option<(String, String)> {
    let mut from = 0;
    loop {
        let at = from + memchr::memmem::find(object.bytes.get(from..)?, MAGIC)?;
        if at % ALIGNMENT == 0
            && let Some(info) = strings(object, object.bytes.get(at..)?)
            && info.0.starts_with("go")
        {
            return Some(info);
        }
        from = at + MAGIC.len();
    }
}

/// Version and list of modules.
fn strings(object: &Object<'_>, info: &[u8]) -> Option<(String, String)> {
    let width = usize::from(*info.get(14)?);
    let flags = *info.get(15)?;
    let (version, modules) = if flags & 2 != 0 {
        let rest = info.get(INLINE_AT..)?;
        let (version, rest) = counted(rest)?;
        (version, counted(rest)?.0)
    } else {
        let order = if flags & 1 != 0 { Order::Big } else { Order::Little };
        let version = pointed(object, order, width, info, 16)?;
        (version, pointed(object, order, width, info, 16 + width).unwrap_or_default())
    };
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    (!version.is_empty()).then(|| (text(version), text(without_marks(modules))))
}

/// A string behind its length in groups of seven bits, the lowest first.
fn counted(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut length = 0_usize;
    for (index, byte) in bytes.iter().take(5).enumerate() {
        length |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            let text = take(bytes, index + 1, length).filter(|text| text.len() <= MAX_TEXT_BYTES)?;
            return Some((text, bytes.get(index + 1 + length..)?));
        }
    }
    None
}

/// A pointer to a string's header: pointer and length.
fn pointed<'b>(object: &Object<'b>, order: Order, width: usize, info: &[u8], at: usize) -> Option<&'b [u8]> {
    let word = |bytes: &[u8], at| match width {
        4 => order.u32(bytes, at).map(u64::from),
        8 => order.u64(bytes, at),
        _ => None,
    };
    let header = object.at_address(word(info, at)?)?;
    let length = usize::try_from(word(header, width)?).ok().filter(|length| *length <= MAX_TEXT_BYTES)?;
    take(object.at_address(word(header, 0)?)?, 0, length)
}

/// The list stands between two marks of 16 bytes, the second after a line end.
fn without_marks(modules: &[u8]) -> &[u8] {
    let inner = modules.len().checked_sub(16).and_then(|end| modules.get(16..end));
    inner.filter(|inner| inner.ends_with(b"\n")).unwrap_or_default()
}

/// Lines `mod` and `dep` with path, version and sum; `=>` replaces the one before it.
fn add(modules: &str, at: usize, found: &mut Found, problems: &mut Problems<'_>) {
    let mut list: Vec<(bool, &str, &str)> = Vec::new();
    let (mut revision, mut time) = ("", "");
    for line in modules.lines() {
        let mut words = line.split('\t');
        match (words.next(), words.next(), words.next()) {
            (Some("mod"), Some(path), version) => list.push((true, path, version.unwrap_or_default())),
            (Some("dep"), Some(path), Some(version)) => list.push((false, path, version)),
            (Some("=>"), Some(path), version) => match list.last_mut() {
                Some((_, replaced, replaced_by)) => {
                    (*replaced, *replaced_by) = (path, version.unwrap_or_default())
                }
                None => problems.byte(at, "a replacement of no module"),
            },
            (Some("build"), Some(setting), _) => match setting.split_once('=') {
                Some(("vcs.revision", value)) => revision = value,
                Some(("vcs.time", value)) => time = value,
                _ => {}
            },
            (Some("dep"), path, None) => {
                problems.byte(at, format!("a module without version: `{}`", shown(path.unwrap_or_default())));
            }
            _ => {}
        }
    }
    for (is_main, path, version) in list {
        let version = match version {
            "(devel)" | "" if is_main => pseudo_version(revision, time),
            version => version.strip_prefix('v').unwrap_or(version).to_owned(),
        };
        // A replacement by a folder of the project's own names no release.
        if !path.starts_with('.') && !path.starts_with('/') {
            found.packages.push(Package::new(PackageType::Golang, path, version));
        }
    }
}

/// What Go would call a commit: `0.0.0-20240102030405-0123456789ab`. Empty if it isn't known.
///
/// Source: <https://go.dev/ref/mod#pseudo-versions>.
fn pseudo_version(revision: &str, time: &str) -> String {
    let digits: String = time.chars().filter(char::is_ascii_digit).take(14).collect();
    let revision: String = revision.chars().take(12).collect();
    match digits.len() == 14 && revision.len() == 12 {
        true => format!("0.0.0-{digits}-{revision}"),
        false => String::new(),
    }
}
