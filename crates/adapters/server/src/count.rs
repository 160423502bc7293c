//! How much of something is in use, with a limit that may change, and a way to wait for it.

use std::sync::Arc;

use tokio::sync::watch;

/// An amount in use. A semaphore would do but for its permits, which can't be fewer than are taken when a limit is
/// lowered while the server runs.
#[derive(Clone, Debug)]
pub(crate) struct Count(Arc<watch::Sender<usize>>);

/// A part of a [`Count`], given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Taken {
    count: Count,
    amount: usize,
}

impl Count {
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }

    /// Takes an amount unless that would exceed the limit.
    pub(crate) fn take(&self, amount: usize, limit: usize) -> Option<Taken> {
        let mut taken = Taken { count: self.clone(), amount: 0 };
        taken.more(amount, limit).then_some(taken)
    }

    /// Waits until less than this is in use.
    pub(crate) async fn below(&self, limit: usize) {
        // Fails only when the sender is gone, and `self` holds it.
        let _ = self.0.subscribe().wait_for(|now| *now < limit).await;
    }

    pub(crate) fn now(&self) -> usize {
        *self.0.borrow()
    }
}

impl Taken {
    /// Takes more, unless the sum in use would exceed the limit.
    pub(crate) fn more(&mut self, amount: usize, limit: usize) -> bool {
        let fits = self.count.0.send_if_modified(|now| match now.checked_add(amount) {
            Some(sum) if sum <= limit => {
                *now = sum;
                true
            }
            _ => false,
        });
        if fits {
            self.amount = self.amount.saturating_add(amount);
        }
        fits
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.count.0.send_modify(|now| *now = now.saturating_sub(self.amount));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_holds_and_what_is_dropped_is_given_back() {
        let count = Count::new();
        let mut first = count.take(2, 3).unwrap();
        assert!(count.take(2, 3).is_none());
        assert!(first.more(1, 3));
        assert!(!first.more(1, 3));
        assert_eq!(count.now(), 3);
        drop(first);
        assert_eq!(count.now(), 0);
        assert!(count.take(usize::MAX, usize::MAX).is_some());
    }

    #[tokio::test]
    async fn waiting_ends_when_enough_is_given_back() {
        let count = Count::new();
        let held = count.take(1, 1).unwrap();
        let waiting = tokio::spawn({
            let count = count.clone();
            async move { count.below(1).await }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(held);
        waiting.await.unwrap();
    }
}
