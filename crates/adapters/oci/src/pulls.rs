//! When images were pulled. A pull waits for no disk: it is noted in memory and written soon after, which a crash may cost.

use std::collections::hash_map::Entry;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};
use ringwall_store::{Batch, Expect, StoreError};

use crate::digest::Digest;
use crate::error::OciError;
use crate::image::Pulled;
use crate::registry::Registry;

/// How often what was noted is written.
const EVERY: Duration = Duration::from_secs(10);

/// A pull that comes so soon after the last one is not written.
const SAME: SignedDuration = SignedDuration::from_mins(1);

/// How many are written at the same time.
const AT_A_TIME: usize = 64;

/// Most images that are noted between two writes; pulls of more are not noted then.
const MAX_NOTED: usize = 50_000;

/// An image that was pulled.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Pulls {
    account: String,
    name: String,
}

impl Registry {
    /// Notes a pull.
    pub(crate) fn note_pull(
        &self,
        account: &str,
        repository: &str,
        digest: &Digest,
        last: Option<Timestamp>,
    ) {
        let now = self.now();
        if last.is_some_and(|last| now.duration_since(last) < SAME) {
            return;
        }
        let mut pulls = self.inner.pulls.lock().unwrap_or_else(PoisonError::into_inner);
        let has_room = pulls.len() < MAX_NOTED;
        let pull = Pulls { account: account.to_owned(), name: format!("{repository}@{digest}") };
        match pulls.entry(pull) {
            Entry::Occupied(mut noted) => drop(noted.insert(now)),
            Entry::Vacant(free) if has_room => drop(free.insert(now)),
            Entry::Vacant(_) => {}
        }
    }

    /// Writes what was noted of pulls.
    ///
    /// # Errors
    ///
    /// Those of the store. What was noted is then lost.
    pub async fn write_pulls(&self) -> Result<(), OciError> {
        let noted = std::mem::take(&mut *self.inner.pulls.lock().unwrap_or_else(PoisonError::into_inner));
        // Those that are written at the same time share a wait for the disk.
        let writes = stream::iter(noted).map(|(Pulls { account, name }, at)| async move {
            let mut batch = Batch::new();
            // Of an image that was deleted nothing is left.
            self.inner.images.require(&mut batch, &account, "", &name, Expect::Present);
            self.inner.pulled.put(&mut batch, &account, "", &name, &Pulled { at }, Expect::Any);
            match self.inner.store.commit(batch).await {
                Ok(_) | Err(StoreError::Conflict(_)) => Ok(()),
                Err(error) => Err(OciError::from(error)),
            }
        });
        writes.buffer_unordered(AT_A_TIME).try_collect().await
    }

    pub(crate) fn note_pulls_in_the_background(&self) {
        let inner = Arc::downgrade(&self.inner);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(EVERY).await;
                let Some(inner) = inner.upgrade() else { return };
                match (Registry { inner }).write_pulls().await {
                    Ok(()) => {}
                    Err(OciError::Store(StoreError::Closed)) => return,
                    Err(error) => {
                        tracing::warn!(error = &error as &dyn std::error::Error, "times of pulls are lost");
                    }
                }
            }
        });
    }
}
