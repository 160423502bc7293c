//! Reading what is too large for memory.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::ops::Range;
use std::pin::Pin;

use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt as _, TryStreamExt as _};
use object_store::ObjectStoreExt as _;

use crate::error::ObjectsError;
use crate::place::{Objects, blocking};
use crate::writer::Extent;

/// Bytes that are read of a file at a time: many enough that a call of the system and a change of threads don't count.
pub const READ_BYTES: usize = 512 << 10;

/// Most files that are open at once for one read. A blob of more extents is read by one after the other.
const MAX_OPEN: usize = 8;

/// Bytes as they are read.
type ByteStream = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;

/// What is read.
pub enum Content {
    /// It is in memory already.
    Memory(Bytes),
    /// Files that are open, one after the other.
    Files(Vec<FileRange>),
    /// It comes from elsewhere.
    Stream(ByteStream),
}

/// Part of a file, which stays what it is for as long as it is open.
#[derive(Debug)]
pub struct FileRange {
    /// The file, open for reading by nobody else.
    pub file: File,
    /// Which bytes of it.
    pub range: Range<u64>,
}

impl Content {
    /// The bytes in pieces of at most [`READ_BYTES`], or as large as they come from S3. A file that is shorter than it has to be
    /// ends the stream with an error.
    pub fn into_stream(self) -> ByteStream {
        match self {
            Self::Memory(bytes) => stream::iter([Ok(bytes)]).boxed(),
            Self::Files(files) => stream::iter(files).flat_map(of_file).boxed(),
            Self::Stream(stream) => stream,
        }
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory(bytes) => f.debug_tuple("Memory").field(&bytes.len()).finish(),
            Self::Files(files) => f.debug_tuple("Files").field(files).finish(),
            Self::Stream(_) => f.debug_tuple("Stream").finish_non_exhaustive(),
        }
    }
}

/// Reads ahead by one piece, so that the disk works while the network does.
fn of_file(of: FileRange) -> impl Stream<Item = io::Result<Bytes>> + Send {
    let FileRange { file, range } = of;
    let next = |state: Option<(File, Range<u64>, bool)>| async move {
        let (file, range, is_placed) = state?;
        if range.is_empty() {
            return None;
        }
        let read = tokio::task::spawn_blocking(move || {
            let piece = read(&file, &range, is_placed)?;
            let rest = range.start + piece.len() as u64..range.end;
            Ok((piece, file, rest))
        });
        match read.await.unwrap_or_else(|error| Err(io::Error::other(error))) {
            Ok((piece, file, rest)) => Some((Ok(piece), Some((file, rest, true)))),
            Err(error) => Some((Err(error), None)),
        }
    };
    stream::unfold(Some((file, range, false)), next)
}

fn read(mut file: &File, range: &Range<u64>, is_placed: bool) -> io::Result<Bytes> {
    if !is_placed {
        file.seek(SeekFrom::Start(range.start))?;
    }
    let wanted = usize::try_from(range.end - range.start).unwrap_or(usize::MAX).min(READ_BYTES);
    let mut piece = Vec::with_capacity(wanted);
    file.take(wanted as u64).read_to_end(&mut piece)?;
    if piece.len() < wanted {
        return Err(io::Error::new(
            io::ErrorKind::UnexpectedEof,
            "the file is shorter than what was written",
        ));
    }
    Ok(Bytes::from(piece))
}

impl Objects {
    /// Reads a range of what extents hold one after the other.
    ///
    /// # Errors
    ///
    /// [`ObjectsError::Range`], and those of the storage.
    pub async fn read(&self, extents: &[Extent], range: Range<u64>) -> Result<Content, ObjectsError> {
        let wanted = within(extents, &range)?;
        if self.local().is_none() {
            return Ok(Content::Stream(self.clone().pieces(wanted)));
        }
        if wanted.len() > MAX_OPEN {
            let objects = self.clone();
            let each = move |(extent, range): (Extent, Range<u64>)| {
                let objects = objects.clone();
                async move {
                    let file = objects.open_file(&extent, range).await.map_err(io::Error::other)?;
                    Ok::<_, io::Error>(of_file(file))
                }
            };
            let stream = stream::iter(wanted).then(each).try_flatten().boxed();
            return Ok(Content::Stream(stream));
        }
        let mut files = Vec::with_capacity(wanted.len());
        for (extent, range) in wanted {
            files.push(self.open_file(&extent, range).await?);
        }
        Ok(Content::Files(files))
    }

    async fn open_file(&self, extent: &Extent, range: Range<u64>) -> Result<FileRange, ObjectsError> {
        let path = self.file(&extent.name)?.ok_or(ObjectsError::Range)?;
        let (name, bytes) = (extent.name.clone(), extent.bytes);
        blocking(move || {
            let file = File::open(path).map_err(ObjectsError::file(&name, "opened"))?;
            let length = file.metadata().map_err(ObjectsError::file(&name, "opened"))?.len();
            if length < bytes {
                return Err(ObjectsError::Short(name));
            }
            Ok(FileRange { file, range })
        })
        .await
    }

    fn pieces(self, wanted: Vec<(Extent, Range<u64>)>) -> ByteStream {
        let pieces = wanted.into_iter().flat_map(|(extent, range)| {
            extent.pieces(range).map(move |(number, range)| (extent.name.clone(), number, range))
        });
        let get = move |(name, number, range): (String, u64, Range<u64>)| {
            let objects = self.clone();
            async move {
                let wanted = range.end - range.start;
                let path = objects.piece(&name, number).map_err(io::Error::other)?;
                let bytes = objects.store().get_range(&path, range).await.map_err(io::Error::other)?;
                if bytes.len() as u64 != wanted {
                    return Err(io::Error::new(
                        io::ErrorKind::UnexpectedEof,
                        "an object is shorter than what was written",
                    ));
                }
                Ok(bytes)
            }
        };
        stream::iter(pieces).map(get).buffered(2).boxed()
    }
}

/// Which extents a range is in, and which bytes of each.
fn within(extents: &[Extent], range: &Range<u64>) -> Result<Vec<(Extent, Range<u64>)>, ObjectsError> {
    let mut begins = 0_u64;
    let mut wanted = Vec::new();
    for extent in extents {
        let ends = begins.saturating_add(extent.bytes);
        let (from, to) = (range.start.max(begins), range.end.min(ends));
        if from < to {
            wanted.push((extent.clone(), from - begins..to - begins));
        }
        begins = ends;
    }
    if range.start > range.end || range.end > begins {
        return Err(ObjectsError::Range);
    }
    Ok(wanted)
}
