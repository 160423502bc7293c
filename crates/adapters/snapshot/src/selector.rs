use std::sync::Arc;

use ringwall_model::{LabelRequirement, LabelSelector, SelectorOperator, Tree, Value};

use crate::fields::text;
use crate::refused::{Refused, items, mapping, strings};

/// Longest name of a label (after its prefix) and longest value.
const MAX_NAME: usize = 63;

/// Longest prefix of a label's key, a DNS subdomain.
const MAX_PREFIX: usize = 253;

/// A label selector. What of it is refused is left out, so that it selects more than was meant.
///
/// Source: Kubernetes 1.37, `ValidateLabelSelector` of `apimachinery/pkg/apis/meta/v1/validation`.
pub(crate) fn label_selector(tree: &Tree, refused: &mut Refused<'_>) -> LabelSelector {
    if !matches!(tree.value, Value::Mapping(_) | Value::Null) {
        let message = format!("a label selector is {}, not a mapping", tree.kind());
        refused.add(tree.line, message, "it has matchLabels and matchExpressions");
    }
    refused.warn_unknown(tree, &["matchLabels", "matchExpressions"], "a label selector");
    let mut requirements = match_labels(mapping(tree, "matchLabels", refused), refused);
    for expression in items(tree, "matchExpressions", refused) {
        let values = strings(expression, "values", refused);
        let operator = match expression.str("operator") {
            Some("In") => Some((SelectorOperator::In, true)),
            Some("NotIn") => Some((SelectorOperator::NotIn, true)),
            Some("Exists") => Some((SelectorOperator::Exists, false)),
            Some("DoesNotExist") => Some((SelectorOperator::DoesNotExist, false)),
            _ => None,
        };
        match (operator, text(expression, "key")) {
            (Some((operator, with_values)), Some(key)) if values.is_empty() != with_values => {
                if check(&key, &values, expression.line, refused) {
                    requirements.push(LabelRequirement { key, operator, values });
                }
            }
            _ => {
                let hint = "In and NotIn need `values`, Exists and DoesNotExist have none, all need a `key`";
                refused.add(expression.line, "a label selector's expression is invalid", hint);
            }
        }
    }
    LabelSelector { requirements }
}

/// Labels that must all be there, as `map[string]string` is decoded: `null` in it is the empty string.
pub(crate) fn match_labels(tree: Option<&Tree>, refused: &mut Refused<'_>) -> Vec<LabelRequirement> {
    let mut requirements = Vec::new();
    for entry in tree.map(Tree::entries).unwrap_or_default() {
        let value = match &entry.value.value {
            Value::String(value) => Arc::clone(value),
            Value::Null => Arc::from(""),
            _ => {
                let message = format!("label `{}` is {}, not a string", entry.key, entry.value.kind());
                refused.add(entry.line, message, "quote it");
                continue;
            }
        };
        let (key, values) = (Arc::clone(&entry.key), vec![value]);
        if check(&key, &values, entry.line, refused) {
            requirements.push(LabelRequirement { key, operator: SelectorOperator::In, values });
        }
    }
    requirements
}

/// Whether labels of this key and these values may exist.
fn check(key: &str, values: &[Arc<str>], line: u32, refused: &mut Refused<'_>) -> bool {
    let (prefix, name) = key.split_once('/').map_or((None, key), |(prefix, name)| (Some(prefix), name));
    let prefix_is_good = prefix.is_none_or(|prefix| {
        !prefix.is_empty()
            && prefix.len() <= MAX_PREFIX
            && prefix.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.'))
    });
    if !prefix_is_good || name.is_empty() || !is_name(name) {
        refused.add(
            line,
            format_args!("`{key}` is not a label's key"),
            "a key has at most 63 letters, digits, `-`, `_` and `.`, after a prefix of a domain and `/` if it needs one",
        );
        return false;
    }
    if let Some(value) = values.iter().find(|value| !is_name(value)) {
        refused.add(
            line,
            format_args!("`{value}` is not a label's value"),
            "a value has at most 63 letters, digits, `-`, `_` and `.`, the first and last of them a letter or digit",
        );
        return false;
    }
    true
}

/// A label's name, or its value, which may be empty.
fn is_name(text: &str) -> bool {
    let ends = |byte: Option<u8>| byte.is_none_or(|byte| byte.is_ascii_alphanumeric());
    text.len() <= MAX_NAME
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
        && ends(text.bytes().next())
        && ends(text.bytes().last())
}
