//! The documents by HTTP.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, header};
use ringwall_server::{Handler, Labels, Request, Response};
use tokio::sync::Notify;

use super::document::{DISCOVERY_PATH, Documents, KEYS_PATH, issuer_path};

/// Answers with an issuer's documents, once they are known. Clones answer with the same.
#[derive(Clone, Debug, Default)]
pub struct Served(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    current: ArcSwapOption<Current>,
    /// Told when somebody wants the source to be asked at once.
    asked: Notify,
}

#[derive(Debug)]
struct Current {
    /// The issuer's path, which the documents' begin with.
    path: String,
    documents: Documents,
    cache_control: HeaderValue,
}

impl Served {
    pub(super) fn set(&self, issuer: &str, documents: Documents, cache_control: &str) {
        let cache_control =
            HeaderValue::from_str(cache_control).unwrap_or(HeaderValue::from_static("no-cache"));
        let path = issuer_path(issuer).to_owned();
        self.0.current.store(Some(Arc::new(Current { path, documents, cache_control })));
    }

    /// Has the publisher ask its source at once, if it runs.
    pub fn look(&self) {
        self.0.asked.notify_one();
    }

    /// Done when somebody wants the source to be asked.
    pub(super) async fn asked(&self) {
        self.0.asked.notified().await;
    }

    /// What it waits for; `None` if it answers.
    pub fn waits_for(&self) -> Option<&'static str> {
        self.0.current.load().is_none().then_some("the cluster's signing keys are not known yet")
    }
}

impl Handler for Served {
    async fn handle(&self, request: Request) -> Response {
        let head = &request.head;
        let Some(current) = self.0.current.load_full() else {
            let text = "the keys are not known yet\n";
            return labelled(Response::text(StatusCode::SERVICE_UNAVAILABLE, text), "NotReady");
        };
        let below = head.path.strip_prefix(current.path.as_str()).and_then(|path| path.strip_prefix('/'));
        let (document, media_type) = match below {
            Some(DISCOVERY_PATH) => (&current.documents.discovery, "application/json"),
            Some(KEYS_PATH) => (&current.documents.keys, "application/jwk-set+json"),
            _ => return labelled(Response::text(StatusCode::NOT_FOUND, "not found\n"), "NotFound"),
        };
        let body = match head.method {
            Method::GET => document.clone(),
            Method::HEAD => Bytes::new(),
            _ => return labelled(Response::text(StatusCode::METHOD_NOT_ALLOWED, "GET or HEAD\n"), "Method"),
        };
        let mut answer = Response::new(StatusCode::OK, body);
        answer.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        answer.headers.insert(header::CACHE_CONTROL, current.cache_control.clone());
        labelled(answer, "")
    }
}

fn labelled(mut response: Response, code: &'static str) -> Response {
    response.labels = Labels { service: "issuer".into(), operation: "Get".into(), code: code.into() };
    response
}
