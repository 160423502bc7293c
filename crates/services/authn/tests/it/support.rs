//! A webhook with a verifier that believes what it is told.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode, Version};
use prometheus_client::registry::Registry;
use ringwall_authn::sts::{Caller, VerifyError};
use ringwall_authn::{Authn, Parts, Settings, Verify};
use ringwall_awsclient::BoxFuture;
use ringwall_server::{Handler as _, Head, Request, Response};
use serde_json::{Value as Json, json};

pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const V1: &str = "authentication.k8s.io/v1";

/// Believes the tokens that it was told of.
#[derive(Default)]
pub(crate) struct Believes(Mutex<HashMap<String, Result<Arc<Caller>, VerifyError>>>);

impl Believes {
    pub(crate) fn tell(&self, token: &str, answer: Result<Caller, VerifyError>) {
        self.0.lock().unwrap().insert(token.to_owned(), answer.map(Arc::new));
    }
}

impl Verify for Believes {
    fn verify<'a>(&'a self, token: &'a str, _: i64) -> BoxFuture<'a, Result<Arc<Caller>, VerifyError>> {
        let unknown =
            Err(VerifyError::Denied { code: "no".into(), message: "not one of mine".into(), status: 403 });
        let answer = self.0.lock().unwrap().get(token).cloned().unwrap_or(unknown);
        Box::pin(async move { answer })
    }
}

/// A caller by his ARN, with the unique id of his name.
pub(crate) fn caller(arn: &str) -> Caller {
    let parsed: ringwall_model::Arn = arn.parse().unwrap();
    let canonical_arn = ringwall_rbac::entry::canonical_arn(&parsed).unwrap();
    let parts: Vec<&str> = parsed.resource.split('/').collect();
    let session = if parts[0] == "assumed-role" { parts[parts.len() - 1] } else { "" };
    let name = if parts[0] == "assumed-role" { parts[1] } else { parts[parts.len() - 1] };
    Caller {
        account: parsed.account.clone(),
        user_id: format!("AROA{}", name.to_uppercase()),
        session_name: session.to_owned(),
        access_key_id: "ASIAEXAMPLE".into(),
        sts_host: "sts.eu-central-1.amazonaws.com".into(),
        expires: i64::MAX,
        canonical_arn,
        arn: parsed,
    }
}

pub(crate) fn session(role: &str, name: &str) -> String {
    format!("arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{name}")
}

pub(crate) fn role(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:role/{name}")
}

pub(crate) struct Webhook {
    pub(crate) authn: Arc<Authn>,
    pub(crate) believes: Arc<Believes>,
    pub(crate) clock: Arc<AtomicI64>,
    pub(crate) registry: Registry,
}

pub(crate) fn settings() -> Settings {
    Settings { allow_local: true, ..Settings::new("shop") }
}

impl Webhook {
    pub(crate) fn start(settings: Settings, with: impl FnOnce(&mut Parts)) -> Self {
        let believes = Arc::new(Believes::default());
        let clock = Arc::new(AtomicI64::new(1_800_000_000));
        let now = Arc::clone(&clock);
        let mut parts = Parts {
            verifier: Arc::clone(&believes) as Arc<dyn Verify>,
            cluster: None,
            aws: None,
            instances: None,
            now: Arc::new(move || now.load(Ordering::SeqCst)),
        };
        with(&mut parts);
        let mut registry = Registry::default();
        let authn = Authn::start(settings, parts, &mut registry).unwrap();
        Self { authn, believes, clock, registry }
    }

    pub(crate) async fn post(&self, path: &str, body: &Json) -> Response {
        self.authn.handle(request(Method::POST, path, body.to_string().as_bytes())).await
    }

    /// A review of a token of this caller.
    pub(crate) async fn review(&self, arn: &str) -> (StatusCode, Json) {
        self.review_of(caller(arn)).await
    }

    pub(crate) async fn review_of(&self, caller: Caller) -> (StatusCode, Json) {
        let token = format!("k8s-aws-v1.{}.{}", caller.arn, caller.user_id);
        self.believes.tell(&token, Ok(caller));
        let response = self.post("/authenticate", &token_review(V1, &token)).await;
        (response.status, body(&response))
    }

    /// The user name that a caller gets; none if he is refused.
    pub(crate) async fn name(&self, arn: &str) -> Option<String> {
        let (status, body) = self.review(arn).await;
        let name = body["status"]["user"]["username"].as_str().map(str::to_owned);
        assert_eq!(status == StatusCode::OK, name.is_some(), "{body}");
        assert_eq!(body["status"]["authenticated"], json!(name.is_some()));
        name
    }

    /// Waits until something holds, which is brought about in the background.
    pub(crate) async fn until(&self, what: &str, holds: impl AsyncFn(&Self) -> bool) {
        for _ in 0..400 {
            if holds(self).await {
                return;
            }
            self.authn.reload();
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("{what}: {:?}", self.authn.sources());
    }

    pub(crate) fn metrics(&self) -> String {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry).unwrap();
        text
    }
}

pub(crate) fn token_review(version: &str, token: &str) -> Json {
    json!({"kind": "TokenReview", "apiVersion": version, "metadata": {}, "spec": {"token": token}, "status": {"user": {}}})
}

pub(crate) fn body(response: &Response) -> Json {
    serde_json::from_slice(&response.body).unwrap_or(Json::Null)
}

pub(crate) fn request(method: Method, path: &str, body: &[u8]) -> Request {
    let head = Head {
        method,
        path: path.to_owned(),
        query: Some("timeout=30s".to_owned()),
        headers: vec![("host".to_owned(), "localhost".to_owned())],
        version: Version::HTTP_11,
        peer: ([127, 0, 0, 1], 40000).into(),
        tls: None,
    };
    Request { head: Arc::new(head), body: Bytes::copy_from_slice(body) }
}
