use std::collections::HashMap;
use std::hash::Hasher;

use siphasher::sip::SipHasher13;

/// Names for what a table holds, made of what it is: the same thing has the same name after a change elsewhere, so that a change is small
/// and a name in a log still tells what it told.
///
/// A name is a hash, which whoever writes policies could make meet another: within a table the second gets a number behind it, and between
/// two tables contents are compared, never names alone.
#[derive(Debug, Default)]
pub(crate) struct Names {
    taken: HashMap<String, String>,
}

impl Names {
    /// The name of something, with a prefix that says what it is.
    pub(crate) fn name(&mut self, prefix: &str, what: &str) -> String {
        let mut hasher = SipHasher13::new();
        hasher.write(what.as_bytes());
        let base = format!("{prefix}{:016x}", hasher.finish());
        let mut name = base.clone();
        let mut more = 1usize;
        while self.taken.get(&name).is_some_and(|other| other != what) {
            name = format!("{base}_{more}");
            more = more.saturating_add(1);
        }
        self.taken.insert(name.clone(), what.to_owned());
        name
    }
}
