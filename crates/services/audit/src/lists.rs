//! Lists of addresses, read from files.

use std::path::PathBuf;

use ringwall_detect::intel::{Format, Intel, List, Role};

use crate::Error;

/// Longest list that is read: the largest public ones have some ten MiB.
const MAX_LIST: u64 = 256 << 20;

/// What of a list could not be taken, in words.
pub type Remark = String;

/// Reads lists: `malicious=FILE`, `tor=FILE`, `trusted=FILE`, `custom=FILE`, or `FILE` for a list of one's own.
///
/// # Errors
///
/// [`Error::Read`]: one of the files can't be read.
pub fn read(named: &[String]) -> Result<(Intel, Vec<Remark>), Error> {
    let mut intel = Intel::default();
    let mut remarks = Vec::new();
    for named in named {
        let (role, path) = role(named);
        let failed = |source| Error::Read { path: path.display().to_string(), source };
        let bytes = ringwall_files::read(&path, MAX_LIST).map_err(failed)?;
        let text = String::from_utf8_lossy(&bytes);
        let (list, left_out) = List::read(&text, Format::of(&text));
        remarks.extend(left_out.iter().map(|why| format!("`{}`: {why}", path.display())));
        let name = path.file_name().map_or_else(|| named.clone(), |name| name.to_string_lossy().into_owned());
        intel.add(&name, role, list);
    }
    Ok((intel, remarks))
}

/// What a list means, and its file. A file whose name begins with a kind is named with a folder.
pub(crate) fn role(named: &str) -> (Role, PathBuf) {
    let (role, path) = match named.split_once('=') {
        Some(("malicious", path)) => (Role::Malicious, path),
        Some(("tor", path)) => (Role::Tor, path),
        Some(("trusted", path)) => (Role::Trusted, path),
        Some(("custom", path)) => (Role::Custom, path),
        _ => (Role::Custom, named),
    };
    (role, PathBuf::from(path))
}
