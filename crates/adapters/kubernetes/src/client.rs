use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{Method, Request, Response};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use kube::client::Body;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::error::{chain, cut};
use crate::{KubeError, Source};

/// How long a read or write may take, unless [`Cluster::with_deadline`] says otherwise: the apiserver waits 10 s for a
/// webhook by default, so an answer that takes longer is of no use to most.
pub const DEADLINE: Duration = Duration::from_secs(10);

/// Longest answer that is taken: a page of 500 objects at the largest that etcd stores by default (1.5 MiB each) would be
/// more, but no cluster has that many of them.
pub const MAX_ANSWER_BYTES: usize = 64 << 20;

/// Longest answer that says no; a `Status` has some hundred bytes.
const MAX_STATUS_BYTES: usize = 64 << 10;

/// Most requests at a time, each of which has a connection. Watches come on top.
const MAX_REQUESTS: usize = 64;

const JSON: &str = "application/json";

/// As `kubectl get --raw` asks.
const ANYTHING: &str = "application/json, */*";

/// An object to apply. Source: Kubernetes, *Server-Side Apply*; JSON is YAML.
const APPLY: &str = "application/apply-patch+yaml";

/// A client of a cluster. Clones share connections and limits.
#[derive(Clone)]
pub struct Cluster {
    client: kube::Client,
    requests: Arc<Semaphore>,
    deadline: Duration,
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster").field("deadline", &self.deadline).finish_non_exhaustive()
    }
}

impl Cluster {
    /// A client by a configuration. No request is made, so the apiserver need not be there; a credential plugin of the
    /// kubeconfig is run.
    pub async fn connect(source: &Source) -> Result<Self, KubeError> {
        let client = source.client().await?;
        Ok(Self { client, requests: Arc::new(Semaphore::new(MAX_REQUESTS)), deadline: DEADLINE })
    }

    /// The same client with another deadline for each request but watches.
    #[must_use]
    pub fn with_deadline(&self, deadline: Duration) -> Self {
        Self { deadline, ..self.clone() }
    }

    /// What is at a path, such as `/openid/v1/jwks`, as it comes. The path is escaped already.
    pub async fn get_raw(&self, path: &str) -> Result<Bytes, KubeError> {
        // Keys of service accounts are `application/jwk-set+json`, and the apiserver refuses to call them anything else.
        self.call(Method::GET, path, ANYTHING, Bytes::new(), MAX_ANSWER_BYTES).await
    }

    /// What is at a path, read as JSON.
    pub(crate) async fn get_json<T: DeserializeOwned>(
        &self,
        path: &str,
        accept: &str,
    ) -> Result<T, KubeError> {
        let body = self.call(Method::GET, path, accept, Bytes::new(), MAX_ANSWER_BYTES).await?;
        parse(&body, || format!("GET {path}"))
    }

    /// A request and its whole answer, within the deadline.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        accept: &str,
        body: Bytes,
        limit: usize,
    ) -> Result<Bytes, KubeError> {
        let request = format!("{method} {path}");
        let exchange = async {
            let _permit = self.requests.acquire().await;
            let answer = self.send(method, path, accept, body).await?;
            collect(answer.into_body(), limit, &request).await
        };
        match timeout(self.deadline, exchange).await {
            Ok(result) => result,
            Err(_) => Err(KubeError::Timeout { request, after: self.deadline }),
        }
    }

    /// A request of which the answer's body is read by the caller, who bounds the time. It is one that says yes.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        accept: &str,
        body: Bytes,
    ) -> Result<Response<Body>, KubeError> {
        let name = format!("{method} {path}");
        // The one kind of patch that is sent.
        let content = if method == Method::PATCH { APPLY } else { JSON };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(ACCEPT, accept)
            .header(CONTENT_TYPE, content)
            .body(Body::from(body))
            .map_err(|error| KubeError::Malformed { request: name.clone(), message: error.to_string() })?;
        let answer = self
            .client
            .send(request)
            .await
            .map_err(|error| KubeError::Unreachable { request: name.clone(), message: chain(&error) })?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let status = answer.status().as_u16();
        let body = collect(answer.into_body(), MAX_STATUS_BYTES, &name).await.unwrap_or_default();
        Err(refusal(name, status, &body))
    }
}

/// The part of a `Status` that says why.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Status {
    reason: String,
    message: String,
}

/// An answer that says no.
fn refusal(request: String, status: u16, body: &[u8]) -> KubeError {
    let told: Status = serde_json::from_slice(body).unwrap_or_else(|_| Status {
        reason: String::new(),
        message: String::from_utf8_lossy(body).into_owned(),
    });
    KubeError::Status { request, status, reason: cut(&told.reason), message: cut(&told.message) }
}

/// A body of at most so many bytes.
async fn collect(body: Body, limit: usize, request: &str) -> Result<Bytes, KubeError> {
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            Err(KubeError::TooLarge { request: request.to_owned(), limit })
        }
        Err(error) => {
            Err(KubeError::Unreachable { request: request.to_owned(), message: chain(error.as_ref()) })
        }
    }
}

/// Reads JSON that answers a request. What it says is not repeated in the error, as it may be a Secret.
pub(crate) fn parse<T: DeserializeOwned>(
    body: &[u8],
    request: impl FnOnce() -> String,
) -> Result<T, KubeError> {
    serde_json::from_slice(body).map_err(|error| KubeError::Malformed {
        request: request(),
        message: format!("line {}, column {}: {}", error.line(), error.column(), category(&error)),
    })
}

/// What kind of error it is, without the text that it was found in.
fn category(error: &serde_json::Error) -> &'static str {
    match error.classify() {
        serde_json::error::Category::Io => "it can't be read",
        serde_json::error::Category::Syntax => "it is no JSON",
        serde_json::error::Category::Data => "it has not the form of such an object",
        serde_json::error::Category::Eof => "it ends too early",
    }
}
