//! JSON bodies, strictly: no member twice, no more values or depth than a request needs.

use std::fmt;

use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Deserializer, Map, Number, Value};

use crate::error::{Target, WireError};
use crate::limits::{MAX_DEPTH, MAX_VALUES};

/// Reads a body. An empty one is an object without members, as clients send for operations that take nothing.
pub(crate) fn parse(target: Target, body: &[u8]) -> Result<Map<String, Value>, WireError> {
    let most = target.max_body();
    if body.len() > most {
        return Err(target.too_large("bytes", most));
    }
    if body.is_empty() {
        return Ok(Map::new());
    }
    let mut left = MAX_VALUES;
    let mut reader = Deserializer::from_slice(body);
    let value = Strict { left: &mut left, depth: MAX_DEPTH }.deserialize(&mut reader);
    // What the reader says could repeat what must not be told.
    let value = value.and_then(|value| reader.end().map(|()| value));
    match value {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(target.malformed("The body has to be a JSON object")),
        Err(_) if left == 0 => Err(target.too_large("JSON values", MAX_VALUES)),
        Err(error) => Err(target.malformed(format!(
            "The body is no JSON, has a member twice or nests too deep (line {}, column {})",
            error.line(),
            error.column()
        ))),
    }
}

/// Reads one value, with what is left of the limits.
struct Strict<'c> {
    left: &'c mut usize,
    depth: usize,
}

impl Strict<'_> {
    fn inner(&mut self) -> Strict<'_> {
        Strict { left: self.left, depth: self.depth.saturating_sub(1) }
    }

    fn nest<E: Error>(&self) -> Result<(), E> {
        if self.depth == 0 { Err(E::custom("too deep")) } else { Ok(()) }
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        *self.left = self.left.checked_sub(1).ok_or_else(|| D::Error::custom("too many values"))?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("no number"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<Value, A::Error> {
        self.nest()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self.inner())? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<Value, A::Error> {
        self.nest()?;
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(self.inner())?;
            if object.insert(name, value).is_some() {
                return Err(A::Error::custom("a member twice"));
            }
        }
        Ok(Value::Object(object))
    }
}
