use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use crate::PRIVATE;

/// A file of lines that grows at its end, its owner's alone. What has been appended is on the disk.
#[derive(Debug)]
pub struct Lines {
    file: File,
    /// Where the last line ends that is known to be on the disk.
    length: u64,
}

/// What opening a file found at its end: the begin of a line whose writer was killed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Torn {
    /// Where what was cut off is now.
    pub aside: PathBuf,
    /// How many bytes that is.
    pub bytes: u64,
}

impl Lines {
    /// Opens a file, or makes it. A last line without its end is moved aside, to the file with the extension `torn`.
    ///
    /// # Errors
    ///
    /// It can't be opened or mended; or what follows its last line is longer than `max_line`, so that it is another kind of
    /// file, which is [`io::ErrorKind::InvalidData`].
    pub fn open(path: &Path, max_line: u64) -> io::Result<(Self, Option<Torn>)> {
        let mut file = private(OpenOptions::new().read(true).append(true).create(true), path)?;
        sync_folder(path)?;
        let whole = file.metadata()?.len();
        let foreign = || io::Error::new(io::ErrorKind::InvalidData, "it is no file of such lines");
        let length = last_line_end(&mut file, whole, max_line)?.ok_or_else(foreign)?;
        let mut torn = None;
        if length < whole {
            let aside = path.with_extension("torn");
            move_aside(&mut file, length, &aside, max_line)?;
            torn = Some(Torn { aside, bytes: whole - length });
        }
        Ok((Self { file, length }, torn))
    }

    /// Appends whole lines, and returns when they are on the disk.
    ///
    /// # Errors
    ///
    /// They can't be written. The file then ends where it ended before, or that will be seen to when it is opened next: which it
    /// has to be before it is appended to again.
    pub fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        if let Err(error) = self.file.write_all(lines).and_then(|()| self.file.sync_all()) {
            // What an fsync failed to write, the kernel may take for written: so the file goes back to what is known
            // to be on disk, and the lines are written anew from memory. If even that fails, opening repairs it.
            let _ = self.file.set_len(self.length).and_then(|()| self.file.sync_all());
            return Err(error);
        }
        self.length += lines.len() as u64;
        Ok(())
    }

    /// How many bytes it has.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The last whole lines that fit in so many bytes.
    ///
    /// # Errors
    ///
    /// They can't be read.
    pub fn tail(&mut self, most: u64) -> io::Result<Vec<u8>> {
        tail(&mut self.file, self.length, most)
    }
}

/// The last whole lines of a file that fit in so many bytes.
///
/// # Errors
///
/// They can't be read.
pub fn tail_of(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut file = private(OpenOptions::new().read(true), path)?;
    let length = file.metadata()?.len();
    tail(&mut file, length, most)
}

fn tail(file: &mut File, length: u64, most: u64) -> io::Result<Vec<u8>> {
    let window = length.min(most);
    let mut bytes = read_from(file, length - window, window)?;
    if window < length {
        // It begins within a line.
        let first = bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |end| end + 1);
        bytes.drain(..first);
    }
    let end = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    bytes.truncate(end);
    Ok(bytes)
}

/// Where the last whole line ends. `None` if what follows it is longer than a line can be.
fn last_line_end(file: &mut File, whole: u64, max_line: u64) -> io::Result<Option<u64>> {
    let window = whole.min(max_line);
    let start = whole - window;
    let tail = read_from(file, start, window)?;
    Ok(match tail.iter().rposition(|byte| *byte == b'\n') {
        Some(position) => Some(start + position as u64 + 1),
        None if start == 0 => Some(0),
        None => None,
    })
}

/// Moves what is beyond `length` to the end of another file, and only then cuts it off.
fn move_aside(file: &mut File, length: u64, aside: &Path, max_line: u64) -> io::Result<()> {
    let tail = read_from(file, length, max_line)?;
    let mut other = private(OpenOptions::new().append(true).create(true), aside)?;
    other.write_all(&tail)?;
    other.write_all(b"\n")?;
    other.sync_all()?;
    sync_folder(aside)?;
    file.set_len(length)?;
    file.sync_all()
}

fn read_from(file: &mut File, start: u64, most: u64) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Opens a file that is its owner's alone and no link to elsewhere.
fn private(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    options.mode(PRIVATE).custom_flags(OFlags::NOFOLLOW.bits().cast_signed()).open(path)
}

/// Has the folder that a file is in on the disk: its name, that is.
///
/// # Errors
///
/// It can't be.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const MAX_LINE: u64 = 16;

    #[test]
    fn a_torn_line_is_moved_aside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl");
        let (mut lines, torn) = Lines::open(&path, MAX_LINE).unwrap();
        assert_eq!(torn, None);
        lines.append(b"one\ntwo\n").unwrap();
        assert_eq!(lines.length(), 8);
        fs::write(&path, "one\ntwo\nthr").unwrap();
        let aside = folder.path().join("a.torn");
        let (mut lines, torn) = Lines::open(&path, MAX_LINE).unwrap();
        assert_eq!(torn, Some(Torn { aside: aside.clone(), bytes: 3 }));
        lines.append(b"three\n").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"one\ntwo\nthree\n");
        assert_eq!(fs::read(aside).unwrap(), b"thr\n");
        assert_eq!(lines.tail(100).unwrap(), b"one\ntwo\nthree\n");
        assert_eq!(lines.tail(11).unwrap(), b"two\nthree\n");
        assert_eq!(lines.tail(8).unwrap(), b"three\n");
        assert_eq!(lines.tail(3).unwrap(), b"");
        fs::write(&path, "one\ntw").unwrap();
        assert_eq!(tail_of(&path, 100).unwrap(), b"one\n");
    }

    #[test]
    fn another_kind_of_file_is_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.bin");
        fs::write(&path, [0; MAX_LINE as usize + 1]).unwrap();
        assert_eq!(Lines::open(&path, MAX_LINE).unwrap_err().kind(), io::ErrorKind::InvalidData);
        assert_eq!(fs::metadata(&path).unwrap().len(), MAX_LINE + 1);
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(Lines::open(&link, MAX_LINE).is_err(), "links are not followed");
    }
}
