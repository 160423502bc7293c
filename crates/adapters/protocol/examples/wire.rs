//! The crate as a program, for tests by clients in other languages: a JSON line in, a JSON line out.
//!
//! | Line | Answer |
//! |---|---|
//! | `{"operations": null}` | `[["kms", "CreateKey"], …]` |
//! | `{"read": {"method", "segments", "query", "headers", "body"}}` | `{"service", "operation", "input"}` or `{"error": {"code", "message", "status"}}` |
//! | `{"write": {"service", "operation", "output"}}` | `{"status", "headers", "body"}` or `{"error": "…"}` |
//! | `{"fault": {"service", "code", "message", "fields"}}` | `{"status", "headers", "body"}` |
//!
//! Bodies are base64.
#![expect(clippy::unwrap_used, reason = "a program for tests fails loudly")]

use std::borrow::Cow;
use std::io::{BufRead, Write};

use data_encoding::BASE64;
use ringwall_protocol::{
    Accept, Answer, Fault, RequestHead, read, route, service, services, write, write_error,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

const REQUEST_ID: &str = "7b9f2a4e-0000-4000-8000-000000000001";

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Line {
    Operations,
    Read(Request),
    Write { service: String, operation: String, output: Value },
    Fault { service: String, code: String, message: String, fields: Map<String, Value> },
}

#[derive(Deserialize)]
struct Request {
    method: String,
    segments: Vec<String>,
    query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    body: String,
}

fn main() {
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let answer = answer(serde_json::from_str(&line.unwrap()).unwrap());
        writeln!(out, "{answer}").unwrap();
        out.flush().unwrap();
    }
}

fn answer(line: Line) -> Value {
    match line {
        Line::Operations => services()
            .flat_map(ringwall_protocol::Service::operations)
            .map(|operation| json!([operation.service().name(), operation.name()]))
            .collect(),
        Line::Read(request) => input(&request),
        Line::Write { service: name, operation, output } => {
            let operation = service(&name).and_then(|service| service.operation(&operation)).unwrap();
            match write(operation, &output, Accept::Usual, REQUEST_ID) {
                Ok(answer) => shown(&answer),
                Err(error) => json!({ "error": error.to_string() }),
            }
        }
        Line::Fault { service: name, code, message, fields } => {
            let fields: Vec<(&'static str, Value)> =
                fields.into_iter().map(|(name, value)| (&*Box::leak(name.into_boxed_str()), value)).collect();
            let fault = Fault { code: &code, message: &message, status: None, fields: &fields };
            shown(&write_error(service(&name), &fault, Accept::Usual, REQUEST_ID))
        }
    }
}

fn input(request: &Request) -> Value {
    let segments: Vec<Cow<'_, str>> = request.segments.iter().map(|part| part.into()).collect();
    let query: Vec<(Cow<'_, str>, Cow<'_, str>)> =
        request.query.iter().map(|(name, value)| (name.into(), value.into())).collect();
    let headers: Vec<(&str, &str)> =
        request.headers.iter().map(|(name, value)| (&**name, &**value)).collect();
    let head = RequestHead {
        method: &request.method,
        segments: &segments,
        query: &query,
        headers: &headers,
        signed_for: None,
    };
    let body = BASE64.decode(request.body.as_bytes()).unwrap();
    match route(&head, &body).and_then(|operation| Ok((operation, read(operation, &head, &body)?))) {
        Ok((operation, input)) => {
            json!({ "service": operation.service().name(), "operation": operation.name(), "input": input })
        }
        Err(error) => {
            json!({ "error": { "code": error.code, "message": error.message, "status": error.status } })
        }
    }
}

fn shown(answer: &Answer) -> Value {
    let headers: Map<String, Value> =
        answer.headers.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    json!({ "status": answer.status, "headers": headers, "body": BASE64.encode(&answer.body) })
}
