//! What a service says went wrong, in whichever protocol.

use http::HeaderMap;
use serde_json::Value;

use crate::error::kind;
use crate::http::HttpResponse;
use crate::{CallError, Element};

/// Bytes of a message that are kept: AWS's longest, with encoded authorization messages, have some thousands.
const MAX_MESSAGE: usize = 4096;
const MAX_CODE: usize = 128;

/// The error that an answer tells, in whichever protocol. An operation is named as `sts:GetCallerIdentity`.
///
/// Source: Smithy, *AWS JSON 1.1 protocol*, "Operation error serialization", *AWS restJson1 protocol*, and *AWS query
/// protocol*, "Error responses"; *EC2 query protocol*.
pub fn read(operation: &str, answer: &HttpResponse) -> CallError {
    let status = answer.status.as_u16();
    let Said { code, message, request_id } =
        if is_xml(&answer.body) { from_xml(&answer.body) } else { from_json(&answer.body) };
    let code =
        header(&answer.headers, "x-amzn-errortype").or(code).map(|code| bare(&code)).unwrap_or_default();
    let request_id = ["x-amzn-requestid", "x-amz-request-id"]
        .iter()
        .find_map(|name| header(&answer.headers, name))
        .or(request_id)
        .map(|id| cut(&id, MAX_CODE));
    let message = message.map(|text| cut(&text, MAX_MESSAGE)).unwrap_or_else(|| match code.as_str() {
        "" => format!("the answer is HTTP {status}"),
        _ => String::new(),
    });
    CallError {
        operation: operation.to_owned(),
        kind: kind(&code, status),
        code,
        message,
        status,
        request_id,
    }
}

#[derive(Default)]
struct Said {
    code: Option<String>,
    message: Option<String>,
    request_id: Option<String>,
}

fn is_xml(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"<")
}

fn from_xml(body: &[u8]) -> Said {
    let Ok(root) = Element::parse(body) else { return Said::default() };
    let error = match root.name.as_str() {
        // S3's own.
        "Error" => Some(&root),
        _ => root.find(&["Error"]).or_else(|| root.find(&["Errors", "Error"])),
    };
    let at =
        |place: Option<&Element>, name: &str| place.and_then(|at| at.text_at(&[name])).map(str::to_owned);
    Said {
        code: at(error, "Code"),
        message: at(error, "Message"),
        request_id: at(Some(&root), "RequestId").or_else(|| at(Some(&root), "RequestID")),
    }
}

fn from_json(body: &[u8]) -> Said {
    let Ok(root) = serde_json::from_slice::<Value>(body) else { return Said::default() };
    // Query services say it in an envelope when JSON is asked for.
    let error = root.get("Error").filter(|error| error.is_object()).unwrap_or(&root);
    let at = |place: &Value, names: &[&str]| {
        names.iter().find_map(|name| place.get(name)?.as_str()).map(str::to_owned)
    };
    Said {
        code: at(error, &["__type", "code", "Code"]),
        message: at(error, &["message", "Message", "errorMessage"]),
        request_id: at(&root, &["RequestId", "requestId"]),
    }
}

/// A code without its namespace before `#` and the URL after `:`.
fn bare(code: &str) -> String {
    let code = code.split_once(':').map_or(code, |(code, _)| code);
    let code = code.rsplit_once('#').map_or(code, |(_, code)| code);
    cut(code.trim(), MAX_CODE)
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

/// A text of a service's, of bounded length, on one line, so that it can't write lines of its own into a log.
fn cut(text: &str, limit: usize) -> String {
    text.chars().take(limit).map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderValue, StatusCode};

    use super::*;
    use crate::ErrorKind;

    fn said(status: u16, header: Option<&'static str>, body: &'static str) -> CallError {
        let mut headers = HeaderMap::new();
        if let Some(header) = header {
            headers.insert("x-amzn-errortype", HeaderValue::from_static(header));
        }
        headers.insert("x-amzn-requestid", HeaderValue::from_static("id-1"));
        let status = StatusCode::from_u16(status).unwrap();
        read("kms:Decrypt", &HttpResponse { status, headers, body: Bytes::from_static(body.as_bytes()) })
    }

    #[test]
    fn each_protocol_is_read() {
        for (status, header, body, code, kind, message) in [
            (
                400,
                None,
                r#"{"__type":"com.amazonaws.kms#NotFoundException","message":"m"}"#,
                "NotFoundException",
                ErrorKind::NotFound,
                "m",
            ),
            (
                400,
                None,
                r#"{"__type":"AccessDeniedException","Message":"m"}"#,
                "AccessDeniedException",
                ErrorKind::Denied,
                "m",
            ),
            (
                403,
                Some("ResourceNotFoundException:http://x/"),
                r#"{"message":"m"}"#,
                "ResourceNotFoundException",
                ErrorKind::NotFound,
                "m",
            ),
            (
                400,
                None,
                "<ErrorResponse><Error><Code>ExpiredToken</Code><Message>m</Message></Error></ErrorResponse>",
                "ExpiredToken",
                ErrorKind::Expired,
                "m",
            ),
            (
                400,
                None,
                "\n<Response><Errors><Error><Code>InvalidInstanceID.NotFound</Code><Message>m</Message></Error></Errors></Response>",
                "InvalidInstanceID.NotFound",
                ErrorKind::NotFound,
                "m",
            ),
            (
                403,
                None,
                "<Error><Code>AccessDenied</Code><Message>m</Message></Error>",
                "AccessDenied",
                ErrorKind::Denied,
                "m",
            ),
            (
                403,
                None,
                r#"{"Error":{"Code":"AccessDenied","Message":"m"},"RequestId":"x"}"#,
                "AccessDenied",
                ErrorKind::Denied,
                "m",
            ),
            (
                400,
                None,
                r#"{"__type":"ValidationException","message":"m"}"#,
                "ValidationException",
                ErrorKind::Invalid,
                "m",
            ),
            (
                400,
                None,
                r#"{"__type":"ThrottlingException","message":"m"}"#,
                "ThrottlingException",
                ErrorKind::Throttled,
                "m",
            ),
            (503, None, "<html>", "", ErrorKind::Unavailable, "the answer is HTTP 503"),
            (429, None, "", "", ErrorKind::Throttled, "the answer is HTTP 429"),
            (302, None, "", "", ErrorKind::Other, "the answer is HTTP 302"),
        ] {
            let error = said(status, header, body);
            assert_eq!(
                (error.code.as_str(), error.kind, error.message.as_str()),
                (code, kind, message),
                "{body}"
            );
            assert_eq!(error.request_id.as_deref(), Some("id-1"));
        }
    }

    #[test]
    fn a_message_is_one_line_and_of_bounded_length() {
        let error = said(400, None, "{\"__type\":\"A\",\"message\":\"a\\nb\"}");
        assert_eq!(error.to_string(), "`kms:Decrypt`: A: a b (request id-1)");
        let error = read(
            "x",
            &HttpResponse {
                status: StatusCode::BAD_REQUEST,
                headers: HeaderMap::new(),
                body: format!("{{\"__type\":\"{}\",\"message\":\"{}\"}}", "c".repeat(9999), "m".repeat(9999))
                    .into(),
            },
        );
        assert_eq!((error.code.len(), error.message.len()), (MAX_CODE, MAX_MESSAGE));
    }
}
