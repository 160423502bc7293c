//! From a request to its answer.

mod authorization;
mod blobs;
mod catalog;
mod manifests;
mod query;
mod range;
mod route;
mod session;
mod source;
mod tags;
mod tokens;
mod uploads;

use std::fmt;
use std::sync::Arc;

use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use jiff::Timestamp;
use ringwall_oci::{Clock, Registry};
use ringwall_server::{Answer, Body, Head, Labels, Refusal, Response, StreamHandler};

use self::query::Query;
use self::route::Route;
use crate::answer::Builder;
use crate::error::{Failure, Result};
use crate::gate::Gate;
use crate::token::Tokens;

/// Bytes of a refused body that are read before the refusal is answered, so that the client sees it. More is cut off.
const PASSED_OVER: u64 = 1024 * 1024;

const API_VERSION: HeaderName = HeaderName::from_static("docker-distribution-api-version");

/// What a client that shows nothing is told to show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Challenge {
    /// Name and password with each request, as ECR does.
    #[default]
    Basic,
    /// A token, which it gets at `/token` for name and password.
    Token,
}

/// How the service behaves.
#[derive(Clone)]
pub struct Settings {
    /// What a client that shows nothing is told to show; it may show either.
    pub challenge: Challenge,
    /// What URLs of the registry begin with, as `https://registry.example.com`, where that is not what the client's
    /// `Host` and the connection say: behind a load balancer that ends TLS.
    pub url: Option<String>,
    /// The network that callers of this listener come from: `aws:SourceVpce`.
    pub vpce: Option<String>,
    /// What time it is.
    pub clock: Clock,
}

impl Default for Settings {
    fn default() -> Self {
        Self { challenge: Challenge::default(), url: None, vpce: None, clock: Arc::new(Timestamp::now) }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("challenge", &self.challenge)
            .field("url", &self.url)
            .field("vpce", &self.vpce)
            .finish_non_exhaustive()
    }
}

/// The registry, as a handler of a listener.
#[derive(Debug)]
pub struct Service<G> {
    registry: Registry,
    gate: Arc<G>,
    tokens: Arc<Tokens>,
    settings: Settings,
}

impl<G: Gate> Service<G> {
    /// Serves the content of a registry to whom the gate lets in.
    pub fn new(registry: Registry, gate: Arc<G>, tokens: Arc<Tokens>, settings: Settings) -> Self {
        Self { registry, gate, tokens, settings }
    }

    async fn answer(&self, head: &Head, route: Option<Route<'_>>, body: &mut Option<Body>) -> Result<Answer> {
        let query = Query::of(head.query.as_deref().unwrap_or_default())?;
        let method = &head.method;
        let Some(route) = route else { return Err(Failure::no_path()) };
        if route == Route::Token {
            return self.token(head, query, body).await;
        }
        let session = self.session(head).await?;
        let is_head = *method == Method::HEAD;
        match (&route, method) {
            (Route::Root, &Method::GET | &Method::HEAD) => Ok(Self::root()),
            (Route::Catalog, &Method::GET) => session.catalog(&query).await,
            (Route::Blob { digest, .. }, &Method::GET | &Method::HEAD) => {
                session.read_blob(&session.key(&route)?, digest, is_head).await
            }
            (Route::Blob { digest, .. }, &Method::DELETE) => {
                session.delete_blob(&session.key(&route)?, digest).await
            }
            (Route::Uploads { .. }, &Method::POST) => {
                session.begin_upload(&session.key(&route)?, &query, body).await
            }
            (Route::Upload { id, .. }, &Method::GET | &Method::HEAD) => {
                session.upload(&session.key(&route)?, id).await
            }
            (Route::Upload { id, .. }, &Method::PATCH) => {
                session.append_upload(&session.key(&route)?, id, body).await
            }
            (Route::Upload { id, .. }, &Method::PUT) => {
                session.finish_upload(&session.key(&route)?, id, &query, body).await
            }
            (Route::Upload { id, .. }, &Method::DELETE) => {
                session.cancel_upload(&session.key(&route)?, id).await
            }
            (Route::Manifest { reference, .. }, &Method::GET | &Method::HEAD) => {
                session.read_manifest(&session.key(&route)?, reference, is_head).await
            }
            (Route::Manifest { reference, .. }, &Method::PUT) => {
                session.push_manifest(&session.key(&route)?, reference, &query, body).await
            }
            (Route::Manifest { reference, .. }, &Method::DELETE) => {
                session.delete_manifest(&session.key(&route)?, reference).await
            }
            (Route::Tags { .. }, &Method::GET) => session.tags(&session.key(&route)?, &query).await,
            (Route::Referrers { digest, .. }, &Method::GET) => {
                session.referrers(&session.key(&route)?, digest, &query).await
            }
            (route, _) => Err(Failure::no_method(methods(route))),
        }
    }

