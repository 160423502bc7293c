use std::collections::HashMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ringwall_files::Lines;
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
    open: HashMap<PathBuf, Lines>,
    /// Held as long as this process writes here.
    _lock: File,
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
        let mut file = match self.open.remove(name) {
            Some(open) => open,
            None => {
                if self.open.len() >= MAX_OPEN {
                    self.open.clear();
                }
                self.make_folders(name)?;
                open(&path, torn)?
            }
        };
        file.append(lines).map_err(failed)?;
        self.open.insert(name.to_owned(), file);
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

/// Opens a file of records, and mends its end.
fn open(path: &Path, torn: &mut dyn FnMut(Torn)) -> Result<Lines, TrailError> {
    let (lines, found) = Lines::open(path, MAX_RECORD_BYTES as u64).map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData => TrailError::Foreign(path.to_owned()),
        _ => TrailError::Write { path: path.to_owned(), source: Arc::new(error) },
    })?;
    if let Some(ringwall_files::Torn { aside, bytes }) = found {
        torn(Torn { path: path.to_owned(), aside, bytes });
    }
    Ok(lines)
}

/// Opens a file that is its owner's alone and no link to elsewhere.
fn private(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    options.mode(0o600).custom_flags(OFlags::NOFOLLOW.bits().cast_signed()).open(path)
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
