//! The data files as values that point to each other.
//!
//! What is loaded stays for the life of the process, so it is leaked on purpose, once for each service.

use std::collections::HashMap;
use std::sync::OnceLock;

use serde::Deserialize;

use super::{Kind, Member, Operation, Pattern, Place, Protocol, Segment, Service, Shape};

/// Why a data file is none. Tests load them all, so that nobody ever sees it.
#[derive(Debug, thiserror::Error)]
pub(super) enum LoadError {
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    #[error("the shape `{0}` is missing, or part of itself")]
    Shape(&'static str),
    #[error("the shape `{0}` is of the unknown type `{1}`")]
    Kind(&'static str, &'static str),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "from")]
    _from: &'static str,
    service: FileService,
    operations: HashMap<&'static str, FileOperation>,
    shapes: HashMap<&'static str, FileShape>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct FileService {
    name: &'static str,
    signing_name: &'static str,
    api_version: &'static str,
    protocol: FileProtocol,
    json_version: Option<&'static str>,
    target_prefix: Option<&'static str>,
    xml_namespace: Option<&'static str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum FileProtocol {
    Query,
    Ec2,
    Json,
    RestJson,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct FileOperation {
    method: &'static str,
    uri: &'static str,
    status: Option<u16>,
    input: Option<&'static str>,
    output: Option<&'static str>,
    result_wrapper: Option<&'static str>,
    #[serde(default)]
    unsigned: bool,
    #[serde(default)]
    errors: Vec<&'static str>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileShape {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(default)]
    members: Vec<FileMember>,
    member: Option<FileMember>,
    key: Option<FileMember>,
    value: Option<FileMember>,
    min: Option<i64>,
    max: Option<i64>,
    pattern: Option<String>,
    regex: Option<String>,
    #[serde(rename = "enum", default)]
    values: Vec<&'static str>,
    #[serde(default)]
    sensitive: bool,
    #[serde(default)]
    union: bool,
    error: Option<FileError>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct FileMember {
    #[serde(default)]
    name: &'static str,
    shape: &'static str,
    location: Option<&'static str>,
    location_name: Option<&'static str>,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    idempotency_token: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileError {
    code: &'static str,
    status: u16,
}

pub(super) fn load(text: &'static str) -> Result<&'static Service, LoadError> {
    let file: File = serde_json::from_str(text)?;
    let protocol = match file.service.protocol {
        FileProtocol::Query => Protocol::Query,
        FileProtocol::Ec2 => Protocol::Ec2,
        FileProtocol::Json => Protocol::Json,
        FileProtocol::RestJson => Protocol::RestJson,
    };
    let codes: Vec<(&'static str, &'static str, u16)> = file
        .shapes
        .iter()
        .filter_map(|(name, shape)| shape.error.as_ref().map(|error| (*name, error.code, error.status)))
        .collect();
    let mut shapes = Shapes { protocol, waiting: file.shapes, done: HashMap::new() };
    let mut errors = HashMap::new();
    for (name, code, status) in codes {
        errors.insert(code, (shapes.get(name)?, status));
    }
    let service: &'static Service = Box::leak(Box::new(Service {
        name: file.service.name,
        signing_name: file.service.signing_name,
        api_version: file.service.api_version,
        protocol,
        target_prefix: file.service.target_prefix,
        json_version: file.service.json_version.unwrap_or("1.1"),
        xml_namespace: file.service.xml_namespace,
        operations: OnceLock::new(),
        errors,
    }));
    let mut operations = HashMap::new();
    for (name, from) in file.operations {
        // Errors are listed for whoever reads the file; they are looked up by service.
        drop(from.errors);
        let operation = Operation {
            name,
            service,
            method: from.method,
            path: path(from.uri),
            status: from.status.unwrap_or(200),
            input: from.input.map(|input| shapes.get(input)).transpose()?,
            output: from.output.map(|output| shapes.get(output)).transpose()?,
            result_wrapper: from.result_wrapper,
            is_unsigned: from.unsigned,
        };
        operations.insert(name, operation);
    }
    service.operations.get_or_init(|| operations);
    Ok(service)
}

