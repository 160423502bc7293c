//! Lists of addresses, read from files.

use std::path::{Path, PathBuf};

use ringwall_detect::intel::{AwsRanges, Format, Intel, List, Role};

use crate::Error;

/// Longest list that is read: the largest public ones have some ten MiB.
const MAX_LIST: u64 = 256 << 20;

/// Before the file of AWS's own addresses: <https://ip-ranges.amazonaws.com/ip-ranges.json>.
const AWS: &str = "aws=";

/// What of a list could not be taken, in words.
pub type Remark = String;

/// Reads lists: `malicious=FILE`, `tor=FILE`, `trusted=FILE`, `custom=FILE`, or `FILE` for a list of one's own; `aws=FILE` for AWS's
/// own addresses.
///
/// # Errors
///
/// [`Error::Read`]: one of the files can't be read.
pub fn read(named: &[String]) -> Result<(Intel, Vec<Remark>), Error> {
    let mut intel = Intel::default();
    let mut remarks = Vec::new();
    for named in named {
        if let Some(path) = named.strip_prefix(AWS) {
            let ranges = AwsRanges::read(&text(Path::new(path))?);
            intel.set_aws(ranges.map_err(|error| Error::Setting(format!("`{path}`: {error}")))?);
            continue;
        }
        let (role, path) = role(named);
        let text = text(&path)?;
        let (list, left_out) = List::read(&text, Format::of(&text));
        remarks.extend(left_out.iter().map(|why| format!("`{}`: {why}", path.display())));
        let name = path.file_name().map_or_else(|| named.clone(), |name| name.to_string_lossy().into_owned());
        intel.add(&name, role, list);
    }
    Ok((intel, remarks))
}

fn text(path: &Path) -> Result<String, Error> {
    let failed = |source| Error::Read { path: path.display().to_string(), source };
    let bytes = ringwall_files::read(path, MAX_LIST).map_err(failed)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The file of a list.
pub(crate) fn path(named: &str) -> PathBuf {
    named.strip_prefix(AWS).map_or_else(|| role(named).1, PathBuf::from)
}

/// What a list means, and its file. A file whose name begins with a kind is named with a folder.
fn role(named: &str) -> (Role, PathBuf) {
    let (role, path) = match named.split_once('=') {
        Some(("malicious", path)) => (Role::Malicious, path),
        Some(("tor", path)) => (Role::Tor, path),
        Some(("trusted", path)) => (Role::Trusted, path),
        Some(("custom", path)) => (Role::Custom, path),
        _ => (Role::Custom, named),
    };
    (role, PathBuf::from(path))
}
