//! One read for all who wait for the same thing, and none of them gets an answer older than its question.

use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Reads that are going on, by what is read.
#[derive(Debug)]
pub(super) struct Flights<T> {
    slots: Mutex<HashMap<String, Slot<T>>>,
    /// Numbers questions and reads in the order in which they began.
    ticks: AtomicU64,
}

/// The read that began last, with its number.
type Slot<T> = Arc<tokio::sync::Mutex<Option<(u64, T)>>>;

/// A place in a slot, which goes away with the last of them.
struct Seat<'a, T> {
    flights: &'a Flights<T>,
    key: &'a str,
    slot: Option<Slot<T>>,
}

impl<T> Default for Flights<T> {
    fn default() -> Self {
        Self { slots: Mutex::default(), ticks: AtomicU64::new(0) }
    }
}

impl<T: Clone> Flights<T> {
    /// What `read` gives, or gave to another that waited too, if that read began after this question came.
    ///
    /// So whoever comes while a read is going on waits for the next one, which is shared by all who came meanwhile.
    pub(super) async fn run<F: Future<Output = T>>(&self, key: &str, read: impl FnOnce() -> F) -> T {
        let asked = self.tick();
        let seat = self.seat(key);
        let slot = seat.slot.clone().unwrap_or_default();
        let mut last = slot.lock().await;
        if let Some((_, value)) = last.as_ref().filter(|(began, _)| *began > asked) {
            return value.clone();
        }
        let began = self.tick();
        let value = read().await;
        *last = Some((began, value.clone()));
        value
    }

    fn tick(&self) -> u64 {
        self.ticks.fetch_add(1, Ordering::SeqCst)
    }

    fn seat<'a>(&'a self, key: &'a str) -> Seat<'a, T> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = Arc::clone(slots.entry(key.to_owned()).or_default());
        Seat { flights: self, key, slot: Some(slot) }
    }
}

impl<T> Drop for Seat<'_, T> {
    fn drop(&mut self) {
        let mut slots = self.flights.slots.lock().unwrap_or_else(PoisonError::into_inner);
        self.slot = None;
        // What is left is the map's own, if nobody else waits.
        if slots.get(self.key).is_some_and(|slot| Arc::strong_count(slot) == 1) {
            slots.remove(self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use tokio::sync::Semaphore;

    use super::*;

    #[tokio::test]
    async fn those_who_come_during_a_read_share_the_next() {
        let flights = Arc::new(Flights::<usize>::default());
        let reads = Arc::new(AtomicUsize::new(0));
        let gate = Arc::new(Semaphore::new(0));
        let ask = || {
            let (flights, reads, gate) = (Arc::clone(&flights), Arc::clone(&reads), Arc::clone(&gate));
            tokio::spawn(async move {
                let read = || async {
                    let number = reads.fetch_add(1, Ordering::SeqCst);
                    gate.acquire().await.unwrap().forget();
                    number
                };
                flights.run("shop/checkout", read).await
            })
        };
        let first = ask();
        while reads.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        let others: Vec<_> = (0..50).map(|_| ask()).collect();
        for _ in 0..200 {
            tokio::task::yield_now().await;
        }
        gate.add_permits(2);
        assert_eq!(first.await.unwrap(), 0);
        for other in others {
            assert_eq!(other.await.unwrap(), 1, "not the read that began before the question");
        }
        assert_eq!(reads.load(Ordering::SeqCst), 2);
        assert!(flights.slots.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn who_gives_up_leaves_nothing_behind() {
        let flights = Arc::new(Flights::<usize>::default());
        let waiting = tokio::spawn({
            let flights = Arc::clone(&flights);
            async move { flights.run("a", std::future::pending::<usize>).await }
        });
        tokio::task::yield_now().await;
        assert_eq!(flights.slots.lock().unwrap().len(), 1);
        waiting.abort();
        assert!(waiting.await.is_err());
        assert!(flights.slots.lock().unwrap().is_empty());
        assert_eq!(flights.run("a", || async { 7 }).await, 7);
    }
}
