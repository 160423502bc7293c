//! The token webhook: a TokenReview comes with a token, and goes back with a user.
//!
//! Source: Kubernetes, *Webhook Token Authentication*; `k8s.io/apiserver/plugin/pkg/authenticator/token/webhook`.

pub(crate) mod review;

use std::sync::Arc;

use http::{HeaderValue, Method, StatusCode, header};
use ringwall_awsclient::BoxFuture;
use ringwall_server::{Request, Response};
use serde_json::Value as Json;

use crate::authorize::Passes;
use crate::mapper::{Mapped, Mapper, Refusal};
use crate::metrics::Metrics;
use crate::sts::{Caller, Verifier, VerifyError};
use review::{Asked, Malformed};

/// Extra fields of a user, which audit events and authorization webhooks get to see; names as aws-iam-authenticator gives them.
///
/// Source: aws-iam-authenticator 81b1daba, `pkg/server/server.go`, `authenticateEndpoint`.
const ARN: &str = "arn";
const CANONICAL_ARN: &str = "canonicalArn";
const SESSION_NAME: &str = "sessionName";
const ACCESS_KEY_ID: &str = "accessKeyId";
const PRINCIPAL_ID: [&str; 2] = ["principalId", "sigs.k8s.io/aws-iam-authenticator/principalId"];

/// Bytes of a review. A token has at most 4,096 and there are few audiences.
const MAX_REVIEW_BYTES: usize = 32 * 1024;

/// After how many seconds the apiserver may ask again, when something is not known yet.
const AGAIN: u64 = 1;

/// Who verifies tokens: STS's answers, or a test.
pub trait Verify: Send + Sync + 'static {
    /// Tells who signed a token; `now` is in Unix seconds.
    fn verify<'a>(&'a self, token: &'a str, now: i64) -> BoxFuture<'a, Result<Arc<Caller>, VerifyError>>;
}

impl Verify for Verifier {
    fn verify<'a>(&'a self, token: &'a str, now: i64) -> BoxFuture<'a, Result<Arc<Caller>, VerifyError>> {
        Box::pin(Self::verify(self, token, now))
    }
}

/// What becomes of a token.
#[derive(Debug)]
enum Outcome {
    Known(Box<(Arc<Caller>, Mapped)>),
    NotBelieved(VerifyError),
    NotMapped(Arc<Caller>, Refusal),
    OtherAudience,
}

/// Answers TokenReviews.
pub(crate) struct Tokens {
    pub(crate) verifier: Arc<dyn Verify>,
    pub(crate) mapper: Arc<Mapper>,
    pub(crate) passes: Arc<Passes>,
    pub(crate) audiences: Vec<String>,
    pub(crate) scrubbed_accounts: Vec<String>,
    pub(crate) metrics: Metrics,
}

impl Tokens {
    pub(crate) async fn answer(&self, request: &Request, now: i64) -> Response {
        if request.head.method != Method::POST {
            let mut response =
                self.text(StatusCode::METHOD_NOT_ALLOWED, "a TokenReview is POSTed", "not_post");
            response.headers.insert(header::ALLOW, HeaderValue::from_static("POST"));
            return response;
        }
        if request.body.len() > MAX_REVIEW_BYTES {
            let text = format!("a TokenReview has at most {MAX_REVIEW_BYTES} bytes");
            return self.text(StatusCode::PAYLOAD_TOO_LARGE, &text, "malformed_request");
        }
        let asked = match Asked::read(&request.body) {
            Ok(asked) => asked,
            Err(malformed) => return self.malformed(malformed),
        };
        let outcome = self.decide(&asked, now).await;
        self.respond(&asked, &outcome, now)
    }

    async fn decide(&self, asked: &Asked, now: i64) -> Outcome {
        if asked.audiences(&self.audiences).is_none() {
            return Outcome::OtherAudience;
        }
        let token = asked.token.expose_text().unwrap_or_default();
        let caller = match self.verifier.verify(token, now).await {
            Ok(caller) => caller,
            Err(error) => return Outcome::NotBelieved(error),
        };
        match self.mapper.map(&caller).await {
            Ok(mapped) => Outcome::Known(Box::new((caller, mapped))),
            Err(refusal) => Outcome::NotMapped(caller, refusal),
        }
    }

