use std::sync::Arc;

use crate::key::Key;

/// What a request carries beside its principal, action and resource: keys with their values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// Sorted by the key.
    entries: Vec<(Key, Box<[Arc<str>]>)>,
}

impl Context {
    /// The values of a key. No values mean that the key is known to be absent.
    pub fn get(&self, key: &Key) -> Option<&[Arc<str>]> {
        let at = self.entries.binary_search_by(|(known, _)| known.cmp(key)).ok()?;
        self.entries.get(at).map(|(_, values)| &**values)
    }

    /// The values of a key by its name, in which case does not count.
    pub fn named(&self, name: &str) -> Option<&[Arc<str>]> {
        let entry = self.entries.iter().find(|(known, _)| known.lower().eq_ignore_ascii_case(name));
        entry.map(|(_, values)| &**values)
    }

    /// Gives a key its values; those that it had are gone.
    pub fn set(&mut self, key: Key, values: impl Into<Box<[Arc<str>]>>) {
        match self.entries.binary_search_by(|(known, _)| known.cmp(&key)) {
            Ok(at) => {
                if let Some(entry) = self.entries.get_mut(at) {
                    *entry = (key, values.into());
                }
            }
            Err(at) => self.entries.insert(at, (key, values.into())),
        }
    }

    /// Gives a key one value, unless it has some.
    pub(crate) fn complete(&mut self, key: &str, value: impl Into<Arc<str>>) {
        let key = Key::new(&key.into());
        if self.get(&key).is_none() {
            self.set(key, [value.into()]);
        }
    }

    /// Keys with their values, in an order of no meaning that is always the same.
    pub fn iter(&self) -> impl Iterator<Item = (&Key, &[Arc<str>])> {
        self.entries.iter().map(|(key, values)| (key, &**values))
    }
}

impl<K: AsRef<str>, V: AsRef<str>> FromIterator<(K, V)> for Context {
    /// Keys with one value each; of several values for one key all count.
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let mut context = Self::default();
        for (key, value) in pairs {
            let key = Key::new(&key.as_ref().into());
            let mut values = context.get(&key).map(<[_]>::to_vec).unwrap_or_default();
            values.push(value.as_ref().into());
            context.set(key, values);
        }
        context
    }
}
