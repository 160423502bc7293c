use std::collections::HashMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::OFlags;

use crate::TrailError;
use crate::record::MAX_RECORD_BYTES;

/// Most files that are held open: one an account, region and day is in use at a time, so this is reached only by
/// installations with many accounts, for which opening again costs some fsyncs.
const MAX_OPEN: usize = 256;

/// The lock file's name in the trail's folder.
const LOCK: &str = "lock";

/// The trail's folder, and those of its files that are in use.
pub(crate) struct Files {
    root: PathBuf,
    open: HashMap<PathBuf, Open>,
    /// Held as long as this process writes here.
    _lock: File,
}

/// A file whose end is known to be the end of a record that is on disk.
struct Open {
    file: File,
    length: u64,
}

/// What opening a file found at its end.
pub(crate) struct Torn {
    /// The file.
    pub(crate) path: PathBuf,
    /// Where what was cut off is now.
    pub(crate) aside: PathBuf,
    /// How many bytes that is.
    pub(crate) bytes: u64,
}

impl Files {
    /// Makes the folder if need be, and keeps other processes out.
    pub(crate) fn open(root: &Path) -> Result<Self, TrailError> {
        let refuse = |error: io::Error| TrailError::Folder(root.to_owned(), Arc::new(error));
        DirBuilder::new().recursive(true).mode(0o700).create(root).map_err(refuse)?;
        let lock = private(OpenOptions::new().write(true).create(true), &root.join(LOCK)).map_err(refuse)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Err(TrailError::InUse(root.to_owned())),
            Err(fs::TryLockError::Error(error)) => return Err(refuse(error)),
        }
        sync_folder(root).map_err(refuse)?;
        Ok(Self { root: root.to_owned(), open: HashMap::new(), _lock: lock })
    }

    /// Appends whole lines to a file, named relative to the folder, and returns when they are on disk.
    ///
    /// After an error the file ends where it ended before, or that will be seen to when it is opened next.
    pub(crate) fn append(
        &mut self,
        name: &Path,
        lines: &[u8],
        torn: &mut dyn FnMut(Torn),
    ) -> Result<(), TrailError> {
        let path = self.root.join(name);
        let failed = |source: io::Error| TrailError::Write { path: path.clone(), source: Arc::new(source) };
        let mut open = match self.open.remove(name) {
            Some(open) => open,
            None => {
                if self.open.len() >= MAX_OPEN {
                    self.open.clear();
                }
                self.make_folders(name)?;
                Open::new(&path, torn)?
            }
        };
        let outcome = open.file.write_all(lines).and_then(|()| open.file.sync_all());
        if let Err(error) = outcome {
            // What an fsync failed to write, the kernel may take for written: so the file goes back to what is known
            // to be on disk, and the lines are written anew from memory. If even that fails, opening repairs it.
            let _ = open.file.set_len(open.length).and_then(|()| open.file.sync_all());
            return Err(failed(error));
        }
        open.length += lines.len() as u64;
        self.open.insert(name.to_owned(), open);
        Ok(())
    }

    /// Makes the folders of a file, with their entries on disk. Those that exist are synced too: whoever made them may
    /// not have come to it.
    fn make_folders(&self, name: &Path) -> Result<(), TrailError> {
        let mut folder = self.root.clone();
        for part in name.parent().into_iter().flat_map(Path::components) {
            let parent = folder.clone();
            folder.push(part);
            let made = match DirBuilder::new().mode(0o700).create(&folder) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
                other => other,
            };
            made.and_then(|()| sync_folder(&parent))
                .map_err(|source| TrailError::Write { path: folder.clone(), source: Arc::new(source) })?;
        }
        Ok(())
    }
}

impl Open {
    fn new(path: &Path, torn: &mut dyn FnMut(Torn)) -> Result<Self, TrailError> {
        let failed =
            |source: io::Error| TrailError::Write { path: path.to_owned(), source: Arc::new(source) };
        let mut file =
            private(OpenOptions::new().read(true).append(true).create(true), path).map_err(failed)?;
        if let Some(folder) = path.parent() {
            sync_folder(folder).map_err(failed)?;
        }
        let whole = file.metadata().map_err(failed)?.len();
        let length = last_line_end(&mut file, whole)
            .map_err(failed)?
            .ok_or_else(|| TrailError::Foreign(path.to_owned()))?;
        if length < whole {
            let aside = path.with_extension("torn");
            move_aside(&mut file, length, &aside).map_err(failed)?;
            torn(Torn { path: path.to_owned(), aside, bytes: whole - length });
        }
        Ok(Self { file, length })
    }
}

/// Where the last whole line ends. `None` if what follows it is longer than a record can be.
fn last_line_end(file: &mut File, whole: u64) -> io::Result<Option<u64>> {
    let window = whole.min(MAX_RECORD_BYTES as u64);
    let start = whole - window;
    let tail = read_from(file, start, window)?;
    Ok(match tail.iter().rposition(|byte| *byte == b'\n') {
        Some(position) => Some(start + position as u64 + 1),
        None if start == 0 => Some(0),
        None => None,
    })
}

/// Moves what is beyond `length` to the end of another file, and only then cuts it off.
fn move_aside(file: &mut File, length: u64, aside: &Path) -> io::Result<()> {
    let tail = read_from(file, length, MAX_RECORD_BYTES as u64)?;
    let mut other = private(OpenOptions::new().append(true).create(true), aside)?;
    other.write_all(&tail)?;
    other.write_all(b"\n")?;
    other.sync_all()?;
    if let Some(folder) = aside.parent() {
        sync_folder(folder)?;
    }
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
    options.mode(0o600).custom_flags(OFlags::NOFOLLOW.bits().cast_signed()).open(path)
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
