//! Files that are replaced whole or not at all, read up to a limit, or grown by lines that are on the disk.

mod lines;

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

pub use lines::{Lines, Torn, sync_folder, tail_of};

/// The mode of a file that is its owner's alone.
pub const PRIVATE: u32 = 0o600;

/// Replaces a file, or makes it, with this mode. Who reads it sees the old one or the new one, after a power cut too, and the
/// new one is on the disk when this returns. Its folder has to be there.
///
/// # Errors
///
/// It can't be written; the old one then stays as it is.
pub fn replace(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    put(path, bytes, mode, |beside| fs::rename(beside, path))
}

/// Makes a file as [`replace`] does, but never in another's place.
///
/// # Errors
///
/// It can't be written; or there is one, which is [`io::ErrorKind::AlreadyExists`].
pub fn create(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    put(path, bytes, mode, |beside| {
        // Unlike renaming, linking never replaces.
        fs::hard_link(beside, path)?;
        fs::remove_file(beside)
    })
}

/// Writes beside a path, and has that moved there.
fn put(path: &Path, bytes: &[u8], mode: u32, place: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // Of this process alone, so that two that write at once leave one of both files, and nothing mixed.
    let beside = folder.join(format!(".{name}.{}.new", std::process::id()));
    let written = (|| {
        // Left behind by one of the same number that was killed.
        match fs::remove_file(&beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&beside)?;
        // Whatever the process's mask takes away.
        file.set_permissions(Permissions::from_mode(mode))?;
        file.write_all(bytes)?;
        file.sync_all()?;
        place(&beside)?;
        File::open(folder)?.sync_all()
    })();
    if written.is_err() {
        // It is there no longer if it was renamed.
        let _ = fs::remove_file(&beside);
    }
    written
}

/// Reads a file, unless it is longer than so many bytes.
///
/// # Errors
///
/// It can't be read; or it is longer, which is [`io::ErrorKind::FileTooLarge`].
pub fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    read_from(File::open(path)?, limit)
}

/// Reads a file that may not be there; `None` if it isn't.
///
/// # Errors
///
/// As of [`read`].
pub fn read_if_there(path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
    match read(path, limit) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        read => read.map(Some),
    }
}

/// Reads to the end, unless that is further than so many bytes.
///
/// # Errors
///
/// As of [`read`].
pub fn read_from(input: impl Read, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    input.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it is larger than {limit} bytes")));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_up_to_its_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        assert_eq!(read_if_there(&path, 3).unwrap(), None);
        assert_eq!(read(&path, 3).unwrap_err().kind(), io::ErrorKind::NotFound);
        fs::write(&path, "abc").unwrap();
        assert_eq!(read(&path, 3).unwrap(), b"abc");
        assert_eq!(read_if_there(&path, 3).unwrap().unwrap(), b"abc");
        let longer = read(&path, 2).unwrap_err();
        assert_eq!(
            (longer.kind(), longer.to_string().as_str()),
            (io::ErrorKind::FileTooLarge, "it is larger than 2 bytes")
        );
        assert!(read_if_there(folder.path(), 3).is_err(), "a folder");
    }

    #[test]
    fn a_file_is_replaced_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        for (bytes, mode) in [(&b"first"[..], PRIVATE), (b"second, longer", 0o644), (b"3", PRIVATE)] {
            replace(&path, bytes, mode).unwrap();
            assert_eq!(fs::read(&path).unwrap(), bytes);
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, mode);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn a_file_is_made_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        create(&path, b"first", PRIVATE).unwrap();
        assert_eq!(create(&path, b"second", PRIVATE).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"first");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn what_can_not_be_written_leaves_the_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        fs::create_dir(&path).unwrap();
        replace(&path, b"x", PRIVATE).unwrap_err();
        assert!(path.is_dir());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
        assert!(replace(&folder.path().join("nowhere/state"), b"x", PRIVATE).is_err());
    }
}
