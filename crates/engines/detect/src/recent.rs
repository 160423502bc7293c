//! What is remembered for a while.

use std::hash::Hash;
use std::mem;

use hashbrown::HashMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::keep::at_most;

/// A map of bounded size in two generations: when the younger has `MOST`, the older goes. What is changed becomes young again.
#[derive(Debug)]
pub(crate) struct Recent<K, V, const MOST: usize> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
}

impl<K, V, const MOST: usize> Default for Recent<K, V, MOST> {
    fn default() -> Self {
        Self { young: HashMap::new(), old: HashMap::new() }
    }
}

impl<K: Hash + Eq, V, const MOST: usize> Recent<K, V, MOST> {
    /// What is known of a key.
    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.young.get(key).or_else(|| self.old.get(key))
    }

    /// Whether a key is in the younger generation.
    pub(crate) fn is_young(&self, key: &K) -> bool {
        self.young.contains_key(key)
    }

    /// What is known of a key, which becomes young by being asked for.
    pub(crate) fn touch(&mut self, key: K) -> Option<&mut V>
    where
        K: Copy,
    {
        if !self.young.contains_key(&key) {
            let value = self.old.remove(&key)?;
            self.insert(key, value);
        }
        self.young.get_mut(&key)
    }

    /// What is known of a key, to be changed; nothing is known if it is new.
    pub(crate) fn entry(&mut self, key: K) -> &mut V
    where
        V: Default,
    {
        if !self.young.contains_key(&key) {
            let value = self.old.remove(&key).unwrap_or_default();
            self.make_room();
            return self.young.entry(key).insert(value).into_mut();
        }
        self.young.entry(key).or_default()
    }

    /// Knows a value of a key from now on.
    pub(crate) fn insert(&mut self, key: K, value: V) {
        if !self.young.contains_key(&key) {
            self.old.remove(&key);
            self.make_room();
        }
        self.young.insert(key, value);
    }

    fn make_room(&mut self) {
        if self.young.len() >= MOST {
            self.turn();
        }
    }

    /// Ends the younger generation before it is full.
    pub(crate) fn turn(&mut self) {
        self.old = mem::take(&mut self.young);
    }

    #[cfg(test)]
    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        self.young.values().chain(self.old.values())
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }
}

impl<K: Serialize + Ord, V: Serialize, const MOST: usize> Serialize for Recent<K, V, MOST> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (sorted(&self.young), sorted(&self.old)).serialize(serializer)
    }
}

/// Maps have an order by chance; what is written is the same for the same.
fn sorted<K: Ord, V>(generation: &HashMap<K, V>) -> Vec<(&K, &V)> {
    let mut all: Vec<(&K, &V)> = generation.iter().collect();
    all.sort_unstable_by_key(|(key, _)| *key);
    all
}

impl<'de, K, V, const MOST: usize> Deserialize<'de> for Recent<K, V, MOST>
where
    K: Deserialize<'de> + Hash + Eq,
    V: Deserialize<'de>,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(bound = "K: Deserialize<'de>, V: Deserialize<'de>")]
        struct Generation<K, V, const MOST: usize>(
            #[serde(deserialize_with = "at_most::<MOST, _, _>")] Vec<(K, V)>,
        );

        let (young, old) = <(Generation<K, V, MOST>, Generation<K, V, MOST>)>::deserialize(deserializer)?;
        Ok(Self { young: young.0.into_iter().collect(), old: old.0.into_iter().collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_stays_and_the_rest_goes() {
        let mut recent: Recent<u32, u32, 10> = Recent::default();
        *recent.entry(7) = 70;
        for number in 100..1000 {
            *recent.entry(number) = number;
            assert_eq!(recent.touch(7), Some(&mut 70));
            assert!(recent.len() <= 20);
        }
        assert_eq!(recent.get(&100), None);
        assert_eq!(recent.touch(100), None);
        assert_eq!(recent.get(&999), Some(&999));
    }

    #[test]
    fn what_is_asked_for_as_the_generation_ends_is_not_lost() {
        let mut recent: Recent<u32, u32, 2> = Recent::default();
        for number in 0..4 {
            *recent.entry(number) = number;
        }
        assert_eq!(*recent.entry(1), 1, "it was old, and the young were full");
    }

    #[test]
    fn more_than_there_can_be_is_not_read() {
        let mut recent: Recent<u32, String, 3> = Recent::default();
        for number in 0..5 {
            recent.insert(number, number.to_string());
        }
        let bytes = rmp_serde::to_vec_named(&recent).unwrap();
        let read: Recent<u32, String, 3> = rmp_serde::from_slice(&bytes).unwrap();
        assert_eq!((&read.young, &read.old), (&recent.young, &recent.old));
        assert!(rmp_serde::from_slice::<Recent<u32, String, 2>>(&bytes).is_err());
    }
}
