//! A registry's parts.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use ringwall_objects::Objects;
use ringwall_store::Store;

use crate::error::OciError;
use crate::repository::Repository;

/// What time it is.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Whether a tag of a repository that names one image may be made to name another one.
pub type TagRule = Arc<dyn Fn(&Repository, &str) -> bool + Send + Sync>;

/// How a registry behaves.
#[derive(Clone)]
pub struct Settings {
    /// What time it is.
    pub clock: Clock,
    /// Which tags may move. None may unless somebody says so.
    pub tag_rule: TagRule,
    /// How long a blob is kept after it was pushed, mounted or asked for, although no manifest needs it. Default 24 hours.
    pub grace: Duration,
    /// How long an upload is kept after its last piece. Default 24 hours.
    pub upload_grace: Duration,
    /// How long an object is kept after nothing names it any more, for who reads it still. Default 1 hour.
    pub reader_grace: Duration,
    /// How long changes are kept. Default 7 days.
    pub keep_changes: Duration,
    /// The largest blob in bytes. Default 52,000 MiB, ECR's largest layer.
    pub max_blob: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            clock: Arc::new(Timestamp::now),
            tag_rule: Arc::new(|_, _| false),
            grace: Duration::from_secs(24 * 3_600),
            upload_grace: Duration::from_secs(24 * 3_600),
            reader_grace: Duration::from_secs(3_600),
            keep_changes: Duration::from_secs(7 * 24 * 3_600),
            max_blob: 52_000 << 20,
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("grace", &self.grace).finish_non_exhaustive()
    }
}

/// All registries of an installation. Cloning is cheap, and clones are the same.
#[derive(Clone)]
pub struct Registry {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) objects: Objects,
    pub(crate) store: Store,
    pub(crate) settings: Settings,
}

impl Registry {
    /// Opens what the store and the objects hold.
    ///
    /// # Errors
    ///
    /// Those of store and objects.
    pub async fn open(objects: Objects, store: Store, settings: Settings) -> Result<Self, OciError> {
        Ok(Self { inner: Arc::new(Inner { objects, store, settings }) })
    }

    pub(crate) fn unfinished(&self) -> OciError {
        let _ = (&self.inner.objects, &self.inner.store, &self.inner.settings);
        OciError::Contended
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").finish_non_exhaustive()
    }
}
