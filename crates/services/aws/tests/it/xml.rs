//! Answers in XML as JSON, so that tests read both alike: elements are members, `member` and `item` are lists.

use serde_json::{Map, Value};

/// Reads a document; the result wrapper is left out.
pub(crate) fn read(text: &str) -> Value {
    let text = text.split_once("?>").map_or(text, |(_, rest)| rest).trim();
    let (_, value, rest) = element(text);
    assert!(rest.trim().is_empty(), "text after the document: {rest}");
    let Value::Object(mut members) = value else { return Value::Null };
    if members.contains_key("Errors") {
        return members["Errors"]["Error"].clone();
    }
    let result = members.keys().find(|name| name.ends_with("Result")).cloned();
    result.and_then(|name| members.remove(&name)).unwrap_or(Value::Object(members))
}

fn element(text: &str) -> (String, Value, &str) {
    let text = text.trim_start().strip_prefix('<').unwrap_or_else(|| panic!("no element: {text}"));
    let (tag, rest) = text.split_once('>').unwrap();
    let name = tag.split_whitespace().next().unwrap().trim_end_matches('/').to_owned();
    if tag.ends_with('/') {
        return (name, Value::Object(Map::new()), rest);
    }
    let close = format!("</{name}>");
    if !rest.trim_start().starts_with('<') || rest.starts_with(&close) {
        let (text, rest) = rest.split_once(&close).unwrap();
        return (name, Value::String(unescape(text)), rest);
    }
    let mut members = Map::new();
    let mut items: Option<Vec<Value>> = None;
    let mut rest = rest;
    while !rest.trim_start().starts_with("</") {
        let (child, value, after) = element(rest);
        if child == "member" || child == "item" {
            items.get_or_insert_default().push(value);
        } else {
            members.insert(child, value);
        }
        rest = after;
    }
    let rest =
        rest.trim_start().strip_prefix(&close).unwrap_or_else(|| panic!("{name} does not end: {rest}"));
    (name, items.map_or(Value::Object(members), Value::Array), rest)
}

fn unescape(text: &str) -> String {
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&apos;", "'");
    text.replace("&#xA;", "\n").replace("&#xD;", "\r").replace("&amp;", "&")
}
