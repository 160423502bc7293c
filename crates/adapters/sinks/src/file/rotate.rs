use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use ringwall_model::time;

/// Letters of a time between name and extension, as `2026-11-27T19-12-00.123Z`.
const STAMP: usize = 24;

/// Gives a file a name with the time in it, and removes the oldest of such names beyond so many. Names are as kube-apiserver's
/// rotated audit logs have them, so what follows those follows these.
pub(super) fn rotate(path: &Path, now: SystemTime, keep: usize) -> io::Result<()> {
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let mut at = i64::try_from(since).unwrap_or(i64::MAX);
    let mut to = named(path, at);
    // Never in another's place: a clock may stand still, or go back.
    while to.exists() {
        at = at.saturating_add(1);
        to = named(path, at);
    }
    fs::rename(path, &to)?;
    let all = rotated(path)?;
    for oldest in all.iter().take(all.len().saturating_sub(keep)) {
        fs::remove_file(oldest)?;
    }
    ringwall_files::sync_folder(path)
}

/// Those that a file was before, the oldest first.
pub(super) fn rotated(path: &Path) -> io::Result<Vec<PathBuf>> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let (stem, extension) = parts(path);
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let stamp = name.to_str().and_then(|name| name.strip_prefix(&stem)?.strip_suffix(&extension));
        let is_stamp = |text: &str| {
            text.len() == STAMP
                && text.ends_with('Z')
                && text.bytes().all(|byte| b"0123456789-.TZ".contains(&byte))
        };
        if stamp.is_some_and(is_stamp) {
            found.push(folder.join(name));
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// When a file was begun, as far as its file system tells.
pub(super) fn begun(path: &Path) -> io::Result<SystemTime> {
    let metadata = fs::metadata(path)?;
    metadata.created().or_else(|_| metadata.modified())
}

fn named(path: &Path, milliseconds: i64) -> PathBuf {
    let (stem, extension) = parts(path);
    path.with_file_name(format!("{stem}{}{extension}", time::text(milliseconds).replace(':', "-")))
}

/// What stands before and after the time.
fn parts(path: &Path) -> (String, String) {
    let text = |part: Option<&OsStr>| part.unwrap_or_default().to_string_lossy().into_owned();
    let extension = match path.extension() {
        Some(extension) => format!(".{}", extension.to_string_lossy()),
        None => String::new(),
    };
    (format!("{}-", text(path.file_stem())), extension)
}