    fn root() -> Answer {
        let json = HeaderValue::from_static("application/json");
        Builder::new(StatusCode::OK).value(header::CONTENT_TYPE, json).body("{}")
    }
}

impl<G: Gate> StreamHandler for Service<G> {
    async fn handle(&self, head: Arc<Head>, body: Body) -> Answer {
        let route = Route::of(&head.path);
        let operation = route.as_ref().map_or("Unknown", |route| operation(route, &head.method));
        let mut body = Some(body);
        let mut answer = match self.answer(&head, route, &mut body).await {
            Ok(mut answer) => {
                answer.response.labels = labels(operation);
                answer
            }
            Err(failure) => {
                tracing::debug!(operation, code = failure.code, message = failure.message, "refused");
                failure.into_answer(operation)
            }
        };
        if let Some(body) = &mut body {
            body.pass_over(PASSED_OVER).await;
        }
        answer.response.headers.insert(API_VERSION, HeaderValue::from_static("registry/2.0"));
        answer
    }

    fn refuse(&self, _: &Head, refusal: Refusal) -> Response {
        Failure::from(refusal).into_answer("Unknown").response
    }
}

fn labels(operation: &'static str) -> Labels {
    Labels { service: "registry".into(), operation: operation.into(), code: "".into() }
}

fn methods(route: &Route<'_>) -> &'static str {
    match route {
        Route::Root => "GET, HEAD",
        Route::Token => "GET, POST",
        Route::Catalog | Route::Tags { .. } | Route::Referrers { .. } => "GET",
        Route::Blob { .. } => "GET, HEAD, DELETE",
        Route::Uploads { .. } => "POST",
        Route::Upload { .. } => "GET, PATCH, PUT, DELETE",
        Route::Manifest { .. } => "GET, HEAD, PUT, DELETE",
    }
}

/// The name that metrics count a request under.
fn operation(route: &Route<'_>, method: &Method) -> &'static str {
    match (route, method.as_str()) {
        (Route::Root, _) => "Check",
        (Route::Token, _) => "Token",
        (Route::Catalog, _) => "ListRepositories",
        (Route::Tags { .. }, _) => "ListTags",
        (Route::Referrers { .. }, _) => "ListReferrers",
        (Route::Blob { .. }, "GET") => "GetBlob",
        (Route::Blob { .. }, "HEAD") => "HeadBlob",
        (Route::Blob { .. }, "DELETE") => "DeleteBlob",
        (Route::Uploads { .. }, "POST") => "BeginUpload",
        (Route::Upload { .. }, "GET") => "GetUpload",
        (Route::Upload { .. }, "PATCH") => "AppendUpload",
        (Route::Upload { .. }, "PUT") => "FinishUpload",
        (Route::Upload { .. }, "DELETE") => "CancelUpload",
        (Route::Manifest { .. }, "GET") => "GetManifest",
        (Route::Manifest { .. }, "HEAD") => "HeadManifest",
        (Route::Manifest { .. }, "PUT") => "PutManifest",
        (Route::Manifest { .. }, "DELETE") => "DeleteManifest",
        _ => "Unknown",
    }
}

/// Reads what a client sends ahead of a body, and checks what has to hold of it.
pub(crate) fn fuzz(text: &str) {
    let mut lines = text.split('\n');
    let mut next = || lines.next().unwrap_or_default();
    let path = next();
    if let Some(name) = Route::of(path).and_then(|route| route.name()) {
        assert!(path.contains(name), "a name is part of its path");
    }
    if let Ok(query) = Query::of(next()) {
        let _ = (query.first("digest"), query.all("tag").count());
        for scope in crate::token::Scope::read(query.first("scope").unwrap_or_default()) {
            assert!(!scope.actions.is_empty(), "a scope without actions is none");
        }
    }
    let header = next();
    for size in [0, 1, 10, u64::MAX] {
        if let range::Wanted::Part(part) = range::wanted(Some(header), size) {
            assert!(part.start < part.end && part.end <= size, "a part is within");
        }
    }
    if let Some(piece) = range::piece(header) {
        assert!(piece.start < piece.end, "a piece is not empty");
    }
    let key = ringwall_model::Secret::new(vec![7; 32]);
    if let Some(tokens) = Tokens::new(&key) {
        let _ = authorization::shown(Some(next()), &tokens, Timestamp::UNIX_EPOCH);
    }
}
