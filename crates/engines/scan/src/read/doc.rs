//! JSON, YAML and TOML as one tree, of which a fault costs no more than what stands behind it.

mod json;
mod toml;
mod yaml;

use super::Spot;

/// A value of a document.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Doc {
    /// Nothing, or a value whose text broke off.
    #[default]
    Null,
    /// A truth value.
    Bool(bool),
    /// A number or a date, as it was written.
    Number(String),
    /// A string.
    Text(String),
    /// A list.
    List(Vec<Doc>),
    /// Keys and values in the order in which they stand. Keys may recur; the first counts.
    Map(Vec<(String, Doc)>),
}

/// Where and why a document could not be read further.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) spot: Spot,
    pub(crate) message: String,
}

/// A document nested deeper than this is no lock file.
pub(crate) const MAX_DEPTH: usize = 100;

/// More values than this in one document are refused: the largest lock files have a few hundred thousand.
pub(crate) const MAX_VALUES: usize = 4_000_000;

impl Doc {
    /// Reads JSON. With a fault comes what stood before it.
    pub(crate) fn json(bytes: &[u8]) -> (Self, Option<Fault>) {
        json::read(bytes)
    }

    /// Reads the first document of YAML. With a fault comes what stood before it.
    pub(crate) fn yaml(text: &str) -> (Self, Option<Fault>) {
        yaml::read(text)
    }

    /// Reads TOML. With a fault comes what can be made sense of without it.
    pub(crate) fn toml(text: &str) -> (Self, Option<Fault>) {
        toml::read(text)
    }

    /// The value of a key.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// The string under a key; nothing if it is empty.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.get(key)?.as_str().filter(|text| !text.is_empty())
    }

    /// The items of the list under a key.
    pub(crate) fn list(&self, key: &str) -> &[Self] {
        self.get(key).map_or(&[], Self::items)
    }

    /// The entries of the mapping under a key.
    pub(crate) fn map(&self, key: &str) -> &[(String, Self)] {
        self.get(key).map_or(&[], Self::entries)
    }

    /// Whether the value under a key is `true`.
    pub(crate) fn is(&self, key: &str) -> bool {
        self.get(key) == Some(&Self::Bool(true))
    }

    /// The string or the number, if it is one.
    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Number(text) => Some(text),
            _ => None,
        }
    }

    /// Entries of a mapping; none of anything else.
    pub(crate) fn entries(&self) -> &[(String, Self)] {
        match self {
            Self::Map(entries) => entries,
            _ => &[],
        }
    }

    /// Items of a list; none of anything else.
    pub(crate) fn items(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }
}

/// The line of a byte of a text, counted from 1.
pub(crate) fn line_of(text: &[u8], byte: usize) -> u64 {
    let before = text.get(..byte).unwrap_or(text);
    1 + before.iter().fold(0, |lines, byte| lines + u64::from(*byte == b'\n'))
}

#[cfg(test)]
mod tests;
