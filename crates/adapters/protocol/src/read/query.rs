//! The Query protocol, and EC2's kind of it.
//!
//! Source: Smithy, *AWS query protocol*: lists `Name.member.1`, maps `Name.entry.1.key`, an empty list as an empty `Name`;
//! *AWS EC2 query protocol*: lists `Name.1`.

use serde_json::{Map, Value};

use super::{from_text, type_name};
use crate::error::{Target, WireError};
use crate::form::Node;
use crate::model::{Kind, Protocol, Shape};
use crate::shown::bounded;

/// The parameters that are not the operation's.
const COMMON: [&str; 2] = ["Action", "Version"];

/// Reads the input from the tree of parameters.
pub(super) fn read(
    target: Target,
    input: Option<&Shape>,
    mut node: Node<'_>,
) -> Result<Map<String, Value>, WireError> {
    for name in COMMON {
        node.take(name);
    }
    let mut reader = Reader { target, path: Vec::new() };
    let read = match input {
        Some(shape) => reader.structure(shape, &mut node)?,
        None => Map::new(),
    };
    reader.refuse_rest(&node)?;
    Ok(read)
}

struct Reader {
    target: Target,
    /// The name of the parameter so far, for messages.
    path: Vec<String>,
}

impl Reader {
    fn wrong(&self, why: &str) -> WireError {
        self.target.wrong_type(format!("The parameter {} {why}", self.path.join(".")))
    }

    fn structure(&mut self, shape: &Shape, node: &mut Node<'_>) -> Result<Map<String, Value>, WireError> {
        let mut object = Map::new();
        for member in shape.kind.members() {
            let Some(mut below) = node.take(&member.request_name) else { continue };
            self.path.push(member.request_name.clone());
            let value = self.value(member.shape, &mut below)?;
            self.refuse_rest(&below)?;
            self.path.pop();
            object.insert(member.name.to_owned(), value);
        }
        Ok(object)
    }

    /// EC2 tells what it does not know; the others ignore it. Source: AWS, *EC2 API error codes*, UnknownParameter.
    fn refuse_rest(&self, rest: &Node<'_>) -> Result<(), WireError> {
        if self.target.protocol != Protocol::Ec2 {
            return Ok(());
        }
        let Some(rest) = rest.any_name() else { return Ok(()) };
        let parts = self.path.iter().map(String::as_str).chain([&*rest]).filter(|part| !part.is_empty());
        let name = bounded(&parts.collect::<Vec<_>>().join("."));
        let message = format!("The parameter {name} is not recognized");
        Err(self.target.error("UnknownParameter", 400, message))
    }

    fn value(&mut self, shape: &Shape, node: &mut Node<'_>) -> Result<Value, WireError> {
        match &shape.kind {
            Kind::Structure { .. } => self.structure(shape, node).map(Value::Object),
            Kind::List { element, name } => self.list(element, name, node),
            Kind::Map { key, value } => self.map(key, value, node),
            kind => {
                let text = node.value.take().ok_or_else(|| self.wrong("has no value of its own"))?;
                let article = if matches!(kind, Kind::Integer) { "an" } else { "a" };
                from_text(shape, text)
                    .ok_or_else(|| self.wrong(&format!("is not {article} {}", type_name(kind))))
            }
        }
    }

    fn list(&mut self, element: &Shape, name: &str, node: &mut Node<'_>) -> Result<Value, WireError> {
        let is_empty = node.value.take().map(str::is_empty);
        let mut below = if self.target.protocol == Protocol::Ec2 {
            std::mem::take(node)
        } else {
            node.take(name).unwrap_or_default()
        };
        let numbered = below.take_numbered().map_err(|()| self.wrong("has elements with wrong numbers"))?;
        if self.target.protocol == Protocol::Ec2 {
            *node = below;
        }
        if is_empty == Some(false) || is_empty.is_some() && !numbered.is_empty() {
            return Err(self.wrong("is a list and has a value of its own"));
        }
        let mut list = Vec::with_capacity(numbered.len());
        for (number, mut below) in numbered {
            self.path.push(number.to_string());
            list.push(self.value(element, &mut below)?);
            self.refuse_rest(&below)?;
            self.path.pop();
        }
        Ok(Value::Array(list))
    }

    fn map(&mut self, key: &Shape, value: &Shape, node: &mut Node<'_>) -> Result<Value, WireError> {
        let mut object = Map::new();
        let mut below = node.take("entry").unwrap_or_default();
        let numbered = below.take_numbered().map_err(|()| self.wrong("has entries with wrong numbers"))?;
        for (number, mut entry) in numbered {
            self.path.push(format!("entry.{number}"));
            let name = entry.take("key").and_then(|node| node.value);
            let name = name.filter(|_| matches!(key.kind, Kind::String));
            let name = name.ok_or_else(|| self.wrong("has no key"))?;
            let mut found = entry.take("value").ok_or_else(|| self.wrong("has no value"))?;
            let found = self.value(value, &mut found)?;
            if object.insert(name.to_owned(), found).is_some() {
                return Err(self.wrong("has a key that is there already"));
            }
            self.path.pop();
        }
        Ok(Value::Object(object))
    }
}
