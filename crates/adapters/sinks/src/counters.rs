use std::sync::atomic::{AtomicU64, Ordering};

/// What became of a sink's notices since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Notices that were delivered.
    pub delivered: u64,
    /// Notices that it does not get by its filter.
    pub filtered: u64,
    /// Deliveries that have to be tried again.
    pub retried: u64,
    /// Deliveries of which the receiver takes nothing.
    pub closed: u64,
    /// Notices that were refused for what they are, and set aside.
    pub refused: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    delivered: AtomicU64,
    filtered: AtomicU64,
    retried: AtomicU64,
    closed: AtomicU64,
    refused: AtomicU64,
}

impl Counters {
    pub(crate) fn delivered(&self, count: usize) {
        self.delivered.fetch_add(count as u64, Ordering::Relaxed);
    }

    pub(crate) fn filtered(&self) {
        self.filtered.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn retried(&self) {
        self.retried.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn closed(&self) {
        self.closed.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> Counted {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counted {
            delivered: of(&self.delivered),
            filtered: of(&self.filtered),
            retried: of(&self.retried),
            closed: of(&self.closed),
            refused: of(&self.refused),
        }
    }
}
