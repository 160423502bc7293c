//! The review's answer.

use http::{HeaderValue, StatusCode, header};
use ringwall_server::Response;
use serde_json::{Value, json};

use super::judge::Judged;
use super::review::PodImages;

/// Most warnings of an answer, and the longest of them: an apiserver cuts what is longer.
/// Source: Kubernetes, *Dynamic Admission Control*, "Response".
const MAX_WARNINGS: usize = 8;
const MAX_WARNING_CHARACTERS: usize = 256;
/// Longest message of a refusal: it is shown whole to who creates the pod, and again in each event of a controller.
const MAX_MESSAGE_CHARACTERS: usize = 4096;

/// The verdict about all images of a pod.
pub(super) fn answer(review: &PodImages, judged: &[(String, Judged)]) -> Response {
    let lines = |pick: fn(&Judged) -> &Vec<String>| {
        judged
            .iter()
            .flat_map(|(image, judged)| pick(judged).iter().map(move |line| format!("`{image}`: {line}")))
            .collect::<Vec<_>>()
    };
    let (refused, would_refuse) = (lines(|judged| &judged.refused), lines(|judged| &judged.would_refuse));
    let mut response = json!({ "uid": review.uid, "allowed": refused.is_empty() });
    let Some(fields) = response.as_object_mut() else { return failed() };
    if !refused.is_empty() {
        let message: String = refused.join("; ").chars().take(MAX_MESSAGE_CHARACTERS).collect();
        let status = json!({
            "status": "Failure", "message": message, "reason": "Forbidden", "code": StatusCode::FORBIDDEN.as_u16(),
        });
        fields.insert("status".to_owned(), status);
    }
    if !would_refuse.is_empty() {
        let warnings: Vec<String> = would_refuse
            .iter()
            .take(MAX_WARNINGS)
            .map(|line| format!("would be refused: {line}").chars().take(MAX_WARNING_CHARACTERS).collect())
            .collect();
        fields.insert("warnings".to_owned(), json!(warnings));
    }
    let digests: Vec<String> = judged
        .iter()
        .filter_map(|(image, judged)| judged.digest.as_ref().map(|digest| format!("{image}={digest}")))
        .collect();
    if !digests.is_empty() {
        fields.insert("auditAnnotations".to_owned(), json!({ "digests": digests.join(",") }));
    }
    wrap(review, response)
}

fn wrap(review: &PodImages, response: Value) -> Response {
    let body = json!({ "kind": "AdmissionReview", "apiVersion": review.api_version, "response": response });
    let mut answer = Response::new(StatusCode::OK, body.to_string());
    answer.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

/// What can't be answered: the apiserver then does what its configuration says of a webhook that failed.
fn failed() -> Response {
    Response::text(StatusCode::INTERNAL_SERVER_ERROR, "the review can't be answered\n")
}
