//! What a match tells, in a sentence with names.

use rsigma_eval::{CorrelationBody, DetectionBody};
use serde_json::Value;

use crate::rule::Rule;

/// Fields that are named, and characters of each of their values.
const MAX_FIELDS: usize = 6;
/// See [`MAX_FIELDS`].
const MAX_VALUE: usize = 120;

/// What an event has of what was sent and answered.
const BODIES: [&str; 4] = ["requestObject", "responseObject", "requestParameters", "responseElements"];

/// `TITLE: by ann (verb create, objectRef.resource pods)`. Of what is secret, and of a body as a whole, in which something secret may
/// be, only the field is named.
pub(crate) fn detection(rule: &Rule, body: &DetectionBody, who: &str, is_secret: bool) -> String {
    let fields: Vec<String> = body
        .matched_fields
        .iter()
        .take(MAX_FIELDS)
        .map(|field| {
            let (member, rest) = field.field.split_once('.').unwrap_or((&field.field, ""));
            if BODIES.contains(&member) && (is_secret || rest.is_empty()) {
                return field.field.clone();
            }
            format!("{} {}", field.field, value(&field.value))
        })
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
