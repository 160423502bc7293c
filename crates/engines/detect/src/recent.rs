//! What is remembered for a while.

use std::hash::Hash;

use hashbrown::HashMap;

/// A map of bounded size in two generations: when the younger is full, the older goes. What is looked at becomes young again.
#[derive(Debug)]
pub(crate) struct Recent<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
    most: usize,
}

impl<K: Hash + Eq + Clone, V: Default> Recent<K, V> {
    /// One that keeps the latest `most` at least, and twice as many at most.
    pub(crate) fn new(most: usize) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), most }
    }

    /// What is known of a key.
    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.young.get(key).or_else(|| self.old.get(key))
    }

    /// What is known of a key, to be changed; nothing is known if it is new.
    pub(crate) fn entry(&mut self, key: K) -> &mut V {
        if !self.young.contains_key(&key) && self.young.len() >= self.most {
            self.old = std::mem::take(&mut self.young);
        }
        let old = &mut self.old;
        self.young.entry(key).or_insert_with_key(|key| old.remove(key).unwrap_or_default())
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_stays_and_the_rest_goes() {
        let mut recent: Recent<u32, u32> = Recent::new(10);
        *recent.entry(7) = 70;
        for number in 100..1000 {
            *recent.entry(number) = number;
            assert_eq!(*recent.entry(7), 70);
            assert!(recent.len() <= 20);
        }
        assert_eq!(recent.get(&100), None);
        assert_eq!(recent.get(&999), Some(&999));
    }
}
