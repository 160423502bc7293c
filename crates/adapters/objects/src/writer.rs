//! Writing what is too large for memory.

use std::fs::{self, File, OpenOptions};
use std::io::{self, IoSlice, Write as _};
use std::ops::Range;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use object_store::{ObjectStoreExt as _, PutPayload};
use serde::{Deserialize, Serialize};

use crate::error::ObjectsError;
use crate::folder::{MODE, make_folder};
use crate::place::{Objects, blocking};

/// Bytes of an object of S3: what a writer holds in memory until it is stored. A request for 4 MiB is worth its round trip, and
/// sixteen uploads at a time fit in 64 MiB.
pub const PIECE_BYTES: u64 = 4 << 20;

/// Most slices of one call of the system. Source: Linux, `UIO_MAXIOV`, which is 1,024; fewer do as well.
const MAX_SLICES: usize = 64;

/// Bytes that were written, and where they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extent {
    /// Its name, which no other has.
    pub name: String,
    /// How many bytes it has. In a folder its file may hold more, of a write that was not synced.
    pub bytes: u64,
    /// How many bytes each of its objects has, but for the last one; none if it is one file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub piece: Option<u64>,
}

impl Extent {
    /// The objects that a range is in, by their numbers, and which bytes of each.
    pub(crate) fn pieces(&self, range: Range<u64>) -> impl Iterator<Item = (u64, Range<u64>)> + Send + use<> {
        let size = self.piece.unwrap_or(u64::MAX).max(1);
        let first = range.start / size;
        let last = range.end.saturating_sub(1) / size;
        (first..=last).map(move |piece| {
            let begins = piece.saturating_mul(size);
            let ends = begins.saturating_add(size).min(range.end);
            (piece, range.start.max(begins) - begins..ends - begins)
        })
    }
}

/// Writes one extent. What was written is there for others once [`Writer::sync`] tells of it.
#[derive(Debug)]
pub struct Writer {
    objects: Objects,
    name: String,
    /// Bytes that are synced.
    synced: u64,
    /// Bytes that are written.
    written: u64,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Nothing was written.
    New,
    /// A file of a folder.
    File(Arc<File>),
    /// What waits until it is enough for an object.
    Pieces { waiting: Vec<Bytes>, bytes: u64 },
    /// The last object of S3 is written, and its objects are never replaced.
    Ended,
}

impl Writer {
    pub(crate) fn new(objects: Objects, name: &str) -> Self {
        Self { objects, name: name.to_owned(), synced: 0, written: 0, state: State::New }
    }

    /// The extent's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether more may be written after a sync: to a file it may, to objects of S3 not.
    pub fn can_go_on(&self) -> bool {
        !matches!(self.state, State::Ended)
    }

    /// Appends pieces. After an error, or when this future was dropped, [`Writer::rewind`] has to come before the next write.
    ///
    /// # Errors
    ///
    /// Those of the storage.
    pub async fn write(&mut self, pieces: Vec<Bytes>) -> Result<(), ObjectsError> {
        let bytes: u64 = pieces.iter().map(|piece| piece.len() as u64).sum();
        if let State::New = self.state {
            self.state = match self.objects.file(&self.name)? {
                Some(path) => {
                    let name = self.name.clone();
                    let make = move || make(&path).map_err(ObjectsError::file(&name, "made"));
                    State::File(Arc::new(blocking(make).await?))
                }
                None => State::Pieces { waiting: Vec::new(), bytes: 0 },
            };
        }
        match &mut self.state {
            State::File(file) => {
                let (file, name) = (Arc::clone(file), self.name.clone());
                let write = move || write_all(&file, &pieces).map_err(ObjectsError::file(&name, "written"));
                blocking(write).await?;
                self.written += bytes;
            }
            State::Pieces { waiting, bytes: waits } => {
                waiting.extend(pieces);
                *waits += bytes;
                self.written += bytes;
                self.store_pieces(PIECE_BYTES).await?;
            }
            State::New | State::Ended => return Err(ObjectsError::Name(self.name.clone())),
        }
        Ok(())
    }

