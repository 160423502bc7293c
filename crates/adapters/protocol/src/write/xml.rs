//! Answers in XML.
//!
//! Source: Smithy, *AWS query protocol* and *AWS EC2 query protocol*, response serialization.

use serde_json::{Map, Value};

use super::{Path, WriteError};
use crate::model::{Kind, Operation, Protocol, Shape};
use crate::time;

pub(super) fn answer(
    operation: &Operation,
    members: &Map<String, Value>,
    request_id: &str,
    path: &mut Path,
) -> Result<Vec<u8>, WriteError> {
    let service = operation.service();
    let is_ec2 = service.protocol() == Protocol::Ec2;
    let mut xml = Xml { text: String::with_capacity(512), is_ec2 };
    let root = format!("{}Response", operation.name());
    xml.open_root(&root, service.xml_namespace);
    if is_ec2 {
        xml.leaf("requestId", request_id);
    }
    match operation.output {
        Some(shape) => {
            if let Some(wrapper) = operation.result_wrapper {
                xml.open(wrapper);
            }
            xml.structure(shape, members, path)?;
            if let Some(wrapper) = operation.result_wrapper {
                xml.close(wrapper);
            }
        }
        None => {
            if let Some(member) = members.keys().next() {
                return Err(path.unknown(member));
            }
            // What EC2 answers where the model has nothing.
            if is_ec2 {
                xml.leaf("return", "true");
            }
        }
    }
    if !is_ec2 {
        xml.open("ResponseMetadata");
        xml.leaf("RequestId", request_id);
        xml.close("ResponseMetadata");
    }
    xml.close(&root);
    Ok(xml.text.into_bytes())
}

/// XML so far.
pub(super) struct Xml {
    pub(super) text: String,
    pub(super) is_ec2: bool,
}

impl Xml {
    pub(super) fn open_root(&mut self, name: &str, namespace: Option<&str>) {
        match namespace {
            Some(namespace) => {
                self.text.push('<');
                self.text.push_str(name);
                self.text.push_str(" xmlns=\"");
                self.escape(namespace);
                self.text.push_str("\">");
            }
            None => self.open(name),
        }
    }

    pub(super) fn open(&mut self, name: &str) {
        self.text.push('<');
        self.text.push_str(name);
        self.text.push('>');
    }

    pub(super) fn close(&mut self, name: &str) {
        self.text.push_str("</");
        self.text.push_str(name);
        self.text.push('>');
    }

    pub(super) fn leaf(&mut self, name: &str, text: &str) {
        self.open(name);
        self.escape(text);
        self.close(name);
    }

    /// The members of a structure, in the order of the model.
    pub(super) fn structure(
        &mut self,
        shape: &Shape,
        object: &Map<String, Value>,
        path: &mut Path,
    ) -> Result<(), WriteError> {
        path.check_members(&shape.kind, object)?;
        for member in shape.kind.members() {
            if let Some(value) = object.get(member.name).filter(|value| !value.is_null()) {
                path.within(member.name, |path| self.element(member.answer_name, member.shape, value, path))?;
            }
        }
        Ok(())
    }

    pub(super) fn element(
        &mut self,
        name: &str,
        shape: &Shape,
        value: &Value,
        path: &mut Path,
    ) -> Result<(), WriteError> {
        self.open(name);
        match (&shape.kind, value) {
            (Kind::Structure { .. }, Value::Object(object)) => self.structure(shape, object, path)?,
            (Kind::List { element, name }, Value::Array(items)) => {
                for item in items {
                    path.within("[]", |path| self.element(name, element, item, path))?;
                }
            }
            (Kind::Map { value: inner, .. }, Value::Object(entries)) => {
                for (key, entry) in entries {
                    self.open("entry");
                    self.leaf("key", key);
                    path.within("{}", |path| self.element("value", inner, entry, path))?;
                    self.close("entry");
                }
            }
            (Kind::String | Kind::Blob, Value::String(text)) => self.escape(text),
            (Kind::Boolean, Value::Bool(flag)) => self.text.push_str(if *flag { "true" } else { "false" }),
            (Kind::Integer | Kind::Long, Value::Number(number)) if number.as_i64().is_some() => {
                self.text.push_str(&number.to_string());
            }
            (Kind::Timestamp, Value::Number(number)) => {
                // EC2 writes milliseconds, the others none.
                let text = time::write(number, self.is_ec2).ok_or_else(|| path.wrong("Timestamp"))?;
                self.text.push_str(&text);
            }
            (kind, _) => return Err(path.wrong(crate::read::type_name(kind))),
        }
        self.close(name);
        Ok(())
    }

    /// Text so that it comes out as it went in. What XML 1.0 has no way to say is U+FFFD.
    fn escape(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '&' => self.text.push_str("&amp;"),
                '<' => self.text.push_str("&lt;"),
                '>' => self.text.push_str("&gt;"),
                '"' => self.text.push_str("&quot;"),
                // Else a reader makes a line feed of it.
                '\r' => self.text.push_str("&#xD;"),
                '\t' | '\n' => self.text.push(c),
                '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => self.text.push('\u{fffd}'),
                _ => self.text.push(c),
            }
        }
    }
}
