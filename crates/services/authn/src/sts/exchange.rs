//! One question to STS and its answer.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method};
use ringwall_awsclient::BoxFuture;
use ringwall_awsclient::http::{HttpClient, HttpError, HttpLimits, HttpRequest, HttpResponse, Url};

use crate::token::{ACCEPT, CLUSTER_HEADER, Rules, Token};

/// Longest time to an answer.
///
/// Source: aws-iam-authenticator 81b1daba, `pkg/token/token.go`, `NewVerifier`, whose client has this timeout.
pub(super) const TIMEOUT: Duration = Duration::from_secs(10);

/// Bytes of an answer: STS's have below 1 KiB, and its longest errors, which repeat the canonical request, about 10.
const MAX_ANSWER: usize = 64 * 1024;

/// Sends a request once and gives the answer, whatever its status, within limits. No redirect is followed.
pub trait Exchange: Send + Sync + 'static {
    /// Sends a request.
    fn call(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, HttpError>>;
}

impl Exchange for HttpClient {
    fn call(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, HttpError>> {
        Box::pin(self.send(request, HttpLimits { max_body: MAX_ANSWER, timeout: TIMEOUT }))
    }
}

/// The request that a token is the signature of. `None` if it can't be sent, which no token that was read can bring about.
pub(super) fn request(token: &Token, rules: &Rules) -> Option<HttpRequest> {
    let url: Url = token.url().parse().ok()?;
    let (accept, json) = ACCEPT;
    let mut headers = HeaderMap::with_capacity(2);
    headers.insert(accept, HeaderValue::from_static(json));
    headers.insert(CLUSTER_HEADER, HeaderValue::from_str(rules.cluster_id()).ok()?);
    Some(HttpRequest { method: Method::GET, url, headers, body: bytes::Bytes::new() })
}
