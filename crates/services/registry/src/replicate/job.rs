use std::time::Duration;

use jiff::Timestamp;
use ringwall_registry::replication::Destination;
use serde::{Deserialize, Serialize};

/// One image, to be told to one destination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// The registry here.
    pub account: String,
    /// The repository's name, here and there.
    pub repository: String,
    /// Its id here.
    pub repository_id: String,
    /// The image.
    pub digest: String,
    /// Where to.
    pub destination: Destination,
    /// What.
    pub kind: Kind,
    /// The change it comes of; 0 for a backfill.
    pub sequence: i64,
    /// The backfill it comes of.
    #[serde(default)]
    pub backfill: Option<String>,
    /// How often it was tried.
    pub attempts: u32,
    /// How often the other side refused it.
    pub refusals: u32,
    /// When it is tried next (milliseconds since 1970).
    pub not_before: i64,
}

/// What is to be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Kind {
    /// The image is there, under a tag or without one.
    Push {
        /// The tag.
        tag: Option<String>,
    },
    /// A tag is gone.
    Untag {
        /// The tag.
        tag: String,
    },
    /// The image is gone.
    Delete,
}

impl Job {
    /// Its name in the queue: by destination and repository, then in the order of changes.
    pub(super) fn name(&self) -> String {
        let tag = match &self.kind {
            Kind::Push { tag } => format!("push:{}", tag.as_deref().unwrap_or_default()),
            Kind::Untag { tag } => format!("untag:{tag}"),
            Kind::Delete => "delete:".to_owned(),
        };
        format!("{} {:020} {} {tag}", self.queue(), self.sequence, self.digest)
    }

    /// Jobs of one queue are done one after the other.
    pub(super) fn queue(&self) -> String {
        format!("{} {} {}", self.destination, self.account, self.repository)
    }

    /// The same, to be tried again after a while: twice as long as before.
    pub(super) fn later(&self, now: Timestamp, is_refused: bool, max: Duration) -> Self {
        let wait = Duration::from_secs(1).saturating_mul(2_u32.saturating_pow(self.attempts)).min(max);
        let wait = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
        Self {
            attempts: self.attempts.saturating_add(1),
            refusals: self.refusals.saturating_add(u32::from(is_refused)),
            not_before: now.as_millisecond().saturating_add(wait),
            ..self.clone()
        }
    }
}
