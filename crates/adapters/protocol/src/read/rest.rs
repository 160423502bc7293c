//! REST-JSON: members in the path, the query string and the body.

use serde_json::{Map, Value};

use super::{from_text, json, type_name};
use crate::error::{Target, WireError};
use crate::head::RequestHead;
use crate::model::{Kind, Member, Operation, Place, Segment};

pub(super) fn read(
    target: Target,
    operation: &Operation,
    head: &RequestHead<'_>,
    body: &[u8],
) -> Result<Map<String, Value>, WireError> {
    let mut read = json::members(target, operation.input, crate::json::parse(target, body)?)?;
    for member in operation.input.map(|shape| shape.kind.members()).unwrap_or_default() {
        let value = match member.place {
            Place::Body => continue,
            Place::Path => in_path(operation, head, member).map(|text| scalar(target, member, text)),
            Place::QueryString => in_query(target, head, member).transpose(),
        };
        if let Some(value) = value {
            read.insert(member.name.to_owned(), value?);
        }
    }
    Ok(read)
}

fn in_path<'a>(operation: &Operation, head: &'a RequestHead<'_>, member: &Member) -> Option<&'a str> {
    let is_it = |part: &Segment| matches!(part, Segment::Label(label) if *label == member.request_name);
    let at = operation.path.iter().position(is_it)?;
    head.segments.get(at).map(|text| &**text)
}

/// A list is a name that stands there several times. All else stands there once, or else two readers could take
/// different ones.
fn in_query(target: Target, head: &RequestHead<'_>, member: &Member) -> Result<Option<Value>, WireError> {
    let mut values =
        head.query.iter().filter(|(name, _)| *name == member.request_name).map(|(_, value)| &**value);
    if let Kind::List { element, .. } = &member.shape.kind {
        let list = values
            .map(|text| from_text(element, text).ok_or_else(|| wrong(target, member)))
            .collect::<Result<Vec<_>, _>>()?;
        return Ok((!list.is_empty()).then_some(Value::Array(list)));
    }
    let Some(text) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(target.malformed(format!("The parameter {} stands there twice", member.request_name)));
    }
    scalar(target, member, text).map(Some)
}

fn scalar(target: Target, member: &Member, text: &str) -> Result<Value, WireError> {
    from_text(member.shape, text).ok_or_else(|| wrong(target, member))
}

fn wrong(target: Target, member: &Member) -> WireError {
    let name = type_name(&member.shape.kind);
    target.wrong_type(format!("The parameter {} can not be converted to {name}", member.request_name))
}
