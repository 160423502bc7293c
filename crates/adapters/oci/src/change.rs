//! The feed of changes, which workers follow.

use jiff::Timestamp;
use ringwall_store::{Batch, Changed, Expect, Place, StoreError};
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::error::OciError;
use crate::image::StorageClass;
use crate::registry::Registry;
use crate::repository::Repository;

/// The kind of their records, which belong to no account, so that those of all are read together.
pub(crate) const KIND: &str = "oci/change";

/// What happened in one commit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Its place in the order of all changes, which no other has. Later ones have higher numbers, with gaps.
    #[serde(skip)]
    pub sequence: i64,
    /// The registry.
    pub account: String,
    /// The repository's name.
    pub repository: String,
    /// The repository's [`Repository::id`].
    pub repository_id: String,
    /// When it was.
    pub at: Timestamp,
    /// What it was.
    pub event: Event,
}

/// What can happen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case", tag = "kind")]
#[non_exhaustive]
pub enum Event {
    /// A repository was made.
    RepositoryCreated,
    /// A repository's settings were changed.
    RepositoryChanged,
    /// A repository was deleted with all that it held.
    RepositoryDeleted {
        /// As it was.
        repository: Repository,
    },
    /// A manifest was pushed, or tags were set to it.
    Pushed {
        /// Which.
        digest: Digest,
        /// The media type under which.
        media_type: String,
        /// The tags that name it now and did not before.
        tags: Vec<String>,
        /// Whether the repository did not have it before.
        is_new: bool,
        /// What it has as its subject.
        subject: Option<Digest>,
    },
    /// A tag was taken away.
    Untagged {
        /// The image that it named.
        digest: Digest,
        /// The tag.
        tag: String,
    },
    /// An image was deleted, with its tags.
    Deleted {
        /// Which.
        digest: Digest,
        /// The tags.
        tags: Vec<String>,
    },
    /// An image was archived or activated.
    Moved {
        /// Which.
        digest: Digest,
        /// Where it is now.
        to: StorageClass,
    },
}

/// A page of the feed.
#[derive(Debug, Clone, PartialEq)]
pub struct Changes {
    /// In their order.
    pub changes: Vec<Change>,
    /// After what to ask next. It grows also when nothing is there to tell.
    pub next: i64,
}

impl Registry {
    /// Adds to a batch what it does. Its number is that of the commit, so that nobody has to draw one beforehand.
    pub(crate) fn tell(
        &self,
        batch: &mut Batch,
        account: &str,
        repository: &Repository,
        event: Event,
    ) -> Result<(), OciError> {
        let change = Change {
            sequence: 0,
            account: account.to_owned(),
            repository: repository.name.clone(),
            repository_id: repository.id.clone(),
            at: self.now(),
            event,
        };
        // In order of time, so that the oldest are found first.
        let name = format!("{:020}-{}", change.at.as_millisecond().max(0), self.random::<8>()?);
        let place = Place::new("", "", KIND, name);
        let body = serde_json::to_vec(&change)
            .map_err(|cause| StoreError::Unwritable { place: place.clone(), cause: cause.into() })?;
        batch.put(place, body, Expect::Absent);
        Ok(())
    }

    /// Changes after a sequence number, in all registries; 0 is before the first one. They are kept for
    /// [`Settings::keep_changes`](crate::Settings::keep_changes).
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn changes(&self, after: i64, limit: usize) -> Result<Changes, OciError> {
        let (records, next) = self.inner.store.scan_since(KIND, after, limit).await?;
        let changes = records.into_iter().map(|record| match serde_json::from_slice(&record.body) {
            Ok(change) => Ok(Change { sequence: record.revision, ..change }),
            Err(cause) => {
                Err(OciError::from(StoreError::Unreadable { place: record.place, cause: cause.into() }))
            }
        });
        Ok(Changes { changes: changes.collect::<Result<_, _>>()?, next })
    }

    /// Returns when there may be changes after a sequence number, or the store is closed.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn wait_for_changes(&self, after: i64) -> Result<(), OciError> {
        // Listening comes before looking, so that nothing falls between.
        let mut told = self.inner.store.subscribe();
        if !self.changes(after, 1).await?.changes.is_empty() {
            return Ok(());
        }
        loop {
            match told.next().await {
                Some(Changed::Places(places)) if places.iter().all(|place| place.kind != KIND) => {}
                _ => return Ok(()),
            }
        }
    }
}
