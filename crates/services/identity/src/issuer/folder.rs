//! Files that are there whole or not at all.

use std::path::{Path, PathBuf};
use std::{fs, io};

use super::document::{DISCOVERY_PATH, Documents, KEYS_PATH};
use super::error::IssuerError;

/// Largest file that is read: a hundred keys and their times have a tenth of it.
const MAX_FILE: u64 = 1024 * 1024;

/// Anybody may read what is published, whatever the umask says.
const MODE: u32 = 0o644;

/// What a file holds; `None` if it isn't there.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, IssuerError> {
    ringwall_files::read_if_there(path, MAX_FILE).map_err(|error| IssuerError::file(path, "read", error))
}

/// Writes a file so that whoever reads it gets the old or the new one, after a power cut too. Its folder is made.
pub(super) fn write(path: &Path, text: &[u8]) -> Result<(), IssuerError> {
    replace(path, text).map_err(|error| IssuerError::file(path, "written", error))
}

fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    ringwall_files::replace(path, text, MODE)
}

/// Where a folder has the key set.
pub(super) fn keys_of(folder: &Path) -> PathBuf {
    folder.join(KEYS_PATH)
}

/// Writes the documents: the keys first, so that discovery never names a key set that lacks one.
pub(super) fn publish(folder: &Path, documents: &Documents) -> Result<(), IssuerError> {
    write(&keys_of(folder), &documents.keys)?;
    write(&folder.join(DISCOVERY_PATH), &documents.discovery)
}
