//! A folder as an image of one layer.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::atomic::Ordering;

use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, openat, readlinkat, statat};

use crate::budget::{Budget, Progress};
use crate::error::ImageError;
use crate::layer::{Asked, EntryKind, Record, Recorder};
use crate::limits::MAX_DEPTH;
use crate::path;

/// Opens what has no symbolic link as its last part: who changes the folder meanwhile leads nowhere else.
const NO_LINKS: OFlags =
    OFlags::NOFOLLOW.union(OFlags::CLOEXEC).union(OFlags::RDONLY).union(OFlags::NONBLOCK);

/// Folders of the kernel, at the root of a machine: no packages are there, and no end.
const KERNEL: [&str; 3] = ["proc", "sys", "dev"];

/// Reads a folder. Links are recorded and not followed.
pub(crate) fn read(
    folder: &Path,
    budget: &Budget,
    asked: Asked,
    progress: &Progress,
) -> Result<Record, ImageError> {
    let root = File::open(folder).map_err(ImageError::read(folder))?;
    let mut recorder = Recorder::new(budget, asked);
    let skips: &[&str] = if is_root(&root) { &KERNEL } else { &[] };
    let mut walk = Walk { recorder: &mut recorder, progress, skips };
    let names = list(root.as_fd()).map_err(ImageError::read(folder))?;
    walk.folder(root.as_fd(), "", 0, names)?;
    Ok(recorder.finish())
}

/// Whether it is the root of this machine.
fn is_root(folder: &File) -> bool {
    let of = |file: &File| rustix::fs::fstat(file).map(|stat| (stat.st_dev, stat.st_ino)).ok();
    File::open("/").is_ok_and(|root| of(&root) == of(folder))
}

struct Walk<'w, 'b> {
    recorder: &'w mut Recorder<'b>,
    progress: &'w Progress,
    skips: &'w [&'static str],
}

impl Walk<'_, '_> {
    /// Reads what a folder has, in the order of names.
    fn folder(
        &mut self,
        folder: rustix::fd::BorrowedFd<'_>,
        place: &str,
        depth: usize,
        mut names: Vec<Vec<u8>>,
    ) -> Result<(), ImageError> {
        names.sort_unstable();
        for name in names {
            let path = path::join(place, &path::readable(&name));
            if self.skips.contains(&path.as_str()) {
                continue;
            }
            if let Err(error) = self.one(folder, &name, path.clone(), depth)? {
                self.recorder.problem(&path, format!("it can't be read: {error}"));
            }
        }
        Ok(())
    }

    fn one(
        &mut self,
        folder: rustix::fd::BorrowedFd<'_>,
        name: &[u8],
        path: String,
        depth: usize,
    ) -> Result<io::Result<()>, ImageError> {
        let stat = match statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => stat,
            Err(error) => return Ok(Err(error.into())),
        };
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory => {
                self.recorder.entry(path.clone(), EntryKind::Folder)?;
                if depth >= MAX_DEPTH {
                    return Ok(Err(io::Error::other("it is too deep")));
                }
                let opened = openat(folder, name, NO_LINKS | OFlags::DIRECTORY, Mode::empty());
                let opened = opened.map_err(io::Error::from);
                match opened.and_then(|opened| Ok((list(opened.as_fd())?, opened))) {
                    Ok((names, opened)) => self.folder(opened.as_fd(), &path, depth + 1, names).map(Ok),
                    Err(error) => Ok(Err(error)),
                }
            }
            FileType::Symlink => {
                let kind = match readlinkat(folder, name, Vec::new()) {
                    Ok(target) => EntryKind::Link(path::readable(target.as_bytes()).into()),
                    Err(error) => return Ok(Err(error.into())),
                };
                self.recorder.entry(path, kind)?;
                Ok(Ok(()))
            }
            FileType::RegularFile => {
                let entry = self.recorder.entry(path, EntryKind::File)?;
                let size = u64::try_from(stat.st_size).unwrap_or_default();
                // Opened by the recorder's first read, since most files are not wanted.
                let mut input = Lazy { folder, name, opened: None, read: 0 };
                let read = self.recorder.file(entry, size, stat.st_mode, &mut input);
                self.progress.done.fetch_add(input.read, Ordering::Relaxed);
                Ok(read)
            }
            _ => {
                self.recorder.entry(path, EntryKind::Other)?;
                Ok(Ok(()))
            }
        }
    }
}

/// A file that is opened when it is read.
struct Lazy<'f> {
    folder: rustix::fd::BorrowedFd<'f>,
    name: &'f [u8],
    opened: Option<File>,
    read: u64,
}

impl io::Read for Lazy<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let file = match &mut self.opened {
            Some(file) => file,
            None => {
                let file: OwnedFd = openat(self.folder, self.name, NO_LINKS, Mode::empty())?;
                let file = File::from(file);
                // A pipe that took its place would never end.
                if !file.metadata()?.is_file() {
                    return Err(io::Error::other("it is no file any more"));
                }
                self.opened.insert(file)
            }
        };
        let read = file.read(buffer)?;
        self.read = self.read.saturating_add(read as u64);
        Ok(read)
    }
}

fn list(folder: rustix::fd::BorrowedFd<'_>) -> io::Result<Vec<Vec<u8>>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if !matches!(name, b"." | b"..") {
            names.push(name.to_vec());
        }
    }
    Ok(names)
}
