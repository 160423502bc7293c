//! Backups made while others write, and restored whole or not at all.

use std::fs::{self, File};
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use sqlx::{AnyConnection, Connection as _, Row as _};
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use crate::backup::{BackupReader, BackupSummary, BackupWriter, check_backup};
use crate::error::StoreError;
use crate::files;
use crate::place::{Place, Record};
use crate::store::{Store, record};
use crate::writer::insert;

/// How many records are read at once; with the largest bodies they take 100 MiB.
const PAGE: i64 = 100;

/// How many records wait to be inserted.
const READ_AHEAD: usize = 64;

impl Store {
    /// Writes all records, as they are at one moment, into a file that its owner alone may read. Others may write to the
    /// store meanwhile. The file is read and checked before it takes its name, and then replaces one that had it.
    ///
    /// # Errors
    ///
    /// Those of the database and of the file system; then there is no new file.
    pub async fn backup(&self, path: &Path) -> Result<BackupSummary, StoreError> {
        let partial = Partial::beside(path)?;
        let failed = StoreError::database;
        let mut connection = self.inner.database.connect().await.map_err(failed("connect"))?;
        let mut snapshot = connection
            .begin_with(self.inner.database.dialect.begin_snapshot())
            .await
            .map_err(failed("begin a backup"))?;
        let generation: i64 = sqlx::query("SELECT generation FROM ringwall_meta")
            .fetch_one(&mut *snapshot)
            .await
            .and_then(|row| row.try_get(0))
            .map_err(failed("tell its generation"))?;
        let file = files::create(&partial.path).map_err(StoreError::file(&partial.path, "made"))?;
        let mut writer = BackupWriter::new(BufWriter::new(file), generation).map_err(partial.unwritten())?;
        let mut last = None;
        loop {
            let page = page(&mut snapshot, last.as_ref()).await.map_err(failed("list records"))?;
            let Some(record) = page.last() else { break };
            last = Some(record.place.clone());
            writer = blocking(move || {
                page.into_iter().try_for_each(|record| writer.record(record)).map(|()| writer)
            })
            .await?
            .map_err(partial.unwritten())?;
        }
        snapshot.rollback().await.map_err(failed("end a backup"))?;
        connection.close().await.map_err(failed("end a backup"))?;
        let path = path.to_owned();
        blocking(move || {
            let (file, written) = writer.end().map_err(partial.unwritten())?;
            file.get_ref().sync_all().map_err(partial.unwritten())?;
            let read = check(&partial.path)?;
            if read != written {
                let why = "other records are in it than were written".to_owned();
                return Err(StoreError::BadBackup { path: partial.path.clone(), line: 1, why });
            }
            partial.rename(&path)?;
            Ok(read)
        })
        .await?
    }

    /// Fills an empty store with the records of a backup, of either database, with their revisions. The backup is checked
    /// first, and what it has is written in one transaction.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotEmpty`], [`StoreError::BadBackup`], those of the database and of the file system; nothing is
    /// restored then.
    pub async fn restore(&self, path: &Path) -> Result<BackupSummary, StoreError> {
        let checked = blocking({
            let path = path.to_owned();
            move || check(&path)
        })
        .await??;
        let failed = StoreError::database;
        let mut connection = self.inner.database.connect().await.map_err(failed("connect"))?;
        let mut transaction = connection
            .begin_with(self.inner.database.dialect.begin_write())
            .await
            .map_err(failed("begin to restore"))?;
        // This row is what writers wait for each other at. Memories of before, here and elsewhere, end with it.
        let generation: i64 = sqlx::query(
            "UPDATE ringwall_meta SET generation = 1 + CASE WHEN generation > $1 THEN generation ELSE $1 END
             RETURNING generation",
        )
        .bind(checked.generation)
        .fetch_one(&mut *transaction)
        .await
        .and_then(|row| row.try_get(0))
        .map_err(failed("begin to restore"))?;
        let occupied = sqlx::query("SELECT revision FROM ringwall_records WHERE deleted = 0 LIMIT 1")
            .fetch_optional(&mut *transaction)
            .await
            .map_err(failed("tell whether it is empty"))?;
        if occupied.is_some() {
            return Err(StoreError::NotEmpty);
        }
        sqlx::query("UPDATE ringwall_meta SET pruned = $1")
            .bind(generation)
            .execute(&mut *transaction)
            .await
            .map_err(failed("restore"))?;
        sqlx::query("DELETE FROM ringwall_records")
            .execute(&mut *transaction)
            .await
            .map_err(failed("restore"))?;
        let (records, mut restored) = mpsc::channel(READ_AHEAD);
        let reading = spawn_blocking({
            let path = path.to_owned();
            move || read(&path, &records)
        });
        while let Some(record) = restored.recv().await {
            insert(&mut transaction, &record.place, &record.body, record.revision)
                .await
                .map_err(failed("restore"))?;
        }
        // The file is checked again to its end: it may have been changed since.
        let read = joined(reading.await)??;
        if read != checked {
            let why = "it was changed while it was restored".to_owned();
            return Err(StoreError::BadBackup { path: path.to_owned(), line: 1, why });
        }
        transaction.commit().await.map_err(StoreError::commit)?;
        self.refresh().await?;
        Ok(read)
    }
}

