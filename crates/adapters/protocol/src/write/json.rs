//! Answers in JSON.

use serde_json::{Map, Value, json};

use super::{Path, WriteError};
use crate::model::{Kind, Operation, Protocol, Shape};
use crate::time::is_time;

/// The body: nothing at all where JSON 1.1 has no output.
pub(super) fn answer(
    operation: &Operation,
    members: &Map<String, Value>,
    path: &mut Path,
) -> Result<Vec<u8>, WriteError> {
    let Some(shape) = operation.output else {
        if let Some(member) = members.keys().next() {
            return Err(path.unknown(member));
        }
        let is_plain = operation.service().protocol() == Protocol::Json;
        return Ok(if is_plain { Vec::new() } else { b"{}".to_vec() });
    };
    let body = structure(shape, members, path)?;
    Ok(Value::Object(body).to_string().into_bytes())
}

/// The body of a Query service's answer: the same envelope as in XML.
pub(super) fn enveloped(
    operation: &Operation,
    members: &Map<String, Value>,
    request_id: &str,
    path: &mut Path,
) -> Result<Vec<u8>, WriteError> {
    let mut response = Map::new();
    match (operation.output, operation.result_wrapper) {
        (Some(shape), Some(wrapper)) => {
            response.insert(wrapper.to_owned(), structure(shape, members, path)?.into());
        }
        (Some(shape), None) => response = structure(shape, members, path)?,
        (None, _) => {
            if let Some(member) = members.keys().next() {
                return Err(path.unknown(member));
            }
        }
    }
    response.insert("ResponseMetadata".to_owned(), json!({ "RequestId": request_id }));
    Ok(json!({ format!("{}Response", operation.name()): response }).to_string().into_bytes())
}

/// The members of a structure under their names in an answer.
pub(super) fn structure(
    shape: &Shape,
    object: &Map<String, Value>,
    path: &mut Path,
) -> Result<Map<String, Value>, WriteError> {
    path.check_members(&shape.kind, object)?;
    let mut written = Map::new();
    for member in shape.kind.members() {
        if let Some(value) = object.get(member.name).filter(|value| !value.is_null()) {
            let value = path.within(member.name, |path| convert(member.shape, value, path))?;
            written.insert(member.answer_name.to_owned(), value);
        }
    }
    Ok(written)
}

fn convert(shape: &Shape, value: &Value, path: &mut Path) -> Result<Value, WriteError> {
    match (&shape.kind, value) {
        (Kind::Structure { .. }, Value::Object(object)) => structure(shape, object, path).map(Value::Object),
        (Kind::List { element, .. }, Value::Array(items)) => {
            items.iter().map(|item| path.within("[]", |path| convert(element, item, path))).collect()
        }
        (Kind::Map { value: inner, .. }, Value::Object(entries)) => entries
            .iter()
            .map(|(key, entry)| Ok((key.clone(), path.within("{}", |path| convert(inner, entry, path))?)))
            .collect(),
        (Kind::String | Kind::Blob, Value::String(_)) | (Kind::Boolean, Value::Bool(_)) => Ok(value.clone()),
        (Kind::Integer | Kind::Long, Value::Number(number)) if number.as_i64().is_some() => Ok(value.clone()),
        (Kind::Double, Value::Number(_)) => Ok(value.clone()),
        (Kind::Timestamp, Value::Number(number)) if is_time(number) => Ok(value.clone()),
        (kind, _) => Err(path.wrong(crate::read::type_name(kind))),
    }
}
