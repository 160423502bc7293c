//! The Query protocol, and EC2's kind of it.
//!
//! Source: Smithy, *AWS query protocol*: lists `Name.member.1`, an empty list as an empty `Name`; *AWS EC2 query protocol*:
//! lists `Name.1`. No operation that is served takes a map.

use serde_json::{Map, Value};

use super::{from_text, type_name};
use crate::error::{Target, WireError};
use crate::model::{Kind, Protocol, Shape};
use crate::names::{Names, Node};
use crate::shown::bounded;

/// The parameters that are not the operation's.
const COMMON: [&str; 2] = ["Action", "Version"];

/// Reads the input from the parameters.
pub(super) fn read(
    target: Target,
    input: Option<&Shape>,
    names: &Names<'_>,
) -> Result<Map<String, Value>, WireError> {
    let root = names.root();
    let mut reader = Reader { target, path: Vec::new() };
    let read = match input {
        Some(shape) => reader.structure(shape, root)?,
        None => Map::new(),
    };
    for name in COMMON {
        root.below(name).and_then(|node| node.value());
    }
    // The others ignore what they do not know. Source: AWS, *EC2 API error codes*, UnknownParameter.
    if target.protocol == Protocol::Ec2
        && let Some(name) = names.unread()
    {
        let message = format!("The parameter {} is not recognized", bounded(name));
        return Err(target.error("UnknownParameter", 400, message));
    }
    Ok(read)
}

struct Reader<'a> {
    target: Target,
    /// The name of the parameter so far, for messages.
    path: Vec<Part<'a>>,
}

enum Part<'a> {
    Name(&'a str),
    Number(u32),
}

impl<'a> Reader<'a> {
    fn wrong(&self, why: &str) -> WireError {
        let part = |part: &Part<'_>| match part {
            Part::Name(name) => (*name).to_owned(),
            Part::Number(number) => number.to_string(),
        };
        let name = self.path.iter().map(part).collect::<Vec<_>>().join(".");
        self.target.wrong_type(format!("The parameter {name} {why}"))
    }

    fn structure(&mut self, shape: &'a Shape, node: Node<'_>) -> Result<Map<String, Value>, WireError> {
        let mut object = Map::new();
        for member in shape.kind.members() {
            if let Some(below) = node.below(&member.request_name) {
                self.path.push(Part::Name(&member.request_name));
                object.insert(member.name.to_owned(), self.value(member.shape, below)?);
                self.path.pop();
            }
        }
        Ok(object)
    }

    fn value(&mut self, shape: &'a Shape, node: Node<'_>) -> Result<Value, WireError> {
        match &shape.kind {
            Kind::Structure { .. } => self.structure(shape, node).map(Value::Object),
            Kind::List { element, name } => self.list(element, name, node),
            kind => {
                let text = node.value().ok_or_else(|| self.wrong("has no value of its own"))?;
                from_text(shape, text).ok_or_else(|| self.wrong(&format!("is no {}", type_name(kind))))
            }
        }
    }

    fn list(&mut self, element: &'a Shape, name: &'a str, node: Node<'_>) -> Result<Value, WireError> {
        let is_flat = self.target.protocol == Protocol::Ec2;
        let below = if is_flat { Some(node) } else { node.below(name) };
        let numbered = below.map_or(Ok(Vec::new()), |below| below.numbered());
        let numbered = numbered.map_err(|()| self.wrong("has elements with wrong numbers"))?;
        if node.value().is_some_and(|text| !text.is_empty() || !numbered.is_empty()) {
            return Err(self.wrong("is a list and has a value of its own"));
        }
        let mut list = Vec::with_capacity(numbered.len());
        for (number, below) in numbered {
            self.path.push(Part::Number(number));
            list.push(self.value(element, below)?);
            self.path.pop();
        }
        Ok(Value::Array(list))
    }
}