    /// Makes what was written durable, and tells the extent with all of it.
    ///
    /// # Errors
    ///
    /// Those of the storage.
    pub async fn sync(&mut self) -> Result<Extent, ObjectsError> {
        let is_file = match &mut self.state {
            State::File(file) => {
                let (file, name) = (Arc::clone(file), self.name.clone());
                let folder = match self.synced {
                    0 => self.objects.file(&self.name)?.and_then(|path| path.parent().map(PathBuf::from)),
                    _ => None,
                };
                let sync = move || {
                    let synced = file.sync_data().and_then(|()| match folder {
                        Some(folder) => File::open(folder)?.sync_all(),
                        None => Ok(()),
                    });
                    synced.map_err(ObjectsError::file(&name, "synced"))
                };
                blocking(sync).await?;
                true
            }
            State::Pieces { .. } => {
                self.store_pieces(1).await?;
                self.state = State::Ended;
                false
            }
            State::New => self.objects.local().is_some(),
            State::Ended => false,
        };
        self.synced = self.written;
        let piece = (!is_file).then_some(PIECE_BYTES);
        Ok(Extent { name: self.name.clone(), bytes: self.synced, piece })
    }

    /// Forgets what was written since the last sync.
    ///
    /// # Errors
    ///
    /// Those of the storage.
    pub async fn rewind(&mut self) -> Result<(), ObjectsError> {
        match &mut self.state {
            State::File(file) => {
                let (file, name, bytes) = (Arc::clone(file), self.name.clone(), self.synced);
                let cut = move || {
                    use std::io::{Seek as _, SeekFrom};
                    let cut = file.set_len(bytes).and_then(|()| (&*file).seek(SeekFrom::Start(bytes)));
                    cut.map_err(ObjectsError::file(&name, "cut"))
                };
                blocking(cut).await?;
            }
            State::Pieces { .. } => {
                let extent =
                    Extent { name: self.name.clone(), bytes: self.written, piece: Some(PIECE_BYTES) };
                self.objects.delete(&extent).await?;
                self.state = State::Ended;
            }
            State::New | State::Ended => {}
        }
        self.written = self.synced;
        Ok(())
    }

    /// Stores what waits in objects of [`PIECE_BYTES`], for as long as at least so many bytes wait.
    async fn store_pieces(&mut self, least: u64) -> Result<(), ObjectsError> {
        let State::Pieces { waiting, bytes } = &mut self.state else { return Ok(()) };
        while *bytes >= least {
            let piece = cut(waiting, PIECE_BYTES.min(*bytes));
            let number = (self.written - *bytes) / PIECE_BYTES;
            let path = self.objects.piece(&self.name, number)?;
            *bytes = bytes.saturating_sub(PIECE_BYTES);
            let stored = self.objects.store().put(&path, PutPayload::from_iter(piece)).await;
            stored.map_err(ObjectsError::storage(&path, "written"))?;
        }
        Ok(())
    }
}

/// Takes so many bytes off the front.
fn cut(waiting: &mut Vec<Bytes>, bytes: u64) -> Vec<Bytes> {
    let mut missing = usize::try_from(bytes).unwrap_or(usize::MAX);
    let mut taken = Vec::new();
    let mut rest = Vec::new();
    for mut piece in waiting.drain(..) {
        if missing == 0 {
            rest.push(piece);
            continue;
        }
        let front = piece.split_to(missing.min(piece.len()));
        missing -= front.len();
        taken.push(front);
        if !piece.is_empty() {
            rest.push(piece);
        }
    }
    *waiting = rest;
    taken
}

fn make(path: &FilePath) -> io::Result<File> {
    let open = || OpenOptions::new().read(true).write(true).create_new(true).mode(MODE).open(path);
    match open() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            make_folder(path.parent().unwrap_or(FilePath::new("/")))?;
            open()
        }
        opened => opened,
    }
}

fn write_all(mut file: &File, pieces: &[Bytes]) -> io::Result<()> {
    for pieces in pieces.chunks(MAX_SLICES) {
        let mut slices: Vec<IoSlice<'_>> = pieces.iter().map(|piece| IoSlice::new(piece)).collect();
        let mut slices = slices.as_mut_slice();
        IoSlice::advance_slices(&mut slices, 0);
        while !slices.is_empty() {
            match file.write_vectored(slices) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(bytes) => IoSlice::advance_slices(&mut slices, bytes),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

/// So that a caller which makes several at once sees at once what is wrong with the folder.
impl Objects {
    /// Makes the folder, if it is one, and sees that files can be written in it.
    ///
    /// # Errors
    ///
    /// They can't.
    pub async fn prepare(&self) -> Result<(), ObjectsError> {
        let Some(folder) = self.local().map(FilePath::to_owned) else { return Ok(()) };
        let name = folder.display().to_string();
        blocking(move || {
            let probe = folder.join(format!(".probe.{}", std::process::id()));
            make_folder(&folder)
                .and_then(|()| fs::write(&probe, b""))
                .and_then(|()| fs::remove_file(&probe))
                .map_err(ObjectsError::file(&name, "written to"))
        })
        .await
    }
}
