//! Values in messages, as AWS's servers write them, and never more of one than a message can bear.

use serde_json::Value;

use crate::limits::MAX_SHOWN;

/// Text that a client sent, cut where it is too long to be told.
pub(crate) fn bounded(text: &str) -> String {
    let mut characters = text.chars();
    let mut shown: String = characters.by_ref().take(MAX_SHOWN).collect();
    if characters.next().is_some() {
        shown.push_str("...");
    }
    shown
}

/// A value: text as it is, lists as `[a, b]`, structures and maps as `{k=v}`.
pub(crate) fn value(value: &Value) -> String {
    let mut out = String::new();
    write(value, &mut out);
    bounded(&out)
}

fn write(value: &Value, out: &mut String) {
    if out.len() > 4 * MAX_SHOWN {
        return;
    }
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Number(number) => out.push_str(&number.to_string()),
        Value::String(text) => out.push_str(text),
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push_str(", ");
                }
                write(item, out);
            }
            out.push(']');
        }
        Value::Object(members) => {
            out.push('{');
            for (at, (name, member)) in members.iter().enumerate() {
                if at > 0 {
                    out.push_str(", ");
                }
                out.push_str(name);
                out.push('=');
                write(member, out);
            }
            out.push('}');
        }
    }
}