/// A file beside the one that it is to replace, which goes away unless it gets there.
struct Partial {
    path: PathBuf,
    renamed: bool,
}

impl Partial {
    fn beside(path: &Path) -> Result<Self, StoreError> {
        let named = path.file_name().ok_or_else(|| {
            StoreError::file(path, "made")(std::io::Error::other("it is not the path of a file"))
        })?;
        let mut random = [0; 8];
        aws_lc_rs::rand::fill(&mut random)
            .map_err(|_| StoreError::file(path, "made")(std::io::Error::other("there is no randomness")))?;
        let mut name = std::ffi::OsString::from(".");
        name.push(named);
        name.push(format!(".{}.partial", HEXLOWER.encode(&random)));
        Ok(Self { path: path.with_file_name(name), renamed: false })
    }

    fn unwritten(&self) -> impl FnOnce(std::io::Error) -> StoreError + use<> {
        StoreError::file(self.path.clone(), "written")
    }

    fn rename(mut self, path: &Path) -> Result<(), StoreError> {
        fs::rename(&self.path, path).map_err(StoreError::file(path, "put in place"))?;
        self.renamed = true;
        files::sync_folder_of(path)
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.renamed {
            // It may not have been made yet.
            let _ = fs::remove_file(&self.path);
        }
    }
}

async fn page(connection: &mut AnyConnection, after: Option<&Place>) -> Result<Vec<Record>, sqlx::Error> {
    let (kind, account, region, name) =
        after.map_or(("", "", "", ""), |place| (&place.kind, &place.account, &place.region, &place.name));
    let rows = sqlx::query(
        "SELECT kind, account, region, name, body, revision FROM ringwall_records
         WHERE (kind, account, region, name) > ($1, $2, $3, $4) AND deleted = 0
         ORDER BY kind, account, region, name LIMIT $5",
    )
    .bind(kind)
    .bind(account)
    .bind(region)
    .bind(name)
    .bind(PAGE)
    .fetch_all(connection)
    .await?;
    rows.iter().map(record).collect()
}

fn open(path: &Path) -> Result<BufReader<File>, StoreError> {
    Ok(BufReader::new(File::open(path).map_err(StoreError::file(path, "opened"))?))
}

fn check(path: &Path) -> Result<BackupSummary, StoreError> {
    check_backup(open(path)?, path)
}

/// Sends the records to whoever inserts them, and says at the end what there was.
fn read(path: &Path, records: &mpsc::Sender<Record>) -> Result<BackupSummary, StoreError> {
    let mut reader = BackupReader::new(open(path)?, path)?;
    while let Some(record) = reader.record()? {
        if records.blocking_send(record).is_err() {
            // An insertion failed, and that is what the caller is told.
            break;
        }
    }
    Ok(reader.so_far())
}

/// Runs what waits for the disk where it holds nobody up.
async fn blocking<A: Send + 'static>(work: impl FnOnce() -> A + Send + 'static) -> Result<A, StoreError> {
    joined(spawn_blocking(work).await)
}

fn joined<A>(ended: Result<A, tokio::task::JoinError>) -> Result<A, StoreError> {
    // Only a runtime that shuts down ends such a task before its time.
    ended.map_err(|_| StoreError::Closed)
}
