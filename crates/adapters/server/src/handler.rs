//! What stands behind a listener, and how it answers.

use std::borrow::Cow;
use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::content::{Answer, Body};
use crate::limits::Limits;
use crate::request::{Head, Request};

/// Answers the requests of a listener.
pub trait Handler: Send + Sync + 'static {
    /// Answers a request.
    ///
    /// It runs in a task of its own, to its end even if the client goes away or the time for requests is over: what
    /// was begun is finished and recorded. A panic in it is answered as [`Refusal::Failed`].
    fn handle(&self, request: Request) -> impl Future<Output = Response> + Send;

    /// Answers for the listener, which could not or would not have the request handled: in the form that the clients
    /// of this service understand. What is too ambiguous to have a [`Head`] is answered by the listener itself.
    fn refuse(&self, head: &Head, refusal: Refusal) -> Response {
        let _ = head;
        Response::text(refusal.status(), &format!("{refusal}\n"))
    }
}

/// Answers the requests of a listener whose bodies, of requests or of answers, may be too large for memory.
///
/// [`Limits::max_body_bytes`] and [`Limits::request`] don't hold here: the handler says what it takes, and a body may
/// last as long as it goes on, with no pause above [`Limits::body_read`] (in) or [`Limits::idle`] (out).
pub trait StreamHandler: Send + Sync + 'static {
    /// Answers a request. Like [`Handler::handle`] it runs in a task of its own, to its end.
    fn handle(&self, head: Arc<Head>, body: Body) -> impl Future<Output = Answer> + Send;

    /// Answers for the listener; see [`Handler::refuse`].
    fn refuse(&self, head: &Head, refusal: Refusal) -> Response {
        let _ = head;
        Response::text(refusal.status(), &format!("{refusal}\n"))
    }
}

/// Why a request is not handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refusal {
    /// The body is larger than the listener takes. 413.
    #[error("the body is larger than {limit} bytes")]
    BodyTooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The body took too long to come in. 408.
    #[error("the body took too long")]
    BodyTooSlow,
    /// The body broke off, or its chunks are malformed. 400.
    #[error("the body is broken")]
    BodyBroken,
    /// There are more requests than the listener takes at once. 503.
    #[error("too many requests are in hand")]
    Busy,
    /// There was no answer in time; the request may still have its effect. 503.
    #[error("there was no answer in time")]
    TimedOut,
    /// The handler panicked, which is a bug. 500.
    #[error("an internal error")]
    Failed,
}

impl Refusal {
    /// The status that fits.
    pub fn status(self) -> StatusCode {
        match self {
            Self::BodyTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BodyTooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::BodyBroken => StatusCode::BAD_REQUEST,
            Self::Busy | Self::TimedOut => StatusCode::SERVICE_UNAVAILABLE,
            Self::Failed => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The name that metrics count it by.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::BodyTooLarge { .. } => "body_too_large",
            Self::BodyTooSlow => "body_too_slow",
            Self::BodyBroken => "body_broken",
            Self::Busy => "busy",
            Self::TimedOut => "timed_out",
            Self::Failed => "failed",
        }
    }

    pub(crate) fn too_large(limits: &Limits) -> Self {
        Self::BodyTooLarge { limit: limits.max_body_bytes }
    }
}

/// What metrics count a request under.
///
/// Values must come from a closed set (operations and error codes that exist), never from the client's words, or
/// clients could make series without end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Labels {
    /// The service, as `kms`.
    pub service: Cow<'static, str>,
    /// The operation, as `Decrypt`.
    pub operation: Cow<'static, str>,
    /// The error's code, as `AccessDeniedException`; empty if there is none.
    pub code: Cow<'static, str>,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// The headers; lengths and dates are added by the listener.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// What it is counted under.
    pub labels: Labels,
}

impl Response {
    /// An answer without headers.
    pub fn new(status: StatusCode, body: impl Into<Bytes>) -> Self {
        Self { status, headers: HeaderMap::new(), body: body.into(), labels: Labels::default() }
    }

    /// An answer in plain text.
    pub fn text(status: StatusCode, text: &str) -> Self {
        let mut response = Self::new(status, text.to_owned());
        let plain = HeaderValue::from_static("text/plain; charset=utf-8");
        response.headers.insert(header::CONTENT_TYPE, plain);
        response
    }
}
