//! The review's answer.

use data_encoding::BASE64;
use http::{HeaderValue, StatusCode, header};
use ringwall_server::Response;
use serde_json::{Map, Value, json};

use crate::mutate::{Mutation, Review};

/// Most warnings of an answer, and the longest of them: an apiserver cuts what is longer.
/// Source: Kubernetes, *Dynamic Admission Control*, "Response".
const MAX_WARNINGS: usize = 8;
const MAX_WARNING_CHARACTERS: usize = 256;

/// Lets the pod in, with its patch.
///
/// Source: Kubernetes, *Dynamic Admission Control*: `patch` is base64, and `warnings` are shown to who creates the pod.
pub(super) fn admit(review: &Review, mutation: &Mutation) -> Response {
    let mut response = Map::new();
    response.insert("uid".to_owned(), json!(review.uid));
    response.insert("allowed".to_owned(), json!(true));
    if !mutation.patch.is_empty() {
        let patch = Value::from(mutation.patch.clone()).to_string();
        response.insert("patchType".to_owned(), json!("JSONPatch"));
        response.insert("patch".to_owned(), json!(BASE64.encode(patch.as_bytes())));
    }
    let warnings = mutation.reasons.iter().filter(|reason| reason.is_warning()).take(MAX_WARNINGS);
    let warnings: Vec<String> = warnings
        .map(|reason| format!("pod identity: {reason}").chars().take(MAX_WARNING_CHARACTERS).collect())
        .collect();
    if !warnings.is_empty() {
        response.insert("warnings".to_owned(), json!(warnings));
    }
    answer(review, Value::Object(response))
}

/// Refuses the pod for now. Whoever creates it is told to try again.
pub(super) fn deny(review: &Review, why: &str) -> Response {
    let message = format!(
        "the AWS identity of service account {}/{} can't be told now: {why}",
        review.namespace, review.service_account
    );
    let status = json!({
        "status": "Failure",
        "message": message,
        "reason": "ServiceUnavailable",
        "code": StatusCode::SERVICE_UNAVAILABLE.as_u16(),
    });
    answer(review, json!({ "uid": review.uid, "allowed": false, "status": status }))
}

fn answer(review: &Review, response: Value) -> Response {
    let body = json!({ "kind": "AdmissionReview", "apiVersion": review.api_version, "response": response });
    let mut answer = Response::new(StatusCode::OK, body.to_string());
    answer.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}
