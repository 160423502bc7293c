//! Many files into few.
//!
//! A day's files become one (of up to [`MAX_FILE_BYTES`]) by these steps, each of which may be the last before a crash:
//!
//! 1. A list of the files that will be replaced is written. It means nothing yet.
//! 2. The new file is written. From now on the list counts, and readers see the new file in place of the old ones.
//! 3. When nobody reads the old files any more they are deleted, then the list.
//!
//! Names come of what is replaced, so that a run that is repeated writes the same files again. Readers that know nothing of the list,
//! as Athena, see rows twice between 2 and 3.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use arrow_array::cast::AsArray as _;
use arrow_array::{Array as _, BooleanArray, RecordBatch};
use arrow_schema::SchemaRef;
use arrow_select::filter::filter_record_batch;
use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use object_store::path::Path;
use object_store::{Error, ObjectMeta, ObjectStoreExt as _};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::error::LakeError;
use crate::file::{Writer, writer};
use crate::layout::{self, Day};
use crate::limits::{MAX_FILE_BYTES, MAX_FILE_ROWS, MAX_KEYS};
use crate::location::Location;
use crate::row::Class;
use crate::schema::schema;
use crate::visible::{self, Replaced};
use crate::writer::list;

/// What is compacted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompactSettings {
    /// Days before this one.
    pub before: Day,
    /// The time in Unix milliseconds.
    pub now: i64,
    /// How long replaced files are kept for those who read them already: longer than any query takes.
    pub grace: Duration,
    /// Largest file that is made, in bytes.
    pub max_bytes: u64,
}

impl CompactSettings {
    /// Days that are over at this time (Unix milliseconds), with an hour's grace.
    pub fn at(now: i64) -> Self {
        Self { before: Day::of(now), now, grace: Duration::from_secs(3600), max_bytes: MAX_FILE_BYTES }
    }
}

/// What compaction did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compacted {
    /// Files that were made.
    pub made: u64,
    /// Files that they replace.
    pub replaced: u64,
    /// Rows in the new files.
    pub rows: u64,
    /// Rows that were left out because they were there twice.
    pub repeated: u64,
    /// Replaced files that were deleted, of this run and earlier ones.
    pub deleted: u64,
    /// Files with columns of another version, which were left as they are.
    pub left: u64,
}

/// Makes few files of the many of each day that is over, and deletes what earlier runs replaced.
///
/// # Errors
///
/// A file can't be listed, read, written or deleted. What was done before stays done, and nothing is lost or there twice for
/// [`Visible`](crate::Visible).
pub async fn compact(location: &Location, settings: &CompactSettings) -> Result<Compacted, LakeError> {
    let mut done = Compacted::default();
    for class in Class::ALL {
        let mut days: BTreeMap<String, Vec<ObjectMeta>> = BTreeMap::new();
        for file in list(location, &location.source(class)).await? {
            let is_over = layout::day_of(&file.location).is_some_and(|day| day < settings.before);
            if let Some((folder, _)) = layout::split(&file.location).filter(|_| is_over) {
                days.entry(folder.to_owned()).or_default().push(file);
            }
        }
        for (folder, files) in days {
            let folder = Path::parse(&folder)
                .map_err(|error| LakeError::File { path: folder, why: error.to_string() })?;
            let mut run = Run { location, settings, class, folder, done: &mut done };
            run.day(files).await?;
        }
    }
    // What was made just now, if there is no grace.
    if settings.grace.is_zero() && done.made > 0 {
        let again = Box::pin(compact(location, settings)).await?;
        done.deleted = done.deleted.saturating_add(again.deleted);
    }
    Ok(done)
}

/// One day's files of one class.
struct Run<'r> {
    location: &'r Location,
    settings: &'r CompactSettings,
    class: Class,
    folder: Path,
    done: &'r mut Compacted,
}

