//! What a match tells, in a sentence with names.

use rsigma_eval::{CorrelationBody, DetectionBody};
use serde_json::Value;

use crate::rule::Rule;

/// Fields that are named, and characters of each of their values.
const MAX_FIELDS: usize = 6;
/// See [`MAX_FIELDS`].
const MAX_VALUE: usize = 120;

/// `TITLE: by ann (verb create, objectRef.resource pods)`.
pub(crate) fn detection(rule: &Rule, body: &DetectionBody, who: &str) -> String {
    let fields: Vec<String> = body
        .matched_fields
        .iter()
        .take(MAX_FIELDS)
        .map(|field| format!("{} {}", field.field, value(&field.value)))
        .collect();
    let by = if who.is_empty() { String::new() } else { format!(": by {}", short(who)) };
    let fields = if fields.is_empty() { String::new() } else { format!(" ({})", fields.join(", ")) };
    format!("{}{by}{fields}", rule.title)
}

/// `TITLE: 12 within 300 s (user.username ann)`.
pub(crate) fn correlation(rule: &Rule, body: &CorrelationBody) -> String {
    let group: Vec<String> =
        body.group_key.iter().map(|(name, value)| format!("{name} {}", short(value))).collect();
    let group = if group.is_empty() { String::new() } else { format!(" ({})", group.join(", ")) };
    format!("{}: {} within {} s{group}", rule.title, body.aggregated_value, body.timespan_secs)
}

fn value(value: &Value) -> String {
    match value {
        Value::String(text) => short(text),
        other => short(&other.to_string()),
    }
}

fn short(text: &str) -> String {
    match text.char_indices().nth(MAX_VALUE) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