fn path(uri: &'static str) -> Vec<Segment> {
    let part = |part: &'static str| {
        let label = part.strip_prefix('{').and_then(|label| label.strip_suffix('}'));
        label.map_or(Segment::Literal(part), Segment::Label)
    };
    uri.split('/').filter(|part| !part.is_empty()).map(part).collect()
}

/// Shapes by name, each made after those that it is made of.
struct Shapes {
    protocol: Protocol,
    waiting: HashMap<&'static str, FileShape>,
    done: HashMap<&'static str, &'static Shape>,
}

impl Shapes {
    fn get(&mut self, name: &'static str) -> Result<&'static Shape, LoadError> {
        if let Some(shape) = self.done.get(name) {
            return Ok(shape);
        }
        // A shape that holds itself is not found the second time.
        let from = self.waiting.remove(name).ok_or(LoadError::Shape(name))?;
        let shape: &'static Shape = Box::leak(Box::new(self.make(name, from)?));
        self.done.insert(name, shape);
        Ok(shape)
    }

    fn make(&mut self, name: &'static str, from: FileShape) -> Result<Shape, LoadError> {
        let kind = match from.kind {
            "structure" => {
                let members = from.members.iter().map(|member| self.member(member));
                Kind::Structure { members: members.collect::<Result<_, _>>()?, is_union: from.union }
            }
            "list" => {
                let element = from.member.as_ref().ok_or(LoadError::Shape(name))?;
                let default = if self.protocol == Protocol::Ec2 { "item" } else { "member" };
                let name = element.location_name.unwrap_or(default);
                Kind::List { element: self.get(element.shape)?, name }
            }
            "map" => {
                let key = from.key.as_ref().ok_or(LoadError::Shape(name))?;
                let value = from.value.as_ref().ok_or(LoadError::Shape(name))?;
                Kind::Map { key: self.get(key.shape)?, value: self.get(value.shape)? }
            }
            "string" => Kind::String,
            "integer" => Kind::Integer,
            "long" => Kind::Long,
            "double" => Kind::Double,
            "boolean" => Kind::Boolean,
            "blob" => Kind::Blob,
            "timestamp" => Kind::Timestamp,
            other => return Err(LoadError::Kind(name, other)),
        };
        let hides = from.sensitive
            || match &kind {
                Kind::Structure { members, .. } => members.iter().any(|member| member.shape.hides),
                Kind::List { element, .. } => element.hides,
                Kind::Map { key, value } => key.hides || value.hides,
                _ => false,
            };
        let pattern = from.pattern.map(|shown| Pattern {
            rust: from.regex.unwrap_or_else(|| shown.clone()),
            shown,
            compiled: OnceLock::new(),
        });
        let (min, max) = (from.min, from.max);
        Ok(Shape { kind, min, max, pattern, values: from.values, is_sensitive: from.sensitive, hides })
    }

    fn member(&mut self, from: &FileMember) -> Result<Member, LoadError> {
        let place = match from.location {
            Some("uri") => Place::Path,
            Some("querystring") => Place::QueryString,
            _ => Place::Body,
        };
        Ok(Member {
            name: from.name,
            request_name: request_name(self.protocol, from),
            // JSON 1.1 knows no other name than the member's own.
            answer_name: if self.protocol == Protocol::Json {
                from.name
            } else {
                from.location_name.unwrap_or(from.name)
            },
            place,
            shape: self.get(from.shape)?,
            is_required: from.required,
            is_idempotency_token: from.idempotency_token,
        })
    }
}

/// Source: Smithy, *AWS EC2 query protocol*: the name in XML, its first letter in upper case.
fn request_name(protocol: Protocol, member: &FileMember) -> String {
    let name = match protocol {
        Protocol::Json => member.name,
        _ => member.location_name.unwrap_or(member.name),
    };
    if protocol != Protocol::Ec2 {
        return name.to_owned();
    }
    let mut characters = name.chars();
    characters.next().into_iter().flat_map(char::to_uppercase).chain(characters).collect()
}