impl Run<'_> {
    async fn day(&mut self, files: Vec<ObjectMeta>) -> Result<(), LakeError> {
        // What is replaced a second time would be there again once its list is gone.
        let Some(files) = self.clean(files).await? else { return Ok(()) };
        let is_small = |file: &&ObjectMeta| file.size < self.settings.max_bytes / 2;
        let is_data = |file: &&ObjectMeta| file.location.as_ref().ends_with(".parquet");
        let (small, large): (Vec<_>, Vec<_>) = files.iter().filter(is_data).partition(is_small);
        if small.len() < 2 {
            return Ok(());
        }
        let mut keys = Keys::default();
        for file in large {
            keys = self.learn(file, keys).await?;
        }
        let mut group: Vec<&ObjectMeta> = Vec::new();
        for file in small {
            let bytes = group.iter().fold(file.size, |sum, file| sum.saturating_add(file.size));
            if bytes > self.settings.max_bytes {
                keys = self.replace(&std::mem::take(&mut group), keys).await?;
            }
            group.push(file);
        }
        self.replace(&group, keys).await.map(drop)
    }

    /// Deletes what was replaced long enough ago, and gives what is left; `None` if something of it is replaced.
    async fn clean(&mut self, mut files: Vec<ObjectMeta>) -> Result<Option<Vec<ObjectMeta>>, LakeError> {
        let store = self.location.store();
        let grace = i64::try_from(self.settings.grace.as_millis()).unwrap_or(i64::MAX);
        // Without grace whatever the clocks say, of which the store may have another.
        let is_old = |file: &ObjectMeta| {
            grace == 0 || self.settings.now.saturating_sub(file.last_modified.timestamp_millis()) >= grace
        };
        let mut is_left = false;
        let mut gone: Vec<Path> = Vec::new();
        for list in &files {
            let name = layout::split(&list.location).map_or("", |(_, name)| name);
            let Some(compacted) = visible::of_list(name).map(|name| self.folder.clone().join(name)) else {
                continue;
            };
            match files.iter().find(|file| file.location == compacted) {
                Some(compacted) if is_old(compacted) => {
                    let replaced = visible::read(&**store, list).await;
                    let replaced = replaced.map_err(|error| LakeError::file(&list.location, &error))?;
                    let old = replaced.replaces.into_iter().map(|name| self.folder.clone().join(name));
                    let old: Vec<Path> =
                        old.filter(|old| files.iter().any(|file| file.location == *old)).collect();
                    gone.extend(old.iter().cloned());
                    self.done.deleted = self.done.deleted.saturating_add(delete(self.location, old).await?);
                    delete(self.location, vec![list.location.clone()]).await?;
                }
                Some(_) => is_left = true,
                // Of a run that ended before its file was there.
                None if is_old(list) => drop(delete(self.location, vec![list.location.clone()]).await?),
                None => {}
            }
        }
        files.retain(|file| !gone.contains(&file.location));
        Ok((!is_left).then_some(files))
    }

    async fn get(&self, file: &ObjectMeta) -> Result<Bytes, LakeError> {
        let wrong = |error| LakeError::file(&file.location, &error);
        self.location.store().get(&file.location).await.map_err(wrong)?.bytes().await.map_err(wrong)
    }

    async fn learn(&self, file: &ObjectMeta, mut keys: Keys) -> Result<Keys, LakeError> {
        let (bytes, class) = (self.get(file).await?, self.class);
        blocking(move || {
            let reader = ParquetRecordBatchReaderBuilder::try_new(bytes)?;
            if reader.schema().fields() == schema(class).fields() {
                let mask = ProjectionMask::columns(reader.parquet_schema(), class.key());
                for batch in reader.with_projection(mask).build()? {
                    keys.new_rows(&batch?, class);
                }
            }
            Ok(keys)
        })
        .await
    }

    async fn replace(&mut self, group: &[&ObjectMeta], keys: Keys) -> Result<Keys, LakeError> {
        if group.len() < 2 {
            return Ok(keys);
        }
        let mut merge = Merge { keys, ..Merge::new(self.class)? };
        let mut replaces = Vec::new();
        for file in group {
            if merge.rows >= MAX_FILE_ROWS {
                break;
            }
            let bytes = self.get(file).await?;
            let is_taken;
            (merge, is_taken) = blocking(move || merge.take(bytes)).await?;
            match layout::split(&file.location) {
                Some((_, name)) if is_taken => replaces.push(name.to_owned()),
                _ => self.done.left = self.done.left.saturating_add(1),
            }
        }
        if replaces.len() < 2 {
            return Ok(merge.keys);
        }
        let id = layout::digest(replaces.join("\n").as_bytes());
        let count = replaces.len() as u64;
        let json = serde_json::to_vec(&Replaced { replaces }).map_err(|error| LakeError::Io(error.into()))?;
        self.put(&visible::list_of(&id), json).await?;
        let (rows, repeated) = (merge.rows, merge.repeated);
        let (file, keys) = blocking(move || merge.finish()).await?;
        self.put(&visible::compacted(&id), file).await?;
        self.done.made = self.done.made.saturating_add(1);
        self.done.replaced = self.done.replaced.saturating_add(count);
        self.done.rows = self.done.rows.saturating_add(rows);
        self.done.repeated = self.done.repeated.saturating_add(repeated);
        Ok(keys)
    }

    async fn put(&self, name: &str, bytes: Vec<u8>) -> Result<(), LakeError> {
        let path = self.folder.clone().join(name);
        let put = self.location.store().put(&path, bytes.into()).await;
        put.map(drop).map_err(|error| LakeError::file(&path, &error))
    }
}

