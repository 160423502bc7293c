//! Records of one kind as values of one type, served from memory.

use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::batch::{Batch, Expect};
use crate::cache::{Cache, Sought};
use crate::error::StoreError;
use crate::hub::Coherent;
use crate::place::{Place, Record};
use crate::store::{Scan, Store};

/// How much a table keeps in memory unless it is told otherwise: tens of thousands of roles with their policies.
pub const CACHE_BYTES: usize = 32 << 20;

/// How often a change is tried again after a conflict. Each conflict is another's success, so only a place that many
/// write all the time gets there.
const MAX_TRIES: u32 = 64;

/// The longest wait before a change is tried again. Without one, who reads a moment later than others loses every time.
const MAX_WAIT: Duration = Duration::from_millis(32);

/// The records of one kind, kept as JSON, as values of one type. Cloning is cheap, and clones share their memory.
///
/// What [`Table::get`] returns is never older than the last commit that this process has finished, nor than what others
/// have committed before they were last looked for ([`Options::poll`](crate::Options::poll)).
pub struct Table<T> {
    store: Store,
    kind: &'static str,
    cache: Arc<Cache<Row<T>>>,
}

/// A record as a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row<T> {
    /// What it says.
    pub value: T,
    /// The generation of the commit that wrote it, for [`Expect::Revision`].
    pub revision: i64,
    /// Where it is.
    pub place: Place,
}

/// What [`Table::update`] is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change<T> {
    /// Leave it as it is.
    Keep,
    /// Write this in its place.
    Put(T),
    /// Take it away.
    Delete,
}

