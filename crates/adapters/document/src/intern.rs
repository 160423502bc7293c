use std::hash::BuildHasher;
use std::sync::Arc;

use hashbrown::DefaultHashBuilder;

/// Longest text that is shared; names, kinds, label keys and images are shorter, and longer texts seldom recur.
const MAX_LENGTH: usize = 128;

/// Slots of the cache. Fixed, so that a file full of unique texts can't make it grow.
const SLOTS: usize = 1 << 14;

/// Hands out one shared string for texts that recur: a cache in which a newer text may drive out an older one.
#[derive(Debug)]
pub(crate) struct Interner {
    slots: Box<[Option<Arc<str>>]>,
    hasher: DefaultHashBuilder,
}

impl Default for Interner {
    fn default() -> Self {
        Self { slots: vec![None; SLOTS].into_boxed_slice(), hasher: DefaultHashBuilder::default() }
    }
}

impl Interner {
    pub(crate) fn share(&mut self, text: &str) -> Arc<str> {
        if text.len() > MAX_LENGTH {
            return text.into();
        }
        let hash = self.hasher.hash_one(text);
        let index = usize::try_from(hash % SLOTS as u64).unwrap_or_default();
        let Some(slot) = self.slots.get_mut(index) else { return text.into() };
        match slot {
            Some(known) if **known == *text => Arc::clone(known),
            _ => Arc::clone(slot.insert(text.into())),
        }
    }
}
