//! The local KEKs that were met: each is unwrapped once, however many calls want it at the same time.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use moka::future::Cache;
use ringwall_envelope::Key;

use crate::{Backend, BackendError, Class};

/// How many are kept. There is one for each start of each plugin since the objects in etcd were last sealed anew; 64 bytes
/// each, so this is about what is met, not about memory.
const MAX_KEKS: u64 = 4096;

/// How many that don't open are kept, so that an object that is broken does not cost a call to the backend at each read.
const MAX_BROKEN: u64 = 1024;

/// How long one that doesn't open is believed to stay so.
const BROKEN: Duration = Duration::from_secs(60);

/// Which KEK: a digest of the key's name and the sealed KEK.
type Id = [u8; 32];

#[derive(Debug)]
pub(super) struct Keks {
    known: Cache<Id, Arc<Key>>,
    broken: Cache<Id, BackendError>,
}

impl Keks {
    pub(super) fn new() -> Self {
        let broken = Cache::builder().max_capacity(MAX_BROKEN).time_to_live(BROKEN).build();
        Self { known: Cache::new(MAX_KEKS), broken }
    }

    /// Keeps the one that seals, so that what it sealed opens without the backend.
    pub(super) async fn keep(&self, key: &str, blob: &[u8], kek: Arc<Key>) {
        self.known.insert(id(key, blob), kek).await;
    }

    /// How many are known.
    pub(super) async fn count(&self) -> u64 {
        // What was kept or dropped just now is counted only then.
        self.known.run_pending_tasks().await;
        self.known.entry_count()
    }

    /// The KEK, if it is known.
    pub(super) async fn known(&self, key: &str, blob: &[u8]) -> Option<Arc<Key>> {
        self.known.get(&id(key, blob)).await
    }

    /// The KEK, of the backend if need be.
    pub(super) async fn get(
        &self,
        backend: &dyn Backend,
        key: &str,
        blob: &[u8],
    ) -> Result<Arc<Key>, BackendError> {
        let id = id(key, blob);
        if let Some(error) = self.broken.get(&id).await {
            return Err(error);
        }
        let opening = async {
            let secret = backend.open(key, blob).await?;
            let kek = Key::new(secret);
            kek.map(Arc::new).map_err(|error| BackendError::new(Class::Corruption, error.to_string()))
        };
        let opened = self.known.try_get_with(id, opening).await;
        let opened = opened.map_err(|error: Arc<BackendError>| BackendError::clone(&error));
        if let Err(error) = &opened
            && error.class == Class::Corruption
        {
            self.broken.insert(id, error.clone()).await;
        }
        opened
    }
}

fn id(key: &str, blob: &[u8]) -> Id {
    let mut context = Context::new(&SHA256);
    context.update(&(key.len() as u64).to_be_bytes());
    context.update(key.as_bytes());
    context.update(blob);
    context.finish().as_ref().first_chunk().copied().unwrap_or_default()
}
