//! Outcomes kept until a time, no more than so many.

use std::collections::BTreeSet;

use hashbrown::HashMap;

/// What an outcome is kept by: the SHA-256 of a cluster's id and a token.
pub(super) type Key = [u8; 32];

/// Outcomes by key, with the time until which each counts. The clock is the caller's, which a library's cache would not go by.
#[derive(Debug)]
pub(super) struct Kept<T> {
    entries: HashMap<Key, (i64, T)>,
    /// The same by time: what is over, and what gives way when there is no room, stands in front.
    by_end: BTreeSet<(i64, Key)>,
    capacity: usize,
}

impl<T: Clone> Kept<T> {
    pub(super) fn new(capacity: usize) -> Self {
        Self { entries: HashMap::new(), by_end: BTreeSet::new(), capacity }
    }

    pub(super) fn get(&self, key: &Key, now: i64) -> Option<T> {
        self.entries.get(key).filter(|(until, _)| now <= *until).map(|(_, value)| value.clone())
    }

    /// Keeps a value; what ends first gives way.
    pub(super) fn insert(&mut self, key: Key, until: i64, value: T, now: i64) {
        if self.capacity == 0 || until < now {
            return;
        }
        if let Some((old, _)) = self.entries.remove(&key) {
            self.by_end.remove(&(old, key));
        }
        while let Some((end, first)) = self.by_end.first().copied()
            && (end < now || self.entries.len() >= self.capacity)
        {
            self.by_end.remove(&(end, first));
            self.entries.remove(&first);
        }
        self.by_end.insert((until, key));
        self.entries.insert(key, (until, value));
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> Key {
        [byte; 32]
    }

    #[test]
    fn what_is_over_is_not_found_and_goes() {
        let mut kept = Kept::new(10);
        kept.insert(key(1), 100, "a", 50);
        assert_eq!((kept.get(&key(1), 100), kept.get(&key(1), 101)), (Some("a"), None));
        kept.insert(key(2), 200, "b", 101);
        assert_eq!((kept.len(), kept.by_end.len()), (1, 1));
        kept.insert(key(3), 100, "c", 101);
        assert_eq!((kept.get(&key(3), 50), kept.len()), (None, 1), "over before it was kept");
    }

    #[test]
    fn what_ends_first_gives_way() {
        let mut kept = Kept::new(2);
        for (byte, until) in [(1, 300), (2, 100), (3, 200)] {
            kept.insert(key(byte), until, byte, 0);
        }
        assert_eq!([1, 2, 3].map(|byte| kept.get(&key(byte), 0)), [Some(1), None, Some(3)]);
        kept.insert(key(3), 400, 33, 0);
        assert_eq!((kept.get(&key(1), 0), kept.get(&key(3), 350)), (Some(1), Some(33)));
        assert_eq!((kept.len(), kept.by_end.len()), (2, 2));
    }
}
