//! The feed of changes, which workers follow.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::error::OciError;
use crate::registry::Registry;
use crate::repository::Repository;

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
        to: crate::image::StorageClass,
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
    /// Changes after a sequence number, in all registries; 0 is before the first one. They are kept for
    /// [`Settings::keep_changes`](crate::Settings::keep_changes).
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn changes(&self, after: i64, limit: usize) -> Result<Changes, OciError> {
        let _ = (after, limit);
        Err(self.unfinished())
    }

    /// Returns when there may be changes after a sequence number.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn wait_for_changes(&self, after: i64) -> Result<(), OciError> {
        let _ = after;
        Err(self.unfinished())
    }
}
