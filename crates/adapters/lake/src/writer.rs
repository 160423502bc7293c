//! Rows into files.

use std::collections::BTreeMap;

use futures_util::TryStreamExt as _;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStoreExt as _};

use crate::error::LakeError;
use crate::file::file;
use crate::layout::{self, Partition};
use crate::limits;
use crate::location::Location;
use crate::row::{Class, Row};

/// How much is kept in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Bytes of rows from which on [`Lake::is_due`].
    pub flush_bytes: usize,
    /// Most bytes of rows.
    pub max_bytes: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { flush_bytes: limits::FLUSH_BYTES, max_bytes: limits::MAX_BUFFERED_BYTES }
    }
}

/// What a flush wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Files.
    pub files: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Rows in them.
    pub rows: u64,
}

/// Rows of a partition that are not in a file yet.
#[derive(Debug, Default)]
struct Pending {
    first: u64,
    last: u64,
    rows: Vec<Row>,
}

/// A file that is made and not yet known to be durable.
#[derive(Debug)]
struct Sealed {
    path: Path,
    bytes: bytes::Bytes,
    rows: u64,
}

/// Takes rows, and writes them when told to.
#[derive(Debug)]
pub struct Lake {
    location: Location,
    settings: Settings,
    pending: BTreeMap<Partition, Pending>,
    bytes: usize,
    sealed: Vec<Sealed>,
}

impl Lake {
    /// One at this place. Nothing is read or written yet.
    pub fn open(location: Location, settings: Settings) -> Self {
        Self { location, settings, pending: BTreeMap::new(), bytes: 0, sealed: Vec::new() }
    }

    /// Where it is.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// Takes a row. Its position is that of the event which it is of, or which gave rise to it, in its partition's stream; positions
    /// go up, and one event may have several rows.
    ///
    /// # Errors
    ///
    /// [`LakeError::Full`], and the row is not taken: flush first.
    pub fn append(&mut self, partition: &Partition, position: u64, row: Row) -> Result<(), LakeError> {
        let bytes = row.bytes();
        let all = self.bytes.saturating_add(bytes);
        if all > self.settings.max_bytes {
            return Err(LakeError::Full { bytes: self.bytes, limit: self.settings.max_bytes });
        }
        self.bytes = all;
        match self.pending.get_mut(partition) {
            Some(pending) => {
                pending.last = pending.last.max(position);
                pending.rows.push(row);
            }
            None => {
                let pending = Pending { first: position, last: position, rows: vec![row] };
                self.pending.insert(partition.clone(), pending);
            }
        }
        Ok(())
    }

    /// Whether it is time to flush. Who commits positions flushes before, in any case.
    pub fn is_due(&self) -> bool {
        self.bytes >= self.settings.flush_bytes
    }

    /// Bytes of rows in memory, about.
    pub fn buffered(&self) -> usize {
        self.bytes
    }

    /// Writes what was taken. When it returns, all of it is durable: in a folder synced to the disk, in S3 put.
    ///
    /// A file holds one partition's rows of one class and one day. Its name has the first and the last position of what is flushed,
    /// so that the same positions, flushed again, replace it.
    ///
    /// # Errors
    ///
    /// A file could not be written. What is not written is kept, and the next flush tries it again under the same names.
    pub async fn flush(&mut self) -> Result<Written, LakeError> {
        let mut written = self.put().await?;
        let pending = std::mem::take(&mut self.pending);
        self.bytes = 0;
        let root = self.location.root().clone();
        // Compressing takes seconds of a core; whoever else is served by this thread doesn't wait for it.
        let sealed = tokio::task::spawn_blocking(move || seal(&root, pending)).await;
        self.sealed = sealed.map_err(|_| LakeError::Interrupted)??;
        let more = self.put().await?;
        written.files = written.files.saturating_add(more.files);
        written.bytes = written.bytes.saturating_add(more.bytes);
        written.rows = written.rows.saturating_add(more.rows);
        Ok(written)
    }

    async fn put(&mut self) -> Result<Written, LakeError> {
        let mut written = Written::default();
        while let Some(file) = self.sealed.last() {
            let payload = file.bytes.clone().into();
            self.location
                .store()
                .put(&file.path, payload)
                .await
                .map_err(|error| LakeError::file(&file.path, &error))?;
            written.files = written.files.saturating_add(1);
            written.bytes = written.bytes.saturating_add(file.bytes.len() as u64);
            written.rows = written.rows.saturating_add(file.rows);
            self.sealed.pop();
        }
        Ok(written)
    }

    /// Takes back what a partition's earlier run wrote after the last position that was committed: its events come again, and may be
    /// flushed in other pieces. Returns how many files that were. To be called before the partition's first rows, by the only writer
    /// of it.
    ///
    /// What was compacted since stays: its rows are told by their ids when files are compacted again.
    ///
    /// # Errors
    ///
    /// Files can't be listed or deleted.
    pub async fn rewind(&mut self, partition: &Partition, committed: u64) -> Result<u64, LakeError> {
        let mut taken_back = 0_u64;
        for class in Class::ALL {
            let source = self.location.source(class);
            for file in list(&self.location, &source).await? {
                let name = layout::split(&file.location).map_or("", |(_, name)| name);
                if partition.first_of(name).is_some_and(|first| first > committed) {
                    let deleted = self.location.store().delete(&file.location).await;
                    deleted.map_err(|error| LakeError::file(&file.location, &error))?;
                    taken_back = taken_back.saturating_add(1);
                }
            }
        }
        Ok(taken_back)
    }
}

/// All files below a folder.
pub(crate) async fn list(location: &Location, folder: &Path) -> Result<Vec<ObjectMeta>, LakeError> {
    let mut files = location.store().list(Some(folder));
    let mut all = Vec::new();
    while let Some(file) = files.try_next().await.map_err(|error| LakeError::file(folder, &error))? {
        if all.len() >= limits::MAX_FILES {
            return Err(LakeError::TooManyFiles { folder: folder.to_string() });
        }
        all.push(file);
    }
    // In the order of their names, whatever order a folder has.
    all.sort_unstable_by(|one, other| one.location.cmp(&other.location));
    Ok(all)
}

fn seal(root: &Path, pending: BTreeMap<Partition, Pending>) -> Result<Vec<Sealed>, LakeError> {
    let mut sealed = Vec::new();
    for (partition, pending) in pending {
        let name = partition.file(pending.first, pending.last);
        let mut files: BTreeMap<(Path, Class), Vec<Row>> = BTreeMap::new();
        for row in pending.rows {
            files.entry((layout::folder(root, &row), row.class)).or_default().push(row);
        }
        for ((folder, class), rows) in files {
            let count = rows.len() as u64;
            let bytes = file(class, rows)?.into();
            sealed.push(Sealed { path: folder.join(name.as_str()), bytes, rows: count });
        }
    }
    Ok(sealed)
}
