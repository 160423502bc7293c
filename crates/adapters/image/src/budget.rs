//! What all who read layers of an image at a time share.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};

use crate::error::ImageError;
use crate::limits::{MAX_ENTRIES, MAX_HELD, MAX_NAMES};

/// Files below this, in bytes, are held without asking.
const SMALL: u64 = 4 << 20;

/// Counts entries and names, and bounds the bytes of files that are held at a time.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    entries: AtomicUsize,
    names: AtomicUsize,
    held: Mutex<u64>,
    freed: Condvar,
}

impl Budget {
    /// Counts an entry with so many bytes of names.
    pub(crate) fn entry(&self, names: usize) -> Result<(), ImageError> {
        if self.entries.fetch_add(1, Ordering::Relaxed) >= MAX_ENTRIES {
            return Err(ImageError::Entries);
        }
        if self.names.fetch_add(names, Ordering::Relaxed) > MAX_NAMES {
            return Err(ImageError::Names);
        }
        Ok(())
    }

    /// Waits until so many bytes may be held. Nobody may hold two files, or two would wait for each other.
    pub(crate) fn hold(&self, bytes: u64) -> Held<'_> {
        let bytes = if bytes < SMALL { 0 } else { bytes.min(MAX_HELD) };
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        while bytes > 0 && *held > MAX_HELD - bytes {
            held = self.freed.wait(held).unwrap_or_else(PoisonError::into_inner);
        }
        *held += bytes;
        Held { budget: self, bytes }
    }
}

/// Bytes that are held until this is dropped.
pub(crate) struct Held<'b> {
    budget: &'b Budget,
    bytes: u64,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        *self.budget.held.lock().unwrap_or_else(PoisonError::into_inner) -= self.bytes;
        self.budget.freed.notify_all();
    }
}

/// How far reading is, for who looks on.
#[derive(Debug, Default)]
pub struct Progress {
    /// Bytes that are to be read, as they are stored.
    pub total: AtomicU64,
    /// Bytes that were.
    pub done: AtomicU64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_and_names_end() {
        let budget = Budget::default();
        for _ in 0..MAX_ENTRIES {
            budget.entry(1).unwrap();
        }
        assert!(matches!(budget.entry(1), Err(ImageError::Entries)));
        let budget = Budget::default();
        budget.entry(MAX_NAMES).unwrap();
        budget.entry(1).unwrap();
        assert!(matches!(budget.entry(1), Err(ImageError::Names)));
    }

    #[test]
    fn files_are_held_up_to_a_bound() {
        let budget = Budget::default();
        let most = std::sync::Mutex::new(0);
        std::thread::scope(|scope| {
            for number in 0..8 {
                let (budget, most) = (&budget, &most);
                scope.spawn(move || {
                    for round in 0..50 {
                        let held = budget.hold((number * 50 + round) << 20);
                        let now = *budget.held.lock().unwrap();
                        let mut most = most.lock().unwrap();
                        *most = now.max(*most);
                        drop((most, held));
                    }
                });
            }
        });
        let most = *most.lock().unwrap();
        assert!(most > SMALL && most <= MAX_HELD, "{most}");
        assert_eq!(*budget.held.lock().unwrap(), 0);
    }
}
