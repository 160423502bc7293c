//! Files that hold a secret: read and made so that nobody else has a hand in it.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use ringwall_model::Secret;
use rustix::fs::OFlags;
use zeroize::Zeroizing;

use crate::RootKeyError;

/// The most that is read of a file of secrets. The largest of them is a passphrase.
const MAX_FILE_BYTES: usize = 4096;

/// Reads the file if it lies outside the data folder and is its owner's alone.
pub(crate) fn read(path: &Path, data: &Path) -> Result<Secret, RootKeyError> {
    outside(path, data)?;
    // Not blocking, so that a pipe is refused and not waited for.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits().cast_signed())
        .open(path)
        .map_err(|error| open_error(path, error))?;
    check_owner(path, &file)?;
    // With room for all of it: growing would leave a part of the secret behind in freed memory.
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_FILE_BYTES + 1));
    file.take(MAX_FILE_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(io_error(path, "reading it"))?;
    if bytes.len() > MAX_FILE_BYTES {
        return Err(RootKeyError::Contents { path: path.to_owned(), why: "it is too long to hold a secret" });
    }
    Ok(Secret::new(std::mem::take(&mut *bytes)))
}

/// Makes the file, for its owner alone, outside the data folder. It is on disk when this returns.
pub(crate) fn create(path: &Path, data: &Path, contents: &[u8]) -> Result<(), RootKeyError> {
    let folder = outside(path, data)?;
    let flags = OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .custom_flags(flags.bits().cast_signed())
        .open(path)
        .map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => RootKeyError::Exists(path.to_owned()),
            _ => open_error(path, error),
        })?;
    write(file, &folder, contents).map_err(|error| {
        // It is ours and of no use; what went wrong before is what the caller has to know.
        _ = std::fs::remove_file(path);
        io_error(path, "writing it")(error)
    })
}

fn write(mut file: File, folder: &Path, contents: &[u8]) -> io::Result<()> {
    file.write_all(contents)?;
    file.sync_all()?;
    // The file's name is in the folder, which has to be on disk too.
    File::open(folder)?.sync_all()
}

/// The folder of the file, if that isn't the data folder or within it.
fn outside(path: &Path, data: &Path) -> Result<PathBuf, RootKeyError> {
    let absolute = std::path::absolute(path).map_err(io_error(path, "making the path absolute"))?;
    let folder = absolute.parent().ok_or_else(|| RootKeyError::NotAFile(path.to_owned()))?;
    let folder = folder.canonicalize().map_err(io_error(folder, "looking for the folder"))?;
    let canonical = match data.canonicalize() {
        Ok(canonical) => canonical,
        // Nothing lies in a folder that isn't there.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(folder),
        Err(error) => return Err(io_error(data, "looking for the data folder")(error)),
    };
    if folder.starts_with(canonical) {
        return Err(RootKeyError::InDataFolder { path: path.to_owned(), data: data.to_owned() });
    }
    Ok(folder)
}

/// Asks the open file and not its name, which may lead elsewhere by now.
fn check_owner(path: &Path, file: &File) -> Result<(), RootKeyError> {
    let metadata = file.metadata().map_err(io_error(path, "reading its permissions"))?;
    let path = path.to_owned();
    if !metadata.is_file() {
        return Err(RootKeyError::NotAFile(path));
    }
    let owner = metadata.uid();
    if owner != 0 && owner != rustix::process::geteuid().as_raw() {
        return Err(RootKeyError::Owner { path, owner });
    }
    let mode = metadata.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(RootKeyError::Exposed { path, mode });
    }
    Ok(())
}

fn open_error(path: &Path, error: io::Error) -> RootKeyError {
    if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) {
        return RootKeyError::Link(path.to_owned());
    }
    io_error(path, "opening it")(error)
}

fn io_error(path: &Path, doing: &'static str) -> impl FnOnce(io::Error) -> RootKeyError {
    let path = path.to_owned();
    move |source| RootKeyError::Io { path, doing, source }
}
