//! Files and folders that are there after a crash, for their owner alone.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::error::StoreError;

/// A new file that only its owner may read; fails if there is something of this name.
pub(crate) fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// Makes the file, and the folders that lead to it, unless they are there. Returns the full path.
pub(crate) fn ensure(path: &Path) -> Result<PathBuf, StoreError> {
    let folder = folder_of(path);
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(StoreError::file(folder, "made"))?;
    match create(path) {
        Ok(file) => {
            file.sync_all().map_err(StoreError::file(path, "written"))?;
            sync_folder_of(path)?;
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(StoreError::file(path, "made")(error)),
    }
    let full = fs::canonicalize(path).map_err(StoreError::file(path, "opened"))?;
    if full.is_dir() {
        return Err(StoreError::file(path, "opened")(ErrorKind::IsADirectory.into()));
    }
    Ok(full)
}

/// Puts the names in the file's folder on the disk: until then a crash can take a new name back.
pub(crate) fn sync_folder_of(path: &Path) -> Result<(), StoreError> {
    let folder = folder_of(path);
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(StoreError::file(folder, "written"))
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}
