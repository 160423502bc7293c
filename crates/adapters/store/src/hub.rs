//! Who has to know that something changed: caches at once, subscribers in turn.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::sync::broadcast;

use crate::place::Place;

/// How many changes a slow subscriber may be behind before it is told that anything may have changed.
pub(crate) const BACKLOG: usize = 1_024;

/// What changed, told by [`Changes::next`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changed {
    /// These places, written or deleted.
    Places(Arc<[Place]>),
    /// Anything: there were too many changes to name them.
    Anything,
}

/// The changes of the database, this process's own and those of others, in their order.
#[derive(Debug)]
pub struct Changes {
    receiver: Option<broadcast::Receiver<Changed>>,
}

impl Changes {
    /// The next change; none when the store is closed.
    pub async fn next(&mut self) -> Option<Changed> {
        match self.receiver.as_mut()?.recv().await {
            Ok(changed) => Some(changed),
            Err(broadcast::error::RecvError::Lagged(_)) => Some(Changed::Anything),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}

/// A cache of one kind's records that never shows what a finished commit has replaced.
pub(crate) trait Coherent: Send + Sync {
    /// A commit is about to change the place: until it has, the database alone knows what is there.
    fn suspend(&self, place: &Place);
    /// The commit is over, one way or the other.
    fn resume(&self, place: &Place);
    /// The place was changed elsewhere.
    fn forget(&self, place: &Place);
    /// Anything was changed elsewhere.
    fn forget_all(&self);
}

/// The caches, the subscribers, and how lately others' changes were looked for.
pub(crate) struct Hub {
    caches: Mutex<HashMap<&'static str, Vec<Weak<dyn Coherent>>>>,
    subscribers: broadcast::WeakSender<Changed>,
    opened: Instant,
    /// When others' changes were last looked for, in milliseconds since `opened`.
    looked: AtomicU64,
    stale_after: Duration,
}

impl Hub {
    pub(crate) fn new(subscribers: broadcast::WeakSender<Changed>, stale_after: Duration) -> Self {
        Self {
            caches: Mutex::default(),
            subscribers,
            opened: Instant::now(),
            looked: AtomicU64::new(0),
            stale_after,
        }
    }

    pub(crate) fn register(&self, kind: &'static str, cache: Weak<dyn Coherent>) {
        let mut caches = self.caches.lock().unwrap_or_else(PoisonError::into_inner);
        let caches = caches.entry(kind).or_default();
        caches.retain(|cache| cache.strong_count() > 0);
        caches.push(cache);
    }

    pub(crate) fn subscribe(&self) -> Changes {
        Changes { receiver: self.subscribers.upgrade().map(|sender| sender.subscribe()) }
    }

    /// Notes that at this time nothing was unknown of what others had changed.
    pub(crate) fn looked(&self, at: Instant) {
        let at = at.saturating_duration_since(self.opened).as_millis();
        self.looked.fetch_max(u64::try_from(at).unwrap_or(u64::MAX), Ordering::Release);
    }

    /// Whether caches may still answer. Not if the database could not be asked for so long that they may be of old.
    pub(crate) fn is_fresh(&self) -> bool {
        let looked = Duration::from_millis(self.looked.load(Ordering::Acquire));
        self.opened.elapsed().saturating_sub(looked) <= self.stale_after
    }

    pub(crate) fn suspend<'p>(&self, places: impl Iterator<Item = &'p Place>) {
        self.each(places, |cache, place| cache.suspend(place));
    }

    pub(crate) fn resume<'p>(&self, places: impl Iterator<Item = &'p Place>) {
        self.each(places, |cache, place| cache.resume(place));
    }

    pub(crate) fn forget(&self, changed: &Changed) {
        match changed {
            Changed::Places(places) => self.each(places.iter(), |cache, place| cache.forget(place)),
            Changed::Anything => {
                let caches = self.caches.lock().unwrap_or_else(PoisonError::into_inner);
                for cache in caches.values().flatten().filter_map(Weak::upgrade) {
                    cache.forget_all();
                }
            }
        }
    }

    fn each<'p>(&self, places: impl Iterator<Item = &'p Place>, tell: impl Fn(&dyn Coherent, &Place)) {
        let caches = self.caches.lock().unwrap_or_else(PoisonError::into_inner);
        for place in places {
            for cache in caches.get(place.kind.as_str()).into_iter().flatten().filter_map(Weak::upgrade) {
                tell(&*cache, place);
            }
        }
    }
}
