//! Reading, and the way to the one task that writes.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sqlx::any::{Any, AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{AnyPool, Row as _};
use tokio::sync::{broadcast, mpsc, oneshot};

use crate::batch::Batch;
use crate::dialect::{Database, is_broken};
use crate::error::StoreError;
use crate::hub::{BACKLOG, Changes, Hub};
use crate::place::{Place, Record, is_name, range};
use crate::schema;
use crate::writer::{Commit, Job, Writer};

/// The most records that a scan returns at once.
pub const MAX_PAGE: usize = 1_000;

/// How many commits may wait. More are held back, which holds back whoever asks for them.
const QUEUE: usize = 1_024;

/// How often a read is tried whose connection breaks.
const MAX_READS: u32 = 3;

/// The shortest time between two looks for others' changes.
const MIN_POLL: Duration = Duration::from_millis(10);

/// After so many times [`Options::poll`] without a look at the database memory no longer answers, and never after less
/// than a second: a commit may take a moment.
const STALE_AFTER_POLLS: u32 = 5;

/// How a store is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// How many reads the database serves at a time. Default 4.
    pub readers: u32,
    /// How often changes that other processes made are looked for. Default 1 second.
    pub poll: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { readers: 4, poll: Duration::from_secs(1) }
    }
}

/// Which of an account's records of a kind are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scan<'s> {
    /// How their names begin.
    pub prefix: &'s str,
    /// The name after which they come: the last one of the page before.
    pub after: Option<&'s str>,
    /// How many at most; more than [`MAX_PAGE`] are never returned.
    pub limit: usize,
}

impl Default for Scan<'_> {
    fn default() -> Self {
        Self { prefix: "", after: None, limit: MAX_PAGE }
    }
}

/// A store of records. Cloning is cheap, and clones are the same store.
#[derive(Clone)]
pub struct Store {
    pub(crate) inner: Arc<Inner>,
}

/// Which of the rows that a query finds are read.
#[derive(Clone, Copy)]
enum Wanted {
    One,
    All,
}

pub(crate) struct Inner {
    pub(crate) database: Database,
    pub(crate) readers: AnyPool,
    jobs: mpsc::Sender<Job>,
    hub: Arc<Hub>,
}

impl Store {
    /// Opens `sqlite:PATH` or `postgres://…`, and brings an older database to the schema of this version. A database of
    /// SQLite is made when there is none, readable by its owner alone. Needs tokio's runtime, with its clock.
    ///
    /// A server of PostgreSQL on another machine is spoken to over TLS with its name checked, unless `sslmode=` in the
    /// address says otherwise; `sslrootcert=` names the file of its authority.
    ///
    /// # Errors
    ///
    /// [`StoreError::BadAddress`], [`StoreError::Newer`], and those of the file system and the database.
    pub async fn open(address: &str, options: Options) -> Result<Self, StoreError> {
        let database = Database::find(address)?;
        let mut connection = database.connect().await.map_err(StoreError::database("open"))?;
        schema::migrate(&mut connection, database.dialect).await?;
        let (changes, _) = broadcast::channel(BACKLOG);
        let poll = options.poll.max(MIN_POLL);
        let stale_after = poll.saturating_mul(STALE_AFTER_POLLS).max(Duration::from_secs(1));
        let hub = Arc::new(Hub::new(changes.downgrade(), stale_after));
        let (jobs, queue) = mpsc::channel(QUEUE);
        let writer = Writer::start(database.clone(), connection, Arc::clone(&hub), changes).await?;
        tokio::spawn(writer.run(queue, poll));
        let readers = database.pool(options.readers.max(1));
        Ok(Self { inner: Arc::new(Inner { database, readers, jobs, hub }) })
    }

