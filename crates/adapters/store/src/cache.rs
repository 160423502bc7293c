//! A bounded cache of one kind's records that is never behind a finished commit.
//!
//! What could make it so, and what prevents it: a read that began before a commit and ends after it would put back the old
//! value, so a read may fill only with the [`Ticket`] that it took before, and a change of the place voids tickets. While a
//! commit is under way one reader could see the new value in the database and the next one the old value here, so a place
//! is suspended from before the commit until after it.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, Hash};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use hashbrown::{DefaultHashBuilder, Equivalent, HashMap};

use crate::hub::Coherent;
use crate::place::Place;

/// Readers of different shards don't wait for each other.
const SHARDS: usize = 16;

/// What an entry costs beside its body: the key, the maps' slots, the value's own structure.
const ENTRY_BYTES: usize = 512;

/// Names a record among those of its kind.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    account: String,
    region: String,
    name: String,
}

/// A key that is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Sought<'k> {
    pub(crate) account: &'k str,
    pub(crate) region: &'k str,
    pub(crate) name: &'k str,
}

impl<'k> Sought<'k> {
    fn of(place: &'k Place) -> Self {
        Self { account: &place.account, region: &place.region, name: &place.name }
    }

    fn to_key(self) -> Key {
        Key { account: self.account.to_owned(), region: self.region.to_owned(), name: self.name.to_owned() }
    }
}

impl Equivalent<Key> for Sought<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        self.name == key.name && self.account == key.account && self.region == key.region
    }
}

pub(crate) struct Cache<V> {
    shards: Vec<RwLock<Shard<V>>>,
    hasher: DefaultHashBuilder,
    shard_bytes: usize,
}

/// Two generations: what is used moves to the young one, and when that is full the old one goes and it takes its place.
struct Shard<V> {
    young: HashMap<Key, Entry<V>>,
    old: HashMap<Key, Entry<V>>,
    young_bytes: usize,
    /// The reads that may fill, by the number of their ticket.
    reads: HashMap<Key, u64>,
    tickets: u64,
    suspended: HashSet<Key>,
}

struct Entry<V> {
    value: Arc<V>,
    bytes: usize,
}

/// The right to fill a place, void once the place changes.
pub(crate) struct Ticket<'c, V> {
    cache: &'c Cache<V>,
    key: Key,
    number: u64,
}

impl<V> Cache<V> {
    /// A cache of about so many bytes.
    pub(crate) fn new(bytes: usize) -> Self {
        let shard = || {
            RwLock::new(Shard {
                young: HashMap::new(),
                old: HashMap::new(),
                young_bytes: 0,
                reads: HashMap::new(),
                tickets: 0,
                suspended: HashSet::new(),
            })
        };
        Self {
            shards: (0..SHARDS).map(|_| shard()).collect(),
            hasher: DefaultHashBuilder::default(),
            shard_bytes: bytes / SHARDS / 2,
        }
    }

    pub(crate) fn get(&self, sought: Sought<'_>) -> Option<Arc<V>> {
        {
            let shard = self.read(sought)?;
            if let Some(entry) = shard.young.get(&sought) {
                return Some(Arc::clone(&entry.value));
            }
            if !shard.old.contains_key(&sought) {
                return None;
            }
        }
        let mut shard = self.write(sought)?;
        let (key, entry) = shard.old.remove_entry(&sought)?;
        let value = Arc::clone(&entry.value);
        shard.insert(key, entry, self.shard_bytes);
        Some(value)
    }

    /// What a read takes before it asks the database.
    pub(crate) fn ticket(&self, sought: Sought<'_>) -> Option<Ticket<'_, V>> {
        let key = sought.to_key();
        let mut shard = self.write(sought)?;
        if shard.suspended.contains(&key) {
            return None;
        }
        shard.tickets += 1;
        let number = shard.tickets;
        shard.reads.insert(key.clone(), number);
        Some(Ticket { cache: self, key, number })
    }

    fn read(&self, sought: Sought<'_>) -> Option<RwLockReadGuard<'_, Shard<V>>> {
        Some(self.shard(sought)?.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write(&self, sought: Sought<'_>) -> Option<RwLockWriteGuard<'_, Shard<V>>> {
        Some(self.shard(sought)?.write().unwrap_or_else(PoisonError::into_inner))
    }

    fn shard(&self, sought: Sought<'_>) -> Option<&RwLock<Shard<V>>> {
        // The maps inside use the low and the very high bits of a hash of their own.
        let hash = self.hasher.hash_one(sought);
        self.shards.get(usize::try_from(hash >> 32).unwrap_or_default() % SHARDS)
    }
}

impl<V> Ticket<'_, V> {
    /// Keeps what was read, of a body of so many bytes, unless the place changed since.
    pub(crate) fn fill(self, value: &Arc<V>, bytes: usize) {
        let sought = self.key.sought();
        let Some(mut shard) = self.cache.write(sought) else { return };
        if shard.reads.get(&sought) == Some(&self.number) {
            let entry = Entry { value: Arc::clone(value), bytes: bytes.saturating_add(ENTRY_BYTES) };
            shard.insert(self.key.clone(), entry, self.cache.shard_bytes);
        }
    }
}

impl<V> Drop for Ticket<'_, V> {
    fn drop(&mut self) {
        let sought = self.key.sought();
        if let Some(mut shard) = self.cache.write(sought)
            && shard.reads.get(&sought) == Some(&self.number)
        {
            shard.reads.remove(&sought);
        }
    }
}

impl Key {
    fn sought(&self) -> Sought<'_> {
        Sought { account: &self.account, region: &self.region, name: &self.name }
    }
}

impl<V> Shard<V> {
    fn insert(&mut self, key: Key, entry: Entry<V>, limit: usize) {
        if entry.bytes > limit {
            return;
        }
        self.remove(key.sought());
        if self.young_bytes.saturating_add(entry.bytes) > limit {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
        self.young_bytes += entry.bytes;
        self.young.insert(key, entry);
    }

    fn remove(&mut self, sought: Sought<'_>) {
        if let Some(entry) = self.young.remove(&sought) {
            self.young_bytes -= entry.bytes;
        }
        self.old.remove(&sought);
    }

    fn forget(&mut self, sought: Sought<'_>) {
        self.reads.remove(&sought);
        self.remove(sought);
    }
}

impl<V: Send + Sync> Coherent for Cache<V> {
    fn suspend(&self, place: &Place) {
        let sought = Sought::of(place);
        if let Some(mut shard) = self.write(sought) {
            shard.forget(sought);
            shard.suspended.insert(sought.to_key());
        }
    }

    fn resume(&self, place: &Place) {
        let sought = Sought::of(place);
        if let Some(mut shard) = self.write(sought) {
            // A table that is new since the commit began was not suspended.
            shard.forget(sought);
            shard.suspended.remove(&sought.to_key());
        }
    }

    fn forget(&self, place: &Place) {
        let sought = Sought::of(place);
        if let Some(mut shard) = self.write(sought) {
            shard.forget(sought);
        }
    }

    fn forget_all(&self) {
        for shard in &self.shards {
            let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
            shard.young.clear();
            shard.old.clear();
            shard.young_bytes = 0;
            shard.reads.clear();
        }
    }
}

#[cfg(test)]
mod tests;
