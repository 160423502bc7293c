//! Parameters as a tree, by the parts of their names: `Tags.member.1.Key` is below `Tags`.

use std::cell::Cell;

use crate::error::{Target, WireError};
use crate::form::Pair;
use crate::limits::MAX_NAME_PARTS;

/// A parameter, and whether anybody read it.
struct Entry<'a> {
    name: &'a str,
    value: &'a str,
    is_read: Cell<bool>,
}

/// All parameters, sorted so that those with a common beginning stand together.
///
/// That makes a tree without building one: a node is a run of entries, so that no names however deep cost more memory than
/// their own text.
pub(crate) struct Names<'a>(Vec<Entry<'a>>);

impl<'a> Names<'a> {
    pub(crate) fn of(target: Target, pairs: &'a [Pair<'a>]) -> Result<Self, WireError> {
        if pairs.iter().any(|(name, _)| name.split('.').count() > MAX_NAME_PARTS) {
            return Err(target.too_large("parts in the name of a parameter", MAX_NAME_PARTS));
        }
        let mut entries: Vec<Entry<'a>> =
            pairs.iter().map(|(name, value)| Entry { name, value, is_read: Cell::new(false) }).collect();
        entries.sort_unstable_by(|left, right| left.name.split('.').cmp(right.name.split('.')));
        Ok(Self(entries))
    }

    /// The node above all of them.
    pub(crate) fn root(&self) -> Node<'_> {
        Node { entries: &self.0, offset: 0 }
    }

    /// The first name that nobody read.
    pub(crate) fn unread(&self) -> Option<&str> {
        self.0.iter().find(|entry| !entry.is_read.get()).map(|entry| entry.name)
    }
}

/// The parameters whose names begin alike.
#[derive(Clone, Copy)]
pub(crate) struct Node<'a> {
    entries: &'a [Entry<'a>],
    /// Where in each name the next part begins; past its end for the one that ends here.
    offset: usize,
}

impl<'a> Node<'a> {
    /// The value of the parameter that ends here.
    pub(crate) fn value(&self) -> Option<&'a str> {
        let entry = self.entries.first().filter(|entry| self.part(entry).is_none())?;
        entry.is_read.set(true);
        Some(entry.value)
    }

    /// What is below a part.
    pub(crate) fn below(&self, part: &str) -> Option<Self> {
        let start = self.entries.partition_point(|entry| self.part(entry) < Some(part));
        let rest = self.entries.get(start..)?;
        let length = rest.partition_point(|entry| self.part(entry) == Some(part));
        let entries = rest.get(..length).filter(|entries| !entries.is_empty())?;
        Some(Self { entries, offset: self.offset + part.len() + 1 })
    }

    /// What is below numbers, in their order; a gap is nobody's element. `Err` if a number is zero, or not in its shortest
    /// spelling.
    pub(crate) fn numbered(&self) -> Result<Vec<(u32, Self)>, ()> {
        let mut numbered = Vec::new();
        let mut rest = self.entries;
        while let Some(first) = rest.first() {
            let part = self.part(first);
            let length = rest.partition_point(|entry| self.part(entry) == part);
            let (entries, others) = rest.split_at_checked(length).unwrap_or((rest, &[]));
            rest = others;
            let Some(part) =
                part.filter(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
            else {
                continue;
            };
            if part.starts_with('0') {
                return Err(());
            }
            let below = Self { entries, offset: self.offset + part.len() + 1 };
            numbered.push((part.parse().map_err(|_| ())?, below));
        }
        numbered.sort_unstable_by_key(|(number, _)| *number);
        Ok(numbered)
    }

    /// The next part of a name, none where it has ended.
    fn part(&self, entry: &Entry<'a>) -> Option<&'a str> {
        entry.name.get(self.offset..)?.split('.').next()
    }
}
