//! Look-up by name without regard to case, as IAM compares the names of services, actions and condition keys.

use std::hash::{Hash, Hasher};

use hashbrown::HashMap;

/// Values in the order of the data file, and where each name is among them.
#[derive(Debug)]
pub(super) struct Named<T> {
    items: Box<[T]>,
    index: HashMap<Caseless<'static>, usize>,
}

impl<T> Named<T> {
    pub(super) fn new(items: Vec<T>, name: impl Fn(&T) -> &'static str) -> Self {
        let index = items.iter().enumerate().map(|(index, item)| (Caseless(name(item)), index)).collect();
        Self { items: items.into_boxed_slice(), index }
    }

    pub(super) fn items(&self) -> &[T] {
        &self.items
    }

    pub(super) fn get(&self, name: &str) -> Option<&T> {
        let index: &HashMap<Caseless<'_>, usize> = &self.index;
        self.items.get(*index.get(&Caseless(name))?)
    }
}

/// A name whose ASCII letters are equal in either case. The names of AWS are ASCII.
#[derive(Debug, Clone, Copy)]
struct Caseless<'a>(&'a str);

impl PartialEq for Caseless<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(other.0)
    }
}

impl Eq for Caseless<'_> {}

impl Hash for Caseless<'_> {
    /// Eight bytes at a time: this is on the way of every look-up.
    fn hash<H: Hasher>(&self, state: &mut H) {
        for chunk in self.0.as_bytes().chunks(8) {
            let mut word = [0; 8];
            for (to, from) in word.iter_mut().zip(chunk) {
                *to = from.to_ascii_lowercase();
            }
            state.write_u64(u64::from_le_bytes(word));
        }
        state.write_usize(self.0.len());
    }
}
