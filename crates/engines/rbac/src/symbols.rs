use std::sync::Arc;

use hashbrown::HashMap;

/// A text that rules, bindings or subjects use, as a number: comparing two is comparing integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Symbol(u32);

impl Symbol {
    /// `*`, which every table knows.
    pub(crate) const STAR: Self = Self(0);
    /// A text that nothing uses: equal to no symbol that stands in an index.
    pub(crate) const UNKNOWN: Self = Self(u32::MAX);
    /// A text that no number was left for: equal to no symbol that a question has.
    const UNASKED: Self = Self(u32::MAX - 1);
}

/// All texts that an index uses.
#[derive(Debug)]
pub(crate) struct Symbols {
    numbers: HashMap<Arc<str>, Symbol>,
}

impl Symbols {
    /// A table that knows `*` alone.
    pub(crate) fn new() -> Self {
        let mut numbers = HashMap::new();
        numbers.insert(Arc::from("*"), Symbol::STAR);
        Self { numbers }
    }

    /// The symbol of a text, a new one if need be.
    pub(crate) fn intern(&mut self, text: &Arc<str>) -> Symbol {
        match self.numbers.get(text) {
            Some(known) => *known,
            None => self.add(Arc::clone(text)),
        }
    }

    /// As [`intern`](Self::intern), for a text that nobody shares yet.
    pub(crate) fn intern_text(&mut self, text: &str) -> Symbol {
        match self.numbers.get(text) {
            Some(known) => *known,
            None => self.add(Arc::from(text)),
        }
    }

    /// The symbol of a text; [`Symbol::UNKNOWN`] if nothing uses it.
    pub(crate) fn get(&self, text: &str) -> Symbol {
        self.numbers.get(text).copied().unwrap_or(Symbol::UNKNOWN)
    }

    /// Past four billion texts, more than memory holds, a text gets a symbol that no question ever has.
    fn add(&mut self, text: Arc<str>) -> Symbol {
        match u32::try_from(self.numbers.len()) {
            Ok(number) if number < Symbol::UNASKED.0 => {
                self.numbers.insert(text, Symbol(number));
                Symbol(number)
            }
            _ => Symbol::UNASKED,
        }
    }
}
