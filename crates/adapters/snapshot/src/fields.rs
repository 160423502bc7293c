use std::sync::Arc;

use ringwall_model::{Tree, Value};

/// Most edits between a word and what may have been meant.
const MAX_EDITS: usize = 3;

/// The candidate that a word was probably meant to be.
pub(crate) fn nearest<'c>(word: &str, candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    let lower: String = word.chars().take(64).collect::<String>().to_lowercase();
    candidates
        .map(|candidate| (strsim::damerau_levenshtein(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(edits, candidate)| *edits <= MAX_EDITS && *edits * 2 <= candidate.len())
        .min()
        .map(|(_, candidate)| candidate)
}

/// The string under a key, unless it is empty.
pub(crate) fn text(tree: &Tree, key: &str) -> Option<Arc<str>> {
    tree.shared(key).filter(|text| !text.is_empty())
}

/// The string at the end of a path, unless it is empty.
pub(crate) fn text_at(tree: &Tree, path: &[&str]) -> Option<Arc<str>> {
    tree.at(path)?.as_shared().filter(|text| !text.is_empty()).cloned()
}

/// A string, or a number as it is written: how the AWS CLI prints timestamps.
pub(crate) fn text_or_number(tree: &Tree, key: &str) -> Option<Arc<str>> {
    match &tree.get(key)?.value {
        Value::String(text) => Some(Arc::clone(text)),
        Value::Number(number) => Some(Arc::clone(&number.written)),
        _ => None,
    }
}

/// The strings of a mapping, such as labels.
pub(crate) fn pairs(tree: Option<&Tree>) -> Vec<(Arc<str>, Arc<str>)> {
    tree.map(Tree::entries)
        .unwrap_or_default()
        .iter()
        .filter_map(|entry| Some((Arc::clone(&entry.key), entry.value.as_shared()?.clone())))
        .collect()
}

/// The strings of a list.
pub(crate) fn texts(items: &[Tree]) -> Vec<Arc<str>> {
    items.iter().filter_map(|item| item.as_shared().cloned()).collect()
}

/// Whether two trees say the same, wherever they are written and in whatever order their keys are.
pub(crate) fn same(one: &Tree, other: &Tree, skip: &dyn Fn(&str) -> bool) -> bool {
    match (&one.value, &other.value) {
        (Value::Sequence(one), Value::Sequence(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other, &|_| false))
        }
        (Value::Mapping(mine), Value::Mapping(theirs)) => {
            let count =
                |entries: &[ringwall_model::Entry]| entries.iter().filter(|entry| !skip(&entry.key)).count();
            count(mine) == count(theirs)
                && mine.iter().filter(|entry| !skip(&entry.key)).all(|entry| {
                    // Of the metadata, too, what the apiserver keeps for itself does not count.
                    let inner = |key: &str| &*entry.key == "metadata" && is_bookkeeping(key);
                    other.get(&entry.key).is_some_and(|value| same(&entry.value, value, &inner))
                })
        }
        (Value::Number(one), Value::Number(other)) => {
            (one.integer, one.float.to_bits()) == (other.integer, other.float.to_bits())
        }
        (one, other) => one == other,
    }
}

fn is_bookkeeping(key: &str) -> bool {
    matches!(key, "managedFields" | "resourceVersion")
}
