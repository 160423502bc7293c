use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;

use super::Fetched;
use crate::identity::Identity;
use crate::objects::Reference;
use crate::request::{AssumedRole, Volume};

/// Most bytes of values that are kept: 250 pods, as many as EKS puts on a node, with 256 KiB each.
const MAX_BYTES: u64 = 64 << 20;

/// What an entry takes beside its value: its key, and the cache's own.
const ENTRY_BYTES: u32 = 1024;

/// Whose values they are: a volume as it was filled, by the role of its pod.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Owner {
    pub(crate) volume: Volume,
    pub(crate) identity: Identity,
    pub(crate) assumed: Option<AssumedRole>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) owner: Arc<Owner>,
    pub(super) region: String,
    pub(super) reference: Reference,
}

/// Values of volumes that are mounted, so that one which has not changed is not read again.
///
/// A value is given to the very volume alone that it was read for, where it lies already, and only after Secrets Manager has
/// told the pod's role which versions there are. How long a role that may no longer read the value gets it here is bounded
/// by the time that it is kept; outside of its old volumes it gets it nowhere.
#[derive(Clone, Debug)]
pub(crate) struct Kept(Option<Cache<Key, Fetched>>);

impl Kept {
    /// Keeps values for so long; nothing, if that is no time.
    pub(crate) fn new(time: Duration) -> Self {
        if time.is_zero() {
            return Self(None);
        }
        let weigh = |_: &Key, fetched: &Fetched| {
            u32::try_from(fetched.value.len()).unwrap_or(u32::MAX).saturating_add(ENTRY_BYTES)
        };
        Self(Some(Cache::builder().max_capacity(MAX_BYTES).weigher(weigh).time_to_live(time).build()))
    }

    pub(super) async fn get(&self, key: &Key) -> Option<Fetched> {
        self.0.as_ref()?.get(key).await
    }

    pub(super) async fn put(&self, key: Key, fetched: &Fetched) {
        if let Some(cache) = &self.0 {
            cache.insert(key, fetched.clone()).await;
        }
    }

    pub(super) async fn forget(&self, key: &Key) {
        if let Some(cache) = &self.0 {
            cache.invalidate(key).await;
        }
    }

    /// Drops, and so wipes, what is past its time.
    pub(crate) async fn sweep(&self) {
        if let Some(cache) = &self.0 {
            cache.run_pending_tasks().await;
        }
    }
}
