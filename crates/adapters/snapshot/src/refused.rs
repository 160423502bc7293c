use std::fmt::Display;
use std::sync::Arc;

use ringwall_model::{Object, Problem, Tree, Value};

use crate::fields::nearest;

/// What the apiserver refuses in one object, with the lines.
pub(crate) struct Refused<'o> {
    object: &'o Object,
    problems: Vec<Problem>,
    /// The messages since the last that were taken, for what is kept in spite of them.
    words: Vec<String>,
}

impl<'o> Refused<'o> {
    pub(crate) fn new(object: &'o Object) -> Self {
        Self { object, problems: Vec::new(), words: Vec::new() }
    }

    pub(crate) fn add(&mut self, line: u32, message: impl Display, hint: &str) {
        let message = message.to_string();
        let told = format!("the apiserver refuses {}: {message}", self.object.reference);
        self.problems.push(Problem::error(self.object.source.at(line), told).hint(hint));
        self.words.push(message);
    }

    /// What is accepted and means other than it seems.
    pub(crate) fn warn(&mut self, line: u32, message: impl Display, hint: impl Into<String>) {
        let told = format!("{}: {message}", self.object.reference);
        self.problems.push(Problem::warning(self.object.source.at(line), told).hint(hint));
    }

    /// Tells of fields that the apiserver drops, as it does with those that it doesn't know.
    pub(crate) fn warn_unknown(&mut self, tree: &Tree, known: &[&str], what: &str) {
        for entry in tree.entries().iter().filter(|entry| !known.contains(&&*entry.key)) {
            let hint = match nearest(&entry.key, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("{what} has {}", known.join(", ")),
            };
            self.warn(
                entry.line,
                format_args!("{what} has no field `{}`, so it is dropped", entry.key),
                hint,
            );
        }
    }

    /// The value, if nothing was refused.
    pub(crate) fn or<T>(self, value: T) -> Result<T, Vec<Problem>> {
        if self.problems.is_empty() { Ok(value) } else { Err(self.problems) }
    }

    pub(crate) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }

    /// Hands on words that were taken, to whoever watches further out.
    pub(crate) fn tell(&mut self, words: Arc<str>) {
        self.words.push(words.to_string());
    }

    /// Reads something; with what was refused meanwhile, in words.
    pub(crate) fn watch<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> (T, Option<Arc<str>>) {
        let before = self.words.len();
        let value = read(self);
        let words = self.words.split_off(before.min(self.words.len())).join("; ");
        (value, (!words.is_empty()).then(|| words.into()))
    }
}

/// The items of a list; anything but a list, `null` or nothing is refused.
pub(crate) fn items<'t>(tree: &'t Tree, key: &str, refused: &mut Refused<'_>) -> &'t [Tree] {
    match tree.get(key) {
        Some(Tree { value: Value::Sequence(items), .. }) => items,
        Some(other) if !other.is_null() => {
            refused.add(
                other.line,
                format_args!("`{key}` is {}, not a list", other.kind()),
                "write a list: `- …`",
            );
            &[]
        }
        _ => &[],
    }
}

/// A list of strings, as `[]string` is decoded: `null` in it is the empty string.
pub(crate) fn strings(tree: &Tree, key: &str, refused: &mut Refused<'_>) -> Vec<Arc<str>> {
    let mut strings = Vec::new();
    for item in items(tree, key, refused) {
        match &item.value {
            Value::String(text) => strings.push(Arc::clone(text)),
            Value::Null => strings.push(Arc::from("")),
            _ => {
                let message = format!("an item of `{key}` is {}, not a string", item.kind());
                refused.add(item.line, message, "quote it");
            }
        }
    }
    strings
}

/// The value of a key as a mapping; `null` is as nothing, and anything else is refused.
pub(crate) fn mapping<'t>(tree: &'t Tree, key: &str, refused: &mut Refused<'_>) -> Option<&'t Tree> {
    let value = tree.get(key).filter(|value| !value.is_null())?;
    if matches!(value.value, Value::Mapping(_)) {
        return Some(value);
    }
    let message = format!("`{key}` is {}, not a mapping", value.kind());
    refused.add(value.line, message, "write keys and values: `key: value`");
    None
}

/// The value of a key as a string; `null` and the empty string are as nothing, and anything else is refused.
pub(crate) fn string(tree: &Tree, key: &str, refused: &mut Refused<'_>) -> Option<Arc<str>> {
    let value = tree.get(key).filter(|value| !value.is_null())?;
    if let Some(text) = value.as_shared() {
        return (!text.is_empty()).then(|| Arc::clone(text));
    }
    refused.add(value.line, format_args!("`{key}` is {}, not a string", value.kind()), "quote it");
    None
}

/// The value of a key as an integer within bounds; `null` is as nothing, and anything else is refused.
pub(crate) fn integer(
    tree: &Tree,
    key: &str,
    bounds: std::ops::RangeInclusive<i64>,
    refused: &mut Refused<'_>,
) -> Option<i64> {
    let value = tree.get(key).filter(|value| !value.is_null())?;
    match value.as_i64() {
        Some(number) if bounds.contains(&number) => Some(number),
        Some(number) => {
            let message =
                format!("`{key}` is {number}, not a number from {} to {}", bounds.start(), bounds.end());
            refused.add(value.line, message, "write a number within these bounds");
            None
        }
        None => {
            refused.add(
                value.line,
                format_args!("`{key}` is {}, not an integer", value.kind()),
                "write an integer without quotes",
            );
            None
        }
    }
}
