//! What of a request and an answer may stand in a record.

use serde_json::{Map, Value};

use crate::model::{Kind, Operation, Shape};

/// What stands for a value that the model calls sensitive. Source: AWS, *CloudTrail record contents*, `requestParameters` and
/// `responseElements`.
pub const HIDDEN: &str = "HIDDEN_DUE_TO_SECURITY_REASONS";

impl Operation {
    /// An input as a record may show it: sensitive members are [`HIDDEN`], and what the model does not know is left out.
    #[must_use]
    pub fn redact_input(&self, input: &Value) -> Value {
        self.input.map_or_else(|| Value::Object(Map::new()), |shape| redact(shape, input))
    }

    /// An output as a record may show it.
    #[must_use]
    pub fn redact_output(&self, output: &Value) -> Value {
        self.output.map_or_else(|| Value::Object(Map::new()), |shape| redact(shape, output))
    }
}

fn redact(shape: &Shape, value: &Value) -> Value {
    if value.is_null() {
        return Value::Null;
    }
    if shape.is_sensitive {
        return Value::from(HIDDEN);
    }
    match (&shape.kind, value) {
        (Kind::Structure { members, .. }, Value::Object(object)) => members
            .iter()
            .filter_map(|member| {
                Some((member.name.to_owned(), redact(member.shape, object.get(member.name)?)))
            })
            .collect(),
        (Kind::List { element, .. }, Value::Array(items)) => {
            items.iter().map(|item| redact(element, item)).collect()
        }
        (Kind::Map { key, value }, Value::Object(entries)) => entries
            .iter()
            .map(|(name, entry)| {
                let name = if key.is_sensitive { HIDDEN.to_owned() } else { name.clone() };
                (name, redact(value, entry))
            })
            .collect(),
        // No value of its shape: nothing says what it is.
        (Kind::Structure { .. } | Kind::List { .. } | Kind::Map { .. }, _) => Value::from(HIDDEN),
        _ => value.clone(),
    }
}
