//! Errors as answers.

use serde_json::{Map, Value};

use super::xml::Xml;
use super::{Accept, Answer, Path, headers, json};
use crate::model::{Member, Protocol, Service, Shape};

/// An error that an operation answers with.
#[derive(Clone, Copy, Debug)]
pub struct Fault<'a> {
    /// The code, as the model has it (`NoSuchEntity`), or one that is common to all services.
    pub code: &'a str,
    /// What the caller is told.
    pub message: &'a str,
    /// The HTTP status for a code that is not in the model; without it the usual one.
    pub status: Option<u16>,
    /// Further members of the error's shape. Those that it does not have are left out.
    pub fields: &'a [(&'static str, Value)],
}

/// Writes an error in a service's own form, and as the caller accepts it. Of a service that is not known, in that of STS.
#[must_use]
pub fn write_error(
    service: Option<&'static Service>,
    fault: &Fault<'_>,
    accept: Accept,
    request_id: &str,
) -> Answer {
    write_fault(service.map_or(Protocol::Query, Service::protocol), service, fault, accept, request_id)
}

pub(crate) fn write_fault(
    protocol: Protocol,
    service: Option<&'static Service>,
    fault: &Fault<'_>,
    accept: Accept,
    request_id: &str,
) -> Answer {
    let known = service.and_then(|service| service.errors.get(fault.code)).copied();
    let status = known
        .map(|(_, status)| status)
        .or(fault.status)
        .unwrap_or_else(|| usual_status(protocol, fault.code));
    let shape = known.map(|(shape, _)| shape);
    let version = service.map_or("1.1", |service| service.json_version);
    let mut headers = headers(protocol, accept, version, request_id);
    let body = match protocol {
        Protocol::Query if accept == Accept::Json => enveloped(shape, fault, status, request_id),
        Protocol::Query => query(service, shape, fault, status, request_id),
        Protocol::Ec2 => ec2(fault, request_id),
        Protocol::Json => in_json(shape, fault, true),
        Protocol::RestJson => {
            headers.push(("x-amzn-errortype", fault.code.to_owned()));
            in_json(shape, fault, false)
        }
    };
    Answer { status, headers, body }
}

/// The statuses of the codes that no model has. Source: AWS, *Common Errors* of the API references; JSON 1.1 has 400 for
/// whatever a client can be blamed for.
fn usual_status(protocol: Protocol, code: &str) -> u16 {
    match code {
        "InternalFailure" | "InternalError" | "InternalServerError" | "InternalServiceError" => 500,
        "ServiceUnavailable" | "ServiceUnavailableException" | "RequestLimitExceeded" => 503,
        "RequestEntityTooLarge" => 413,
        _ if protocol == Protocol::Json => 400,
        "AuthFailure" => 401,
        "MalformedQueryString" => 404,
        "AccessDenied"
        | "AccessDeniedException"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "InvalidClientTokenId"
        | "InvalidSignatureException"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "OptInRequired"
        | "SignatureDoesNotMatch"
        | "UnauthorizedOperation"
        | "UnrecognizedClientException" => 403,
        _ => 400,
    }
}

/// The member that holds the message, which some shapes call `Message` and some `message`.
fn message_member(shape: &Shape) -> Option<&Member> {
    shape.kind.members().iter().find(|member| member.name.eq_ignore_ascii_case("message"))
}

/// The fields that the shape has.
fn members(shape: Option<&Shape>, fault: &Fault<'_>) -> Map<String, Value> {
    let Some(shape) = shape else { return Map::new() };
    let is_known = |name: &str| {
        !name.eq_ignore_ascii_case("message") && shape.kind.members().iter().any(|member| member.name == name)
    };
    let known = fault.fields.iter().filter(|(name, _)| is_known(name));
    known.map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

fn in_json(shape: Option<&Shape>, fault: &Fault<'_>, has_type: bool) -> Vec<u8> {
    let mut body = Map::new();
    if has_type {
        body.insert("__type".to_owned(), Value::from(fault.code));
    }
    let name = shape.and_then(message_member).map_or("message", |member| member.answer_name);
    body.insert(name.to_owned(), Value::from(fault.message));
    if let Some(shape) = shape {
        let mut path = Path { operation: "", parts: Vec::new() };
        // Fields of a wrong type are not worth losing the error for.
        body.extend(json::structure(shape, &members(Some(shape), fault), &mut path).unwrap_or_default());
    }
    Value::Object(body).to_string().into_bytes()
}

/// Whom a Query service blames.
fn blamed(status: u16) -> &'static str {
    if status < 500 { "Sender" } else { "Receiver" }
}

/// A Query service's error in JSON.
fn enveloped(shape: Option<&Shape>, fault: &Fault<'_>, status: u16, request_id: &str) -> Vec<u8> {
    let mut error = Map::new();
    error.insert("Code".to_owned(), fault.code.into());
    error.insert("Message".to_owned(), fault.message.into());
    error.insert("Type".to_owned(), blamed(status).into());
    if let Some(shape) = shape {
        let mut path = Path { operation: "", parts: Vec::new() };
        // Fields of a wrong type are not worth losing the error for.
        error.extend(json::structure(shape, &members(Some(shape), fault), &mut path).unwrap_or_default());
    }
    serde_json::json!({ "Error": error, "RequestId": request_id }).to_string().into_bytes()
}

fn query(
    service: Option<&Service>,
    shape: Option<&Shape>,
    fault: &Fault<'_>,
    status: u16,
    request_id: &str,
) -> Vec<u8> {
    let mut xml = Xml { text: String::with_capacity(512), is_ec2: false };
    xml.open_root("ErrorResponse", service.and_then(|service| service.xml_namespace));
    xml.open("Error");
    xml.leaf("Type", blamed(status));
    xml.leaf("Code", fault.code);
    xml.leaf("Message", fault.message);
    if let Some(shape) = shape {
        let length = xml.text.len();
        let mut path = Path { operation: "", parts: Vec::new() };
        if xml.structure(shape, &members(Some(shape), fault), &mut path).is_err() {
            // Fields of a wrong type are not worth losing the error for.
            xml.text.truncate(length);
        }
    }
    xml.close("Error");
    xml.leaf("RequestId", request_id);
    xml.close("ErrorResponse");
    xml.text.into_bytes()
}

/// EC2's own form, which has no namespace.
fn ec2(fault: &Fault<'_>, request_id: &str) -> Vec<u8> {
    let mut xml = Xml { text: String::with_capacity(512), is_ec2: true };
    xml.text.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    xml.open("Response");
    xml.open("Errors");
    xml.open("Error");
    xml.leaf("Code", fault.code);
    xml.leaf("Message", fault.message);
    xml.close("Error");
    xml.close("Errors");
    xml.leaf("RequestID", request_id);
    xml.close("Response");
    xml.text.into_bytes()
}
