use std::sync::Arc;

use hashbrown::HashMap;
use ringwall_model::{Entry, Problem, Source, Tree};

/// Mappings up to this size are searched for duplicates pair by pair, which needs no memory.
const SMALL: usize = 16;

/// Why a document could not be read, before it is known in which file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) line: u32,
    pub(crate) message: String,
    pub(crate) hint: Option<&'static str>,
}

impl Fault {
    pub(crate) fn new(line: u32, message: impl Into<String>) -> Self {
        Self { line, message: message.into(), hint: None }
    }

    pub(crate) fn hint(mut self, hint: &'static str) -> Self {
        self.hint = Some(hint);
        self
    }

    pub(crate) fn in_file(self, file: &Arc<str>) -> Problem {
        let problem = Problem::error(Source::new(Arc::clone(file), self.line), self.message);
        match self.hint {
            Some(hint) => problem.hint(hint),
            None => problem,
        }
    }
}

/// Refuses a key that a mapping has twice.
pub(crate) fn check_unique(entries: &[Entry]) -> Result<(), Fault> {
    if entries.len() <= SMALL {
        for (index, entry) in entries.iter().enumerate() {
            if let Some(first) = entries.iter().take(index).find(|other| other.key == entry.key) {
                return Err(duplicate(&entry.key, first.line, entry.line));
            }
        }
        return Ok(());
    }
    let mut lines = HashMap::with_capacity(entries.len());
    for entry in entries {
        if let Some(first) = lines.insert(&*entry.key, entry.line) {
            return Err(duplicate(&entry.key, first, entry.line));
        }
    }
    Ok(())
}

pub(crate) fn duplicate(key: &str, first: u32, second: u32) -> Fault {
    let message = if first == second {
        format!("key `{}` is written twice", shown(key))
    } else {
        format!("key `{}` is written twice, first at line {first}", shown(key))
    };
    Fault::new(second, message).hint("keep one of the two: readers disagree about which one counts")
}

pub(crate) fn too_deep(line: u32) -> Fault {
    Fault::new(line, format!("values are nested more than {} deep", crate::limits::MAX_DEPTH))
        .hint("no Kubernetes object is that deep; check how the file was made")
}

pub(crate) fn too_many(line: u32) -> Fault {
    Fault::new(line, format!("the document has more than {} values", crate::limits::MAX_NODES))
        .hint("export it in several files, for example one a namespace")
}

/// A text as an error shows it: its first part, without control characters.
pub(crate) fn shown(text: &str) -> String {
    const MAX: usize = 80;
    let mut shown: String = text
        .chars()
        .take(MAX)
        .map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c })
        .collect();
    if text.chars().nth(MAX).is_some() {
        shown.push('…');
    }
    shown
}

/// How many values a tree has.
pub(crate) fn size(tree: &Tree) -> usize {
    1 + tree.items().iter().map(size).sum::<usize>()
        + tree.entries().iter().map(|entry| size(&entry.value)).sum::<usize>()
}
