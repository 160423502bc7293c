use std::sync::Arc;

/// A document's value together with the line it begins at: what YAML and JSON have in common.
///
/// Strings are shared ([`Arc<str>`]), since keys and many values of a cluster's objects recur.
#[derive(Clone, Debug, PartialEq)]
pub struct Tree {
    /// Line at which the value begins, counted from 1.
    pub line: u32,
    /// The value.
    pub value: Value,
}

/// The kinds of value that JSON knows.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`, or a key without a value in YAML.
    Null,
    /// `true` or `false`, as resolved by the reader.
    Bool(bool),
    /// A number with the text it was written as.
    Number(Box<Number>),
    /// A string.
    String(Arc<str>),
    /// A list.
    Sequence(Box<[Tree]>),
    /// Keys and values in the order in which they were written; keys are unique.
    Mapping(Box<[Entry]>),
}

/// A number as it was resolved, and as it was written (`0o17`, `012`, `1e3`).
#[derive(Clone, Debug, PartialEq)]
pub struct Number {
    /// The text in the file.
    pub written: Arc<str>,
    /// The integer it means, if it is one that fits.
    pub integer: Option<i64>,
    /// The number it means, rounded to a double if need be.
    pub float: f64,
}

/// A key of a mapping and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: Arc<str>,
    /// Line of the key, counted from 1.
    pub line: u32,
    /// The value.
    pub value: Tree,
}

impl Tree {
    /// A value at a line.
    pub fn new(line: u32, value: Value) -> Self {
        Self { line, value }
    }

    /// The value of a key, if this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Tree> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The entry of a key, if this is a mapping that has it.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| &*entry.key == key)
    }

    /// The value at the end of a chain of keys.
    pub fn at(&self, path: &[&str]) -> Option<&Tree> {
        path.iter().try_fold(self, |tree, key| tree.get(key))
    }

    /// The entries of a mapping; nothing for any other value.
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Mapping(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a sequence; nothing for any other value.
    pub fn items(&self) -> &[Tree] {
        match &self.value {
            Value::Sequence(items) => items,
            _ => &[],
        }
    }

    /// The items of the sequence under a key; nothing if there is none.
    pub fn list(&self, key: &str) -> &[Tree] {
        self.get(key).map_or(&[], Tree::items)
    }

    /// The string, if this is one.
    pub fn as_str(&self) -> Option<&str> {
        self.as_shared().map(|text| &**text)
    }

    /// The string, if this is one, to be shared.
    pub fn as_shared(&self) -> Option<&Arc<str>> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The boolean, if this is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self.value {
            Value::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// The integer, if this is one.
    pub fn as_i64(&self) -> Option<i64> {
        match &self.value {
            Value::Number(number) => number.integer,
            _ => None,
        }
    }

    /// The string under a key.
    pub fn str(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Tree::as_str)
    }

    /// The string under a key, to be shared.
    pub fn shared(&self, key: &str) -> Option<Arc<str>> {
        self.get(key).and_then(Tree::as_shared).cloned()
    }

    /// Whether the value is `null`.
    pub fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// What kind of value this is, in the words of an error message.
    pub fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::Sequence(_) => "a list",
            Value::Mapping(_) => "a mapping",
        }
    }
}