impl<T: Serialize + DeserializeOwned + Send + Sync + 'static> Table<T> {
    /// The store's records of this kind, with a memory of [`CACHE_BYTES`].
    pub fn new(store: &Store, kind: &'static str) -> Self {
        Self::with_cache(store, kind, CACHE_BYTES)
    }

    /// The store's records of this kind, with a memory of about so many bytes; with 0 each read asks the database.
    pub fn with_cache(store: &Store, kind: &'static str, bytes: usize) -> Self {
        let cache = Arc::new(Cache::new(bytes));
        let coherent: Arc<dyn Coherent> = cache.clone();
        store.hub().register(kind, Arc::downgrade(&coherent));
        Self { store: store.clone(), kind, cache }
    }

    /// The kind.
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// The place of a record of this kind.
    pub fn place(&self, account: &str, region: &str, name: &str) -> Place {
        Place::new(account, region, self.kind, name)
    }

    /// The record, if there is one.
    ///
    /// # Errors
    ///
    /// Those of [`Store::get`], and [`StoreError::Unreadable`] if the record is not a `T`.
    pub async fn get(
        &self,
        account: &str,
        region: &str,
        name: &str,
    ) -> Result<Option<Arc<Row<T>>>, StoreError> {
        let sought = Sought { account, region, name };
        if self.store.hub().is_fresh()
            && let Some(row) = self.cache.get(sought)
        {
            return Ok(Some(row));
        }
        let ticket = self.cache.ticket(sought);
        let Some(record) = self.store.read(self.kind, account, region, name).await? else { return Ok(None) };
        let bytes = record.body.len();
        let row = Arc::new(Self::row(record)?);
        if let Some(ticket) = ticket {
            ticket.fill(&row, bytes);
        }
        Ok(Some(row))
    }

    /// A page of the records of an account and region, as [`Store::scan`] does.
    ///
    /// # Errors
    ///
    /// Those of [`Table::get`].
    pub async fn scan(&self, account: &str, region: &str, scan: Scan<'_>) -> Result<Vec<Row<T>>, StoreError> {
        self.store.scan(account, region, self.kind, scan).await?.into_iter().map(Self::row).collect()
    }

    /// A page of the records of all accounts and regions, as [`Store::scan_kind`] does.
    ///
    /// # Errors
    ///
    /// Those of [`Table::get`].
    pub async fn scan_all(&self, after: Option<&Place>, limit: usize) -> Result<Vec<Row<T>>, StoreError> {
        self.store.scan_kind(self.kind, after, limit).await?.into_iter().map(Self::row).collect()
    }

    /// Adds the writing of a record to a batch. A value that has no form as JSON makes the batch's commit fail.
    pub fn put(&self, batch: &mut Batch, account: &str, region: &str, name: &str, value: &T, expect: Expect) {
        let place = self.place(account, region, name);
        match Self::body(&place, value) {
            Ok(body) => {
                batch.put(place, body, expect);
            }
            Err(error) => batch.set_fault(error),
        }
    }

    /// Adds the deletion of a record to a batch.
    pub fn delete(&self, batch: &mut Batch, account: &str, region: &str, name: &str, expect: Expect) {
        batch.delete(self.place(account, region, name), expect);
    }

    /// Adds the requirement to a batch that a place is as expected.
    pub fn require(&self, batch: &mut Batch, account: &str, region: &str, name: &str, expect: Expect) {
        batch.require(self.place(account, region, name), expect);
    }

    /// Changes one record by what it says now, and returns what is there afterwards. `change` is asked again when
    /// somebody else changed the record at the same time, so it must do nothing but answer.
    ///
    /// # Errors
    ///
    /// What `change` returns; else those of [`Table::get`] and [`Store::commit`], and [`StoreError::Contended`].
    pub async fn update<E: From<StoreError>>(
        &self,
        place: &Place,
        mut change: impl FnMut(Option<&T>) -> Result<Change<T>, E>,
    ) -> Result<Option<Arc<Row<T>>>, E> {
        for conflicts in 1..=MAX_TRIES {
            let now = self.get(&place.account, &place.region, &place.name).await?;
            let expect = now.as_ref().map_or(Expect::Absent, |row| Expect::Revision(row.revision));
            let place = self.place(&place.account, &place.region, &place.name);
            let mut batch = Batch::new();
            let put = match change(now.as_ref().map(|row| &row.value))? {
                Change::Keep => return Ok(now),
                Change::Delete if now.is_none() => return Ok(None),
                Change::Delete => {
                    batch.delete(place.clone(), expect);
                    None
                }
                Change::Put(value) => {
                    batch.put(place.clone(), Self::body(&place, &value)?, expect);
                    Some(value)
                }
            };
            match self.store.commit(batch).await {
                Ok(revision) => return Ok(put.map(|value| Arc::new(Row { value, revision, place }))),
                // Whoever came first may be another process, of which the memory does not know yet.
                Err(StoreError::Conflict(place)) => {
                    self.cache.forget(&place);
                    tokio::time::sleep(wait(conflicts)).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(StoreError::Contended(place.clone()).into())
    }

    fn row(record: Record) -> Result<Row<T>, StoreError> {
        let Record { place, body, revision } = record;
        match serde_json::from_slice(&body) {
            Ok(value) => Ok(Row { value, revision, place }),
            Err(cause) => Err(StoreError::Unreadable { place, cause: Arc::new(cause) }),
        }
    }

    fn body(place: &Place, value: &T) -> Result<Vec<u8>, StoreError> {
        serde_json::to_vec(value)
            .map_err(|cause| StoreError::Unwritable { place: place.clone(), cause: Arc::new(cause) })
    }
}

/// How long to wait after so many conflicts in a row: anywhere up to twice as long each time, so that those who met don't meet again.
fn wait(conflicts: u32) -> Duration {
    let most = Duration::from_millis(1).saturating_mul(2_u32.saturating_pow(conflicts)).min(MAX_WAIT);
    // The standard library's only randomness, which is enough for this.
    most.mul_f64((RandomState::new().hash_one(0_u8) % 1_000) as f64 / 1_000.0)
}

impl<T> Clone for Table<T> {
    fn clone(&self) -> Self {
        Self { store: self.store.clone(), kind: self.kind, cache: Arc::clone(&self.cache) }
    }
}

impl<T> fmt::Debug for Table<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").field("kind", &self.kind).finish_non_exhaustive()
    }
}