    /// The record at a place, if there is one.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn get(&self, place: &Place) -> Result<Option<Record>, StoreError> {
        self.read(&place.kind, &place.account, &place.region, &place.name).await
    }

    /// Records of one account, region and kind, in bytewise order of their names.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn scan(
        &self,
        account: &str,
        region: &str,
        kind: &str,
        scan: Scan<'_>,
    ) -> Result<Vec<Record>, StoreError> {
        let Some((start, end)) = range(scan.prefix, scan.after) else { return Ok(Vec::new()) };
        self.fetch("list records", Wanted::All, record, || {
            sqlx::query(
                "SELECT kind, account, region, name, body, revision FROM ringwall_records
             WHERE kind = $1 AND account = $2 AND region = $3 AND name >= $4 AND name < $5 AND deleted = 0
             ORDER BY name LIMIT $6",
            )
            .bind(kind)
            .bind(account)
            .bind(region)
            .bind(start.as_str())
            .bind(end.as_str())
            .bind(page(scan.limit))
        })
        .await
    }

    /// Records of one kind in all accounts and regions, in bytewise order of account, region and name, after the place
    /// at which the page before ended.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn scan_kind(
        &self,
        kind: &str,
        after: Option<&Place>,
        limit: usize,
    ) -> Result<Vec<Record>, StoreError> {
        let (account, region, name) =
            after.map_or(("", "", ""), |place| (&place.account, &place.region, &place.name));
        self.fetch("list records", Wanted::All, record, || {
            sqlx::query(
                "SELECT kind, account, region, name, body, revision FROM ringwall_records
             WHERE kind = $1 AND (account, region, name) > ($2, $3, $4) AND deleted = 0
             ORDER BY account, region, name LIMIT $5",
            )
            .bind(kind)
            .bind(account)
            .bind(region)
            .bind(name)
            .bind(page(limit))
        })
        .await
    }

    /// Records of one kind, in all accounts and regions, that were written after a generation, in the order of their commits,
    /// and the generation after which to ask next. Of a record that was written again there is the last state alone. A batch must
    /// not write more than one of the kind, since a page may end between them.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn scan_since(
        &self,
        kind: &str,
        generation: i64,
        limit: usize,
    ) -> Result<(Vec<Record>, i64), StoreError> {
        // Commits have one order in which they come to light, so up to this one all are there.
        let top = self.generation().await?;
        let limit = page(limit.max(1));
        let records = self
            .fetch("list records", Wanted::All, record, || {
                // Without the `||` the primary key would be searched for all records of the kind.
                sqlx::query(
                    "SELECT kind, account, region, name, body, revision FROM ringwall_records
                     WHERE revision > $1 AND revision <= $2 AND kind || '' = $3 AND deleted = 0
                     ORDER BY revision, account, region, name LIMIT $4",
                )
                .bind(generation)
                .bind(top)
                .bind(kind)
                .bind(limit)
            })
            .await?;
        let is_full = i64::try_from(records.len()).unwrap_or(i64::MAX) >= limit;
        let next = records.last().filter(|_| is_full).map_or(top.max(generation), |last| last.revision);
        Ok((records, next))
    }

    /// Makes a batch, whole or not at all, and returns its generation, which is the revision of all that it wrote. When
    /// this returns, the batch is on the disk. Batches that wait at the same time share one transaction.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] if a place is not as expected; what [`Batch`] says of batches that can't be made; those of
    /// the database. Nothing is written then, save that after [`StoreError::Uncertain`] it is not known.
    pub async fn commit(&self, batch: Batch) -> Result<i64, StoreError> {
        let operations = batch.check()?;
        self.ask(|reply| Job::Commit(Commit { operations, reply })).await
    }

    /// The generation of the last commit that anybody made.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn generation(&self) -> Result<i64, StoreError> {
        let doing = "tell its generation";
        let mut rows = self
            .fetch(
                doing,
                Wanted::One,
                |row| row.try_get(0),
                || sqlx::query("SELECT generation FROM ringwall_meta"),
            )
            .await?;
        rows.pop().ok_or(sqlx::Error::RowNotFound).map_err(StoreError::database(doing))
    }

    /// The changes from now on.
    pub fn subscribe(&self) -> Changes {
        self.inner.hub.subscribe()
    }

    /// Looks for others' changes now: tables show all that anybody committed before this was called.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn refresh(&self) -> Result<(), StoreError> {
        self.ask(Job::Refresh).await
    }

    /// Ends the store and all its clones after the commits that wait; what is asked of it then fails.
    pub async fn close(&self) {
        // A writer that is gone is closed.
        let _ = self.ask(Job::Close).await;
        self.inner.readers.close().await;
    }

    pub(crate) fn hub(&self) -> &Hub {
        &self.inner.hub
    }

    pub(crate) async fn read(
        &self,
        kind: &str,
        account: &str,
        region: &str,
        name: &str,
    ) -> Result<Option<Record>, StoreError> {
        if !is_name(name) {
            return Ok(None);
        }
        let query = || {
            sqlx::query(
                "SELECT body, revision FROM ringwall_records
                 WHERE kind = $1 AND account = $2 AND region = $3 AND name = $4 AND deleted = 0",
            )
            .bind(kind)
            .bind(account)
            .bind(region)
            .bind(name)
        };
        // The place is known, and each column that is read costs.
        let columns = |row: &AnyRow| Ok((row.try_get(0)?, row.try_get(1)?));
        let found = self.fetch("read a record", Wanted::One, columns, query).await?.pop();
        let record =
            |(body, revision)| Record { place: Place::new(account, region, kind, name), body, revision };
        Ok(found.map(record))
    }

    /// Reads rows, and again if the connection broke: a server that restarts breaks all that there are.
    async fn fetch<'q, A>(
        &self,
        doing: &'static str,
        wanted: Wanted,
        row: fn(&AnyRow) -> Result<A, sqlx::Error>,
        query: impl Fn() -> Query<'q, Any, AnyArguments>,
    ) -> Result<Vec<A>, StoreError> {
        let mut tries = 1;
        loop {
            let rows = match wanted {
                // SQLite's thread is not waited for once more to hear that there are no more rows.
                Wanted::One => query().fetch_optional(&self.inner.readers).await.map(Vec::from_iter),
                Wanted::All => query().fetch_all(&self.inner.readers).await,
            };
            match rows {
                Err(error) if tries < MAX_READS && is_broken(&error) => tries += 1,
                rows => {
                    return rows
                        .and_then(|rows| rows.iter().map(row).collect())
                        .map_err(StoreError::database(doing));
                }
            }
        }
    }

    async fn ask<A>(
        &self,
        job: impl FnOnce(oneshot::Sender<Result<A, StoreError>>) -> Job,
    ) -> Result<A, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.inner.jobs.send(job(reply)).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("dialect", &self.inner.database.dialect).finish_non_exhaustive()
    }
}

/// Reads the columns that every query for records selects.
pub(crate) fn record(row: &AnyRow) -> Result<Record, sqlx::Error> {
    Ok(Record { place: place(row)?, body: row.try_get(4)?, revision: row.try_get(5)? })
}

/// Reads the first four columns of every query for places.
pub(crate) fn place(row: &AnyRow) -> Result<Place, sqlx::Error> {
    Ok(Place {
        kind: row.try_get(0)?,
        account: row.try_get(1)?,
        region: row.try_get(2)?,
        name: row.try_get(3)?,
    })
}

fn page(limit: usize) -> i64 {
    i64::try_from(limit.min(MAX_PAGE)).unwrap_or_default()
}
