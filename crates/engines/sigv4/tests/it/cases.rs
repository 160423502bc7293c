//! The cases under `cases/sigv4`, which botocore made: the crate and its naive twin have to agree with it.

use std::fs;
use std::path::Path;

use ringwall_sigv4::{Form, Lifetime};
use serde_json::{Value, json};

use crate::naive;
use crate::request::{Request, SECRET, TIME};

fn cases() -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../cases/sigv4");
    let mut cases = Vec::new();
    for file in ["suite.json", "clients.json", "presigned.json"] {
        let document: Value = serde_json::from_slice(&fs::read(folder.join(file)).unwrap()).unwrap();
        assert_eq!((&document["secret"], &document["time"]), (&json!(SECRET), &json!("20150830T123600Z")));
        cases.extend(document["cases"].as_array().unwrap().iter().cloned());
    }
    cases
}

fn request(case: &Value) -> Request {
    let text = |field: &str| case["request"][field].as_str().unwrap();
    let headers: Vec<(&str, &str)> = case["request"]["headers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|header| (header[0].as_str().unwrap(), header[1].as_str().unwrap()))
        .collect();
    Request::new(text("method"), text("path"), case["request"]["query"].as_str(), &headers, text("body"))
}

#[test]
fn what_botocore_signs_is_accepted() {
    let cases = cases();
    assert!(cases.len() > 60, "{} cases", cases.len());
    for case in cases {
        let name = case["name"].as_str().unwrap();
        request(&case).verify(TIME, Lifetime::Stated).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[test]
fn what_botocore_says_is_read() {
    for case in cases() {
        let read = request(&case)
            .presented(|presented| {
                json!({
                    "form": if presented.form() == Form::Header { "header" } else { "presigned" },
                    "access_key_id": presented.access_key_id(),
                    "region": presented.scope().region,
                    "service": presented.scope().service,
                    "expires": presented.expires(),
                    "session_token": presented.session_token(),
                    "signed_headers": presented.signed_headers().collect::<Vec<_>>(),
                    "query_pairs": presented.query_pairs().collect::<Vec<_>>(),
                    "canonical_request": case["expect"]["canonical_request"],
                })
            })
            .unwrap();
        assert_eq!(read, case["expect"], "{}", case["name"]);
    }
}

#[test]
fn the_naive_twin_is_right() {
    for case in cases() {
        let signed = naive::read(&request(&case)).unwrap();
        assert_eq!(json!(signed.canonical_request), case["expect"]["canonical_request"], "{}", case["name"]);
        assert_eq!(naive::signature(SECRET, &signed.string_to_sign), signed.signature, "{}", case["name"]);
    }
}
