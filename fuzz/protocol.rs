//! What holds for any bytes that are read as requests of AWS's APIs. Fuzz targets call it, and a test that replays their
//! corpora.
#![allow(dead_code, reason = "each fuzz target calls one of these")]

use std::borrow::Cow;

use ringwall_protocol::{Accept, RequestHead, read, route};

/// Bytes as the body of a form. Tells whether they are read.
pub(crate) fn form(bytes: &[u8]) -> bool {
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    ask(
        &RequestHead { method: "POST", segments: &[], query: &[], headers: &headers, signed_for: None },
        bytes,
    )
}

/// A first line that names the operation, as `X-Amz-Target` or as method and path, and a body of JSON.
pub(crate) fn json(bytes: &[u8]) -> bool {
    let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else { return false };
    let (line, body) = bytes.split_at(end);
    let (Ok(line), Some(body)) = (std::str::from_utf8(line), body.get(1..)) else { return false };
    match line.split_once(' ') {
        Some((method, path)) => {
            let segments: Vec<Cow<'_, str>> = path.split('/').skip(1).map(Cow::from).collect();
            let head =
                RequestHead { method, segments: &segments, query: &[], headers: &[], signed_for: None };
            ask(&head, body)
        }
        None => {
            let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", line)];
            ask(
                &RequestHead {
                    method: "POST",
                    segments: &[],
                    query: &[],
                    headers: &headers,
                    signed_for: None,
                },
                body,
            )
        }
    }
}

/// Every request has an input that is the same when read again, or an error of the client's that can be written.
fn ask(head: &RequestHead<'_>, body: &[u8]) -> bool {
    let input = route(head, body).and_then(|operation| Ok((operation, read(operation, head, body)?)));
    match input {
        Ok((operation, input)) => {
            assert_eq!(read(operation, head, body).ok().as_ref(), Some(&input), "read again");
            assert!(operation.redact_input(&input).is_object());
            true
        }
        Err(error) => {
            assert!((400..500).contains(&error.status), "{error}");
            assert!(!error.answer(Accept::Usual, "id").body.is_empty());
            false
        }
    }
}