    fn respond(&self, asked: &Asked, outcome: &Outcome, now: i64) -> Response {
        let (status, result, body) = match outcome {
            Outcome::Known(known) => {
                let (caller, mapped) = known.as_ref();
                self.tell_known(caller, mapped);
                let user = self.user(caller, mapped, now);
                (
                    StatusCode::OK,
                    "success",
                    asked.known(user, asked.audiences(&self.audiences).unwrap_or_default()),
                )
            }
            Outcome::OtherAudience => {
                let text = "this cluster's tokens are not for the audiences that are asked for";
                (StatusCode::FORBIDDEN, "other_audience", asked.refused(text))
            }
            Outcome::NotBelieved(error) => {
                tracing::info!(result = not_believed(error).1, "a token is refused: {error}");
                let (status, result) = not_believed(error);
                (status, result, asked.refused(&error.to_string()))
            }
            Outcome::NotMapped(caller, refusal) => {
                self.tell_refused(caller, refusal);
                // The apiserver asks once more after 503 with Retry-After, and takes 403 for a no.
                let passing = refusal.is_passing();
                let status = if passing { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::FORBIDDEN };
                (status, refusal.name(), asked.refused(&refusal.to_string()))
            }
        };
        self.metrics.review(result);
        let mut response = Response::new(status, body.to_string());
        response.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let again = match outcome {
            Outcome::NotBelieved(VerifyError::Throttled { retry_after }) => {
                Some(retry_after.as_secs().max(AGAIN))
            }
            Outcome::NotMapped(_, refusal) if refusal.is_passing() => Some(AGAIN),
            _ => None,
        };
        if let Some(seconds) = again {
            response.headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.labels = labels(result);
        response
    }

    fn user(&self, caller: &Caller, mapped: &Mapped, now: i64) -> Json {
        let Mapped { username, groups, .. } = mapped;
        if self.is_scrubbed(caller) {
            let uid = format!("aws-iam-authenticator:administrative:{username}");
            return serde_json::json!({ "username": username, "uid": uid, "groups": groups, "extra": {} });
        }
        let uid = format!("aws-iam-authenticator:{}:{}", caller.account, caller.user_id);
        let mut extra = serde_json::Map::new();
        let mut put = |key: &str, value: &str| drop(extra.insert(key.to_owned(), serde_json::json!([value])));
        put(ARN, &caller.arn.to_string());
        put(CANONICAL_ARN, &caller.canonical_arn);
        put(SESSION_NAME, &caller.session_name);
        put(ACCESS_KEY_ID, &caller.access_key_id);
        for key in PRINCIPAL_ID {
            put(key, &caller.user_id);
        }
        if mapped.is_access_entry {
            let pass = self.passes.issue(caller, username, &uid, groups, now);
            put(crate::authorize::PASS, &pass);
        }
        serde_json::json!({ "username": username, "uid": uid, "groups": groups, "extra": extra })
    }

    /// Accounts of which nothing is to be seen, neither in audit events nor in the log.
    fn is_scrubbed(&self, caller: &Caller) -> bool {
        self.scrubbed_accounts.contains(&caller.account)
    }

    fn tell_known(&self, caller: &Caller, mapped: &Mapped) {
        if !self.is_scrubbed(caller) {
            tracing::info!(
                arn = %caller.arn, access_key_id = caller.access_key_id, username = mapped.username, groups = ?mapped.groups,
                source = %mapped.source, "let in"
            );
        }
    }

    fn tell_refused(&self, caller: &Caller, refusal: &Refusal) {
        if !self.is_scrubbed(caller) {
            tracing::info!(
                arn = %caller.arn, access_key_id = caller.access_key_id, result = refusal.name(), "not let in: {}",
                refusal.details()
            );
        }
    }

    fn malformed(&self, malformed: Malformed) -> Response {
        self.text(StatusCode::BAD_REQUEST, &malformed.to_string(), "malformed_request")
    }

    fn text(&self, status: StatusCode, text: &str, result: &'static str) -> Response {
        self.metrics.review(result);
        let mut response = Response::text(status, &format!("{text}\n"));
        response.labels = labels(result);
        response
    }
}

fn labels(result: &'static str) -> ringwall_server::Labels {
    let code = if result == "success" { "" } else { result };
    ringwall_server::Labels { service: "authn".into(), operation: "TokenReview".into(), code: code.into() }
}

/// The status and the result of a token that is not believed.
///
/// The apiserver refuses the user after a 403 at once, after a 429 it asks again, and after a 503 without a time to wait it refuses
/// at once, too: what STS can't answer is not worth five calls, but should be seen as a failure of the service in its log.
fn not_believed(error: &VerifyError) -> (StatusCode, &'static str) {
    match error {
        VerifyError::Token(_) => (StatusCode::FORBIDDEN, "invalid_token"),
        VerifyError::Denied { .. } => (StatusCode::FORBIDDEN, "sts_refused"),
        VerifyError::Throttled { .. } => (StatusCode::TOO_MANY_REQUESTS, "sts_throttling"),
        VerifyError::Unavailable { .. } => (StatusCode::SERVICE_UNAVAILABLE, "sts_error"),
    }
}
