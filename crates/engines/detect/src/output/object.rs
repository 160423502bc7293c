//! Objects of JSON without empty members.

use serde_json::{Map, Value};

/// An object under construction: what is empty is left out.
#[derive(Debug, Default)]
pub(super) struct Object(Map<String, Value>);

impl Object {
    /// A text, unless it is empty.
    pub(super) fn text(self, name: &str, text: &str) -> Self {
        if text.is_empty() { self } else { self.value(name, text) }
    }

    /// A value, whatever it is.
    pub(super) fn value(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// A value that may be missing.
    pub(super) fn maybe(self, name: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.value(name, value),
            None => self,
        }
    }

    /// Texts, unless there are none.
    pub(super) fn texts(self, name: &str, texts: &[String]) -> Self {
        self.list(name, texts.iter().map(|text| Value::from(text.as_str())).collect())
    }

    /// A list, unless it is empty.
    pub(super) fn list(self, name: &str, list: Vec<Value>) -> Self {
        if list.is_empty() { self } else { self.value(name, list) }
    }

    /// An object, unless it is empty.
    pub(super) fn object(self, name: &str, object: Self) -> Self {
        if object.0.is_empty() { self } else { self.value(name, object.0) }
    }

    pub(super) fn into_value(self) -> Value {
        Value::Object(self.0)
    }
}
