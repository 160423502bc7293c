//! What is known of the backend's key, as one snapshot: what Status tells is what Encrypt does.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use ringwall_envelope::Key;
use tokio::time::Instant;
use tonic::{Code, Status};

use crate::{BackendError, Class, Sealed};

/// The key that seals.
#[derive(Debug)]
pub(super) struct Current {
    pub(super) sealed: Sealed,
    pub(super) key_id: String,
    /// The sealed KEK again, as it goes out.
    pub(super) annotation: Bytes,
    pub(super) kek: Arc<Key>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Snapshot {
    pub(super) current: Option<Arc<Current>>,
    /// When the latest probe that succeeded began.
    proven: Option<Instant>,
    /// Why the latest probe failed, if it did.
    pub(super) trouble: Option<BackendError>,
}

#[derive(Debug)]
pub(super) struct State {
    snapshot: ArcSwap<Snapshot>,
    grace: Duration,
}

impl State {
    pub(super) fn new(grace: Duration) -> Self {
        Self { snapshot: ArcSwap::default(), grace }
    }

    pub(super) fn now(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    /// The key that seals, unless the backend has been out of reach for too long, or was never reached.
    pub(super) fn usable(&self) -> Result<Arc<Current>, Status> {
        let snapshot = self.now();
        let trouble = snapshot.trouble.as_ref();
        let fail = |since: &str| {
            let code = match trouble.map(|trouble| trouble.class) {
                None => Code::Unavailable,
                // It was ours to seal and open: the caller did nothing wrong.
                Some(Class::Corruption) => Code::Internal,
                Some(class) => class.code(),
            };
            let why = trouble.map_or("the backend does not answer", |trouble| &trouble.message);
            Status::new(code, format!("the key that seals can't be used{since}: {why}"))
        };
        match (&snapshot.current, snapshot.proven) {
            (Some(current), Some(proven)) if proven.elapsed() <= self.grace => Ok(Arc::clone(current)),
            (Some(_), Some(proven)) => Err(fail(&format!(" for {} s", proven.elapsed().as_secs()))),
            _ if trouble.is_none() => Err(Status::unavailable("the plugin has just started")),
            _ => Err(fail("")),
        }
    }

    /// A probe that began then succeeded, and maybe found another key to seal with.
    pub(super) fn proven(&self, began: Instant, current: Arc<Current>) {
        self.snapshot.store(Arc::new(Snapshot {
            current: Some(current),
            proven: Some(began),
            trouble: None,
        }));
    }

    /// A probe failed.
    pub(super) fn failed(&self, trouble: BackendError) {
        let snapshot = Snapshot { trouble: Some(trouble), ..Snapshot::clone(&self.now()) };
        self.snapshot.store(Arc::new(snapshot));
    }
}
