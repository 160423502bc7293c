//! Values to answers.

mod accept;
mod error;
mod json;
mod xml;

use serde_json::{Map, Value};

pub use accept::Accept;
pub(crate) use error::write_fault;
pub use error::{Fault, write_error};

use crate::model::{Kind, Operation, Protocol};

/// An answer, for whoever speaks HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Names in lower case, and values.
    pub headers: Vec<(&'static str, String)>,
    /// The body; its type is among the headers.
    pub body: Vec<u8>,
}

/// Why an output cannot be written: a mistake of the operation's code, never of a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// The model has no such member.
    #[error("the output of `{operation}` has no member `{member}`")]
    Member {
        /// The operation.
        operation: &'static str,
        /// The member, with those above it.
        member: String,
    },
    /// The model has another type.
    #[error("`{member}` in the output of `{operation}` has to be a {expected}")]
    Type {
        /// The operation.
        operation: &'static str,
        /// The member, with those above it.
        member: String,
        /// The type that the model has.
        expected: &'static str,
    },
}

/// Writes the output of an operation in the form that the caller accepts. Members without a value, or null, are left out.
///
/// # Errors
///
/// The output is none that the model knows.
pub fn write(
    operation: &Operation,
    output: &Value,
    accept: Accept,
    request_id: &str,
) -> Result<Answer, WriteError> {
    let nothing = Map::new();
    let members = match output {
        Value::Object(members) => members,
        Value::Null => &nothing,
        _ => {
            let (operation, member) = (operation.name(), String::new());
            return Err(WriteError::Type { operation, member, expected: "Structure" });
        }
    };
    let mut place = Path { operation: operation.name(), parts: Vec::new() };
    let service = operation.service();
    let protocol = service.protocol();
    let body = match protocol {
        Protocol::Query if accept == Accept::Json => {
            json::enveloped(operation, members, request_id, &mut place)?
        }
        Protocol::Query | Protocol::Ec2 => xml::answer(operation, members, request_id, &mut place)?,
        Protocol::Json | Protocol::RestJson => json::answer(operation, members, &mut place)?,
    };
    Ok(Answer {
        status: operation.status,
        headers: headers(protocol, accept, service.json_version, request_id),
        body,
    })
}

/// What every answer has.
fn headers(
    protocol: Protocol,
    accept: Accept,
    json_version: &str,
    request_id: &str,
) -> Vec<(&'static str, String)> {
    let content_type = match protocol {
        Protocol::Query if accept == Accept::Json => "application/json".to_owned(),
        Protocol::Query => "text/xml".to_owned(),
        Protocol::Ec2 => "text/xml;charset=UTF-8".to_owned(),
        Protocol::Json => format!("application/x-amz-json-{json_version}"),
        Protocol::RestJson => "application/json".to_owned(),
    };
    vec![("content-type", content_type), ("x-amzn-requestid", request_id.to_owned())]
}

/// Where in an output the writer is.
struct Path {
    operation: &'static str,
    parts: Vec<String>,
}

impl Path {
    fn unknown(&self, member: &str) -> WriteError {
        let parts: Vec<&str> = self.parts.iter().map(String::as_str).chain([member]).collect();
        WriteError::Member { operation: self.operation, member: parts.join(".") }
    }

    fn wrong(&self, expected: &'static str) -> WriteError {
        WriteError::Type { operation: self.operation, member: self.parts.join("."), expected }
    }

    /// Does something inside a member, element or entry.
    fn within<T>(
        &mut self,
        part: &str,
        inner: impl FnOnce(&mut Self) -> Result<T, WriteError>,
    ) -> Result<T, WriteError> {
        self.parts.push(part.to_owned());
        let result = inner(self);
        self.parts.pop();
        result
    }

    /// Refuses what the model does not have.
    fn check_members(&self, kind: &Kind, object: &Map<String, Value>) -> Result<(), WriteError> {
        let known = kind.members();
        match object.keys().find(|name| !known.iter().any(|member| member.name == **name)) {
            Some(unknown) => Err(self.unknown(unknown)),
            None => Ok(()),
        }
    }
}
