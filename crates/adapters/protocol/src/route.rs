//! Which operation a request is for.

use crate::error::{Target, WireError};
use crate::form;
use crate::head::RequestHead;
use crate::model::{Operation, Protocol, Segment, Service, service, services};

/// The header by which JSON names an operation.
const TARGET: &str = "x-amz-target";

/// The media types of JSON 1.1 and its predecessor, which differ in nothing that is read here.
const JSON: [&str; 2] = ["application/x-amz-json-1.1", "application/x-amz-json-1.0"];

/// Finds the operation by what the request itself says.
///
/// # Errors
///
/// No operation is known by that name, path or version, or the request contradicts itself.
pub fn route(head: &RequestHead<'_>, body: &[u8]) -> Result<&'static Operation, WireError> {
    let signed_for = head.signed_for.and_then(service);
    match head.header(TARGET) {
        Ok(Some(target)) => by_target(head, target, signed_for),
        Ok(None) if !head.segments.is_empty() => by_path(head, body, signed_for),
        Ok(None) => by_action(head, body, signed_for),
        Err(()) => {
            let target = Target { protocol: Protocol::Json, service: signed_for };
            Err(target.malformed("The header X-Amz-Target stands there twice"))
        }
    }
}

/// Only a service of the protocol that the request is in can lend it its words.
fn target(protocol: Protocol, signed_for: Option<&'static Service>) -> Target {
    Target { protocol, service: signed_for.filter(|service| service.protocol == protocol) }
}

fn by_target(
    head: &RequestHead<'_>,
    name: &str,
    signed_for: Option<&'static Service>,
) -> Result<&'static Operation, WireError> {
    let unknown = target(Protocol::Json, signed_for);
    let (prefix, operation) = name.rsplit_once('.').unwrap_or(("", name));
    let Some(service) = services().find(|service| service.target_prefix == Some(prefix)) else {
        return Err(WireError::unknown(unknown, name));
    };
    let known = Target::of(service);
    if head.method != "POST" || !head.segments.is_empty() || !head.query.is_empty() {
        return Err(known.malformed("The request has to be a POST of / without a query string"));
    }
    if !head.media_type().is_ok_and(|media_type| JSON.contains(&&*media_type)) {
        return Err(known.media_type("application/x-amz-json-1.1"));
    }
    service.operation(operation).ok_or_else(|| WireError::unknown(known, operation))
}

fn by_path(
    head: &RequestHead<'_>,
    body: &[u8],
    signed_for: Option<&'static Service>,
) -> Result<&'static Operation, WireError> {
    let of_path = services().filter(|service| service.protocol == Protocol::RestJson);
    let operation = of_path.flat_map(Service::operations).find(|operation| matches(operation, head));
    let Some(operation) = operation else {
        let name = format!("{} /{}", head.method, head.segments.join("/"));
        return Err(WireError::unknown(target(Protocol::RestJson, signed_for), &name));
    };
    // A body without a type is what it has to be.
    let is_json = head.media_type().is_ok_and(|media_type| matches!(&*media_type, "" | "application/json"));
    if !body.is_empty() && !is_json {
        return Err(Target::of(operation.service()).media_type("application/json"));
    }
    Ok(operation)
}

fn matches(operation: &Operation, head: &RequestHead<'_>) -> bool {
    let part = |(expected, found): (&Segment, &std::borrow::Cow<'_, str>)| match expected {
        Segment::Literal(text) => *text == *found,
        Segment::Label(_) => !found.is_empty(),
    };
    operation.method == head.method
        && operation.path.len() == head.segments.len()
        && operation.path.iter().zip(head.segments).all(part)
}

fn by_action(
    head: &RequestHead<'_>,
    body: &[u8],
    signed_for: Option<&'static Service>,
) -> Result<&'static Operation, WireError> {
    let unknown = match signed_for {
        Some(service) if service.protocol == Protocol::Ec2 => Target::of(service),
        // Signed for a service that has its operations elsewhere.
        Some(service) if service.protocol != Protocol::Query => {
            return Err(WireError::unknown(Target::of(service), &format!("{} /", head.method)));
        }
        _ => target(Protocol::Query, signed_for),
    };
    let parameters = form::parameters(unknown, head, body)?;
    let value = |name: &str| parameters.iter().find(|(other, _)| other == name).map(|(_, value)| &**value);
    let Some(action) = value("Action") else {
        return Err(unknown.error(
            "MissingAction",
            400,
            "The request must contain the parameter Action".into(),
        ));
    };
    let Some(version) = value("Version") else {
        let message = "The request must contain the parameter Version".into();
        return Err(unknown.error("MissingParameter", 400, message));
    };
    let is_meant = |service: &&Service| {
        matches!(service.protocol, Protocol::Query | Protocol::Ec2) && service.api_version == version
    };
    let Some(service) = services().find(is_meant) else {
        return Err(WireError::unknown(Target { service: None, ..unknown }, action));
    };
    service.operation(action).ok_or_else(|| WireError::unknown(Target::of(service), action))
}
