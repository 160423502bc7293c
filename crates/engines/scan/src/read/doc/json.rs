//! JSON by serde, into a tree that is filled in place: what was read before a fault stays.

use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};

use super::{Doc, Fault, MAX_VALUES};
use crate::read::Spot;

pub(super) fn read(bytes: &[u8]) -> (Doc, Option<Fault>) {
    // Files that Windows' editors wrote begin with a mark that JSON has no place for.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut doc = Doc::Null;
    let mut left = MAX_VALUES;
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let outcome =
        Fill { into: &mut doc, left: &mut left }.deserialize(&mut reader).and_then(|()| reader.end());
    let fault = outcome.err().map(|error| {
        let line = u64::try_from(error.line()).unwrap_or(u64::MAX);
        let text = error.to_string();
        let message = text.split(" at line ").next().unwrap_or_default();
        Fault { spot: Spot::Line(line), message: format!("not JSON here: {message}") }
    });
    (doc, fault)
}

/// Writes the next value into its place. serde_json itself ends at 128 levels.
struct Fill<'d> {
    into: &'d mut Doc,
    left: &'d mut usize,
}

impl<'de> DeserializeSeed<'de> for Fill<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        *self.left = self.left.checked_sub(1).ok_or_else(|| D::Error::custom("more values than are read"))?;
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Fill<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        *self.into = Doc::Bool(value);
        Ok(())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        *self.into = Doc::Number(value.to_string());
        Ok(())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        *self.into = Doc::Number(value.to_string());
        Ok(())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        *self.into = Doc::Number(value.to_string());
        Ok(())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        *self.into = Doc::Text(value.to_owned());
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        *self.into = Doc::List(Vec::new());
        let Doc::List(list) = self.into else { return Ok(()) };
        loop {
            let mut item = Doc::Null;
            let outcome = items.next_element_seed(Fill { into: &mut item, left: self.left });
            if !matches!(outcome, Ok(None)) {
                list.push(item);
            }
            if outcome?.is_none() {
                return Ok(());
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        *self.into = Doc::Map(Vec::new());
        let Doc::Map(map) = self.into else { return Ok(()) };
        while let Some(key) = entries.next_key::<String>()? {
            let mut value = Doc::Null;
            let outcome = entries.next_value_seed(Fill { into: &mut value, left: self.left });
            map.push((key, value));
            outcome?;
        }
        Ok(())
    }
}
