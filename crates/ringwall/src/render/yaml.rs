//! Values as YAML in block style.

use serde_json::Value;

/// The lines of a value that stands below a key or after a dash, with so many blanks before them.
pub(crate) fn lines(value: &Value, indent: usize, out: &mut Vec<String>) {
    let blanks = " ".repeat(indent);
    match value {
        Value::Object(entries) => {
            for (key, value) in entries {
                entry(&format!("{blanks}{}:", scalar(&Value::from(key.as_str()))), value, indent + 2, out);
            }
        }
        Value::Array(items) => {
            for item in items {
                entry(&format!("{blanks}-"), item, indent + 2, out);
            }
        }
        other => out.push(format!("{blanks}{}", scalar(other))),
    }
}

fn entry(head: &str, value: &Value, indent: usize, out: &mut Vec<String>) {
    match value {
        Value::Object(entries) if !entries.is_empty() => {
            out.push(head.to_owned());
            lines(value, indent, out);
        }
        Value::Array(items) if !items.is_empty() => {
            out.push(head.to_owned());
            // Lists stand below their key without further blanks, as kubectl writes them.
            lines(value, indent - 2, out);
        }
        other => out.push(format!("{head} {}", scalar(other))),
    }
}

/// A value on a line. What could be taken for something else is quoted as in JSON, which YAML is a superset of.
pub(crate) fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) if is_plain(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Whether a text is itself without quotes: letters and a few marks, and none of YAML's words or numbers.
fn is_plain(text: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:".contains(&byte);
    let first = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'/');
    let words = ["y", "n", "yes", "no", "true", "false", "on", "off", "null"];
    first
        && text.bytes().all(known)
        && !text.ends_with(':')
        && !words.iter().any(|word| text.eq_ignore_ascii_case(word))
}
