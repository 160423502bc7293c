use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use http::header::{DATE, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use ringwall_sigv4::{Parts, Signer};
use tokio::time::Instant;

use super::{Client, failure, retry};
use crate::credentials::{Credentials, CredentialsError};
use crate::http::{HttpLimits, HttpRequest, HttpResponse, Url};
use crate::{CallError, ErrorKind};

/// Most bytes of an answer: a secret has 64 KiB, a page of EC2's some MiB.
pub(super) const MAX_ANSWER: usize = 8 << 20;

/// How far the clocks may disagree before a refused signature is laid to them. Source: botocore and the SDK for JavaScript
/// take five minutes; AWS refuses at five for some services (STS's presigned at 15), so a little less.
const MAX_SKEW: i64 = 240;

/// A request that isn't signed yet.
pub(super) struct Call {
    /// For messages, as `kms:Decrypt`.
    pub(super) operation: String,
    pub(super) service: &'static str,
    pub(super) method: Method,
    pub(super) url: Url,
    /// In lower case. All are signed.
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Bytes,
    /// Most bytes of the answer.
    pub(super) max_answer: usize,
}

/// What came of one attempt that failed.
struct Failed {
    error: CallError,
    /// What the answer demands to wait.
    wait: Option<Duration>,
    /// What the service's clock has more than the one here, if the answer tells.
    ahead: Option<i64>,
    /// Whether asking again is of no use, whatever kind it is.
    last: bool,
}

impl From<CallError> for Failed {
    fn from(error: CallError) -> Self {
        Self { error, wait: None, ahead: None, last: false }
    }
}

impl Client {
    /// Sends a request until it succeeds, or fails in a way that stays, or its attempts or its time are over.
    pub(super) async fn call(&self, call: Call) -> Result<HttpResponse, CallError> {
        let deadline = Instant::now() + self.timeout;
        let mut failed = 0_u32;
        let mut skew_corrected = false;
        loop {
            let attempt = tokio::time::timeout_at(deadline, self.attempt(&call, deadline)).await;
            let Failed { error, wait, ahead, last } = match attempt {
                Ok(Ok(answer)) => {
                    self.shared.quota.give(failed);
                    tracing::debug!(operation = call.operation, attempts = failed + 1, "called");
                    return Ok(answer);
                }
                Ok(Err(failed)) => failed,
                Err(_) => CallError::local(
                    &call.operation,
                    ErrorKind::Unavailable,
                    format!("there was no answer within {:?}", self.timeout),
                )
                .into(),
            };
            failed += 1;
            if let Some(ahead) = ahead.filter(|_| !skew_corrected && is_of_clocks(&error)) {
                skew_corrected = true;
                tracing::warn!(
                    operation = call.operation,
                    seconds = ahead,
                    "the clock here is not that of the service; signing by the service's"
                );
                self.shared.skew.store(ahead, Ordering::Relaxed);
                continue;
            }
            let pause = self.retry.pause(error.kind, failed, retry::random()).max(wait.unwrap_or_default());
            let again = !last
                && matches!(error.kind, ErrorKind::Throttled | ErrorKind::Unavailable)
                && failed < self.retry.attempts
                && Instant::now() + pause < deadline
                && self.shared.quota.take();
            tracing::debug!(operation = call.operation, %error, attempts = failed, again, "a call failed");
            if !again {
                return Err(error);
            }
            tokio::time::sleep(pause).await;
        }
    }

    async fn attempt(&self, call: &Call, deadline: Instant) -> Result<HttpResponse, Failed> {
        let credentials = match &self.credentials {
            None => None,
            Some(provider) => {
                let found = provider.credentials().await;
                // Their source has been asked as often as it makes sense.
                let none = |error: CredentialsError| Failed {
                    last: true,
                    ..CallError::local(&call.operation, error.kind(), error).into()
                };
                Some(found.map_err(none)?)
            }
        };
        let headers = self.signed(call, credentials.as_ref())?;
        let request = HttpRequest {
            method: call.method.clone(),
            url: call.url.clone(),
            headers,
            body: call.body.clone(),
        };
        let left = deadline.saturating_duration_since(Instant::now());
        let limits = HttpLimits { max_body: call.max_answer, timeout: self.retry.attempt_timeout.min(left) };
        let answer = self.http.send(request, limits).await.map_err(|error| Failed {
            last: !error.is_transient(),
            ..CallError::http(&call.operation, &error).into()
        })?;
        if answer.status.is_success() {
            return Ok(answer);
        }
        Err(Failed {
            error: failure::read(&call.operation, &answer),
            wait: retry_after(&answer.headers),
            ahead: self.ahead(&answer.headers),
            last: false,
        })
    }

    /// All headers of a call, the signature among them.
    fn signed(&self, call: &Call, credentials: Option<&Credentials>) -> Result<HeaderMap, CallError> {
        let mut headers: Vec<(&str, &str)> = vec![("host", call.url.authority())];
        headers.extend(call.headers.iter().map(|(name, value)| (*name, value.as_str())));
        let parts = Parts {
            method: call.method.as_str(),
            path: call.url.path(),
            query: call.url.query(),
            headers: &headers,
            authority: None,
        };
        let added = match credentials {
            None => Vec::new(),
            Some(credentials) => {
                let signer = Signer {
                    access_key_id: &credentials.access_key_id,
                    secret: &credentials.secret,
                    session_token: credentials.session_token.as_ref(),
                    region: self.endpoints.signing_region(call.service, &self.region),
                    service: call.service,
                    time: self.clock.now().saturating_add(self.shared.skew.load(Ordering::Relaxed)),
                };
                let wrong = |error| CallError::local(&call.operation, ErrorKind::Invalid, error);
                signer.headers(&parts, &call.body).map_err(wrong)?
            }
        };
        let wrong = || {
            CallError::local(
                &call.operation,
                ErrorKind::Invalid,
                "a header has characters that it can't have",
            )
        };
        let mut all = HeaderMap::new();
        for (name, value) in
            headers.into_iter().chain(added.iter().map(|(name, value)| (*name, value.as_str())))
        {
            let mut value = HeaderValue::from_str(value).map_err(|_| wrong())?;
            value.set_sensitive(matches!(name, "authorization" | "x-amz-security-token"));
            all.insert(HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?, value);
        }
        Ok(all)
    }

    /// How far the service's clock is ahead, if it is far.
    fn ahead(&self, headers: &HeaderMap) -> Option<i64> {
        let date = headers.get(DATE)?.to_str().ok()?;
        let service = jiff::fmt::rfc2822::parse(date).ok()?.timestamp().as_second();
        let known = self.shared.skew.load(Ordering::Relaxed);
        let ahead = service.checked_sub(self.clock.now())?;
        (ahead.checked_sub(known)?.checked_abs()? > MAX_SKEW).then_some(ahead)
    }
}

/// Whether an error may be one of clocks that disagree.
///
/// Source: the SDKs' lists of clock-skew errors.
fn is_of_clocks(error: &CallError) -> bool {
    matches!(
        error.code.as_str(),
        "RequestTimeTooSkewed"
            | "RequestInTheFuture"
            | "RequestExpired"
            | "InvalidSignatureException"
            | "SignatureDoesNotMatch"
            | "AuthFailure"
    )
}

/// RFC 9110, 10.2.3, in seconds; a date is not used by AWS.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}