/// Deletes files, in this order as far as some are deleted at a time; how many that were. One that is gone already counts.
pub(crate) async fn delete(location: &Location, files: Vec<Path>) -> Result<u64, LakeError> {
    let count = files.len() as u64;
    let mut deleted = location.store().delete_stream(stream::iter(files.into_iter().map(Ok)).boxed());
    loop {
        match deleted.try_next().await {
            Ok(Some(_)) | Err(Error::NotFound { .. }) => {}
            Ok(None) => return Ok(count),
            Err(error) => return Err(LakeError::file(location.root(), &error)),
        }
    }
}

/// On a thread of its own: it takes seconds of a core.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, LakeError> + Send + 'static,
) -> Result<T, LakeError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| LakeError::Interrupted)?
}

/// Keys that were met: halves of their SHA-256.
#[derive(Default)]
struct Keys(HashSet<[u8; 16]>);

impl Keys {
    /// Which rows have keys that are new. What has no id is always new.
    fn new_rows(&mut self, batch: &RecordBatch, class: Class) -> Vec<bool> {
        let columns = class
            .key()
            .map(|name| batch.column_by_name(name).and_then(|column| column.as_string_opt::<i32>()));
        let value = |column: usize, row: usize| {
            let column = columns.get(column).copied().flatten()?;
            (!column.is_null(row)).then(|| column.value(row))
        };
        let is_new = |row: usize| {
            let Some(id) = value(0, row) else { return true };
            let mut context = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
            context.update(id.as_bytes());
            context.update(&[0]);
            context.update(value(1, row).unwrap_or_default().as_bytes());
            let digest = context.finish();
            let Some(key) = digest.as_ref().first_chunk::<16>() else { return true };
            if self.0.len() >= MAX_KEYS { !self.0.contains(key) } else { self.0.insert(*key) }
        };
        (0..batch.num_rows()).map(is_new).collect()
    }
}

/// Files that become one.
struct Merge {
    class: Class,
    schema: SchemaRef,
    writer: Writer,
    keys: Keys,
    rows: u64,
    repeated: u64,
}

impl Merge {
    fn new(class: Class) -> Result<Self, LakeError> {
        let schema = Arc::clone(schema(class));
        Ok(Self { class, writer: writer(&schema)?, schema, keys: Keys::default(), rows: 0, repeated: 0 })
    }

    /// Adds a file's rows; `false` if it has other columns.
    fn take(mut self, bytes: Bytes) -> Result<(Self, bool), LakeError> {
        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes)?;
        if reader.schema().fields() != self.schema.fields() {
            return Ok((self, false));
        }
        for batch in reader.with_batch_size(8192).build()? {
            let batch = batch?;
            let mask = BooleanArray::from(self.keys.new_rows(&batch, self.class));
            let kept = filter_record_batch(&batch, &mask)?;
            self.rows = self.rows.saturating_add(kept.num_rows() as u64);
            self.repeated = self.repeated.saturating_add((batch.num_rows() - kept.num_rows()) as u64);
            self.writer.write(&kept)?;
        }
        Ok((self, true))
    }

    fn finish(self) -> Result<(Vec<u8>, Keys), LakeError> {
        Ok((self.writer.into_inner()?, self.keys))
    }
}
