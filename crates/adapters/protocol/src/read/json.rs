//! JSON values to values of the model.

use serde_json::{Map, Value};

use super::{is_base64, is_whole, type_name};
use crate::error::{Target, WireError};
use crate::model::{Kind, Place, Shape};
use crate::time::is_time;

/// Reads the members of a structure that stand in a body. Others are ignored, as AWS does; a null is as good as absent.
pub(super) fn members(
    target: Target,
    shape: Option<&Shape>,
    object: Map<String, Value>,
) -> Result<Map<String, Value>, WireError> {
    let Some(shape) = shape else { return Ok(Map::new()) };
    let mut read = Map::new();
    for (name, value) in object {
        let mut members = shape.kind.members().iter();
        let known = members.find(|member| member.request_name == name && member.place == Place::Body);
        if let Some(member) = known
            && !value.is_null()
        {
            read.insert(member.name.to_owned(), convert(target, member.shape, value)?);
        }
    }
    Ok(read)
}

fn convert(target: Target, shape: &Shape, value: Value) -> Result<Value, WireError> {
    match (&shape.kind, value) {
        (Kind::Structure { .. }, Value::Object(object)) => {
            members(target, Some(shape), object).map(Value::Object)
        }
        (Kind::List { element, .. }, Value::Array(items)) => {
            items.into_iter().map(|item| or_null(target, element, item)).collect()
        }
        (Kind::Map { value: shape, .. }, Value::Object(entries)) => {
            entries.into_iter().map(|(key, entry)| Ok((key, or_null(target, shape, entry)?))).collect()
        }
        (Kind::String, Value::String(text)) => Ok(Value::String(text)),
        (Kind::Boolean, Value::Bool(flag)) => Ok(Value::Bool(flag)),
        (kind @ (Kind::Integer | Kind::Long), Value::Number(number)) if is_whole(&number, kind) => {
            Ok(Value::Number(number))
        }
        (Kind::Double, Value::Number(number)) => Ok(Value::Number(number)),
        (Kind::Timestamp, Value::Number(number)) if is_time(&number) => Ok(Value::Number(number)),
        (Kind::Blob, Value::String(text)) if is_base64(&text) => Ok(Value::String(text)),
        (kind, value) => Err(target.wrong_type(mismatch(kind, &value))),
    }
}

/// A null in a list or a map stays, for the validation to tell.
fn or_null(target: Target, shape: &Shape, value: Value) -> Result<Value, WireError> {
    if value.is_null() { Ok(value) } else { convert(target, shape, value) }
}

/// In the words of AWS's servers, which don't repeat the value.
fn mismatch(expected: &Kind, value: &Value) -> String {
    let found = match value {
        Value::Array(_) => return "Start of list found where not expected".to_owned(),
        Value::Object(_) => return "Start of structure or map found where not expected.".to_owned(),
        Value::Null => "NULL_VALUE",
        Value::Bool(true) => "TRUE_VALUE",
        Value::Bool(false) => "FALSE_VALUE",
        Value::Number(_) => "NUMBER_VALUE",
        Value::String(_) => "STRING_VALUE",
    };
    let article = if matches!(expected, Kind::Integer) { "an" } else { "a" };
    format!("{found} can not be converted to {article} {}", type_name(expected))
}
