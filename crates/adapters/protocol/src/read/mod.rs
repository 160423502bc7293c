//! Requests to values.

mod json;
mod query;
mod rest;

use serde_json::{Number, Value};

use crate::error::{Target, WireError};
use crate::form;
use crate::head::RequestHead;
use crate::model::{Kind, Operation, Protocol, Shape};
use crate::names::Names;
use crate::{time, validate};

/// Reads the input of an operation and holds it to the model's constraints.
///
/// Head and body are those that were given to [`route`](crate::route()).
///
/// # Errors
///
/// The request is no text of its protocol, a value is of another type than its member, or a constraint is not met: all that
/// are not met are told at once, as AWS does.
pub fn read(operation: &Operation, head: &RequestHead<'_>, body: &[u8]) -> Result<Value, WireError> {
    let target = Target::of(operation.service());
    let protocol = operation.service().protocol();
    let input = match protocol {
        Protocol::Query | Protocol::Ec2 => {
            let parameters = form::parameters(target, head, body)?;
            query::read(target, operation.input, &Names::of(target, &parameters)?)?
        }
        Protocol::Json => json::members(target, operation.input, crate::json::parse(target, body)?)?,
        Protocol::RestJson => rest::read(target, operation, head, body)?,
    };
    let input = Value::Object(input);
    if let Some(shape) = operation.input {
        validate::check(target, shape, &input)?;
    }
    Ok(input)
}

/// A value that came as text, as forms and query strings have it; `None` if it is of another type.
fn from_text(shape: &Shape, text: &str) -> Option<Value> {
    match shape.kind {
        Kind::String => Some(Value::from(text)),
        Kind::Integer => integer(text).and_then(|number| i32::try_from(number).ok()).map(Value::from),
        Kind::Long => integer(text).map(Value::from),
        // No form has one: a model that changes this has its values refused, never misread.
        Kind::Double => None,
        Kind::Boolean => match text {
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            _ => None,
        },
        Kind::Blob => is_base64(text).then(|| Value::from(text)),
        Kind::Timestamp => time::read(text),
        Kind::Structure { .. } | Kind::List { .. } | Kind::Map { .. } => None,
    }
}

/// Digits, with a minus before them at most: no plus, no blanks.
fn integer(text: &str) -> Option<i64> {
    if text.starts_with('+') { None } else { text.parse().ok() }
}

fn is_base64(text: &str) -> bool {
    data_encoding::BASE64.decode(text.as_bytes()).is_ok()
}

/// Whether a JSON number is a whole one of that many bits.
fn is_whole(number: &Number, kind: &Kind) -> bool {
    let whole = number.as_i64();
    if matches!(kind, Kind::Integer) {
        whole.is_some_and(|whole| i32::try_from(whole).is_ok())
    } else {
        whole.is_some()
    }
}

/// What a type is called in messages.
pub(crate) fn type_name(kind: &Kind) -> &'static str {
    match kind {
        Kind::Structure { .. } => "Structure",
        Kind::List { .. } => "List",
        Kind::Map { .. } => "Map",
        Kind::String => "String",
        Kind::Integer => "Integer",
        Kind::Long => "Long",
        Kind::Double => "Double",
        Kind::Boolean => "Boolean",
        Kind::Blob => "Blob",
        Kind::Timestamp => "Timestamp",
    }
}
