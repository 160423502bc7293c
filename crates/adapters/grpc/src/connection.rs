//! One connection: its calls, its end.

use std::borrow::Cow;
use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http2::Builder;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use ringwall_server::lifetime::{Activity, OneMore, Patience, Phase, live};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tonic::body::Body;
use tonic::{Code, Status};

use crate::limits::{MAX_HEADER_BYTES, MAX_RESETS, MAX_STREAMS};
use crate::server::{Peer, Shared};

/// How long a connection that was asked to end may take to say good-bye.
const GOOD_BYE: Duration = Duration::from_secs(2);

/// What stands before a message: whether it is compressed, and its length.
const MESSAGE_HEAD_BYTES: usize = 5;

/// A generated service.
pub trait Service:
    tonic::codegen::Service<
        http::Request<Body>,
        Response = http::Response<Body>,
        Error = Infallible,
        Future: Send,
    > + Clone
    + Send
    + Sync
    + 'static
{
}

impl<S> Service for S where
    S: tonic::codegen::Service<
            http::Request<Body>,
            Response = http::Response<Body>,
            Error = Infallible,
            Future: Send,
        > + Clone
        + Send
        + Sync
        + 'static
{
}

/// Serves a connection to its end.
pub(crate) async fn serve<S: Service, I: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    shared: Arc<Shared<S>>,
    stream: I,
    peer: Peer,
    phase: watch::Receiver<Phase>,
) {
    let activity = Activity::new();
    let service = service_fn(|request| {
        let (shared, busy) = (Arc::clone(&shared), Activity::begin(&activity));
        async move {
            let answer = answer(&shared, peer, request).await;
            drop(busy);
            Ok::<_, Infallible>(answer)
        }
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_header_list_size(MAX_HEADER_BYTES)
        .max_concurrent_streams(MAX_STREAMS)
        .max_pending_accept_reset_streams(MAX_RESETS)
        .max_local_error_reset_streams(MAX_RESETS);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let patience = Patience { idle: shared.limits.idle, good_bye: GOOD_BYE };
    if let Err(error) =
        live(connection.as_mut(), |it| it.graceful_shutdown(), &activity, patience, phase).await
    {
        tracing::debug!(?peer, %error, "the connection broke");
    }
}

/// Answers a call, whatever becomes of it.
async fn answer<S: Service>(
    shared: &Shared<S>,
    peer: Peer,
    request: http::Request<Incoming>,
) -> http::Response<Body> {
    let begun = Instant::now();
    let _in_flight = OneMore::of(&shared.metrics.in_flight);
    let path = request.uri().path().to_owned();
    let answer = match InHand::one_more(&shared.calls, shared.limits.max_calls) {
        None => {
            shared.metrics.refused("calls");
            Status::unavailable("too many calls at once: try again").into_http()
        }
        Some(_place) => {
            let call = call(shared.service.clone(), peer, request, shared.limits.max_message_bytes);
            match tokio::time::timeout(shared.limits.call, call).await {
                Ok(answer) => answer,
                Err(_) => {
                    shared.metrics.refused("time");
                    Status::deadline_exceeded("the call took too long").into_http()
                }
            }
        }
    };
    let (code, took) = (code(&answer), begun.elapsed());
    // A path that the service doesn't know is the caller's choice, and no label.
    let method = match code {
        Code::Unimplemented => Cow::from("unknown"),
        _ => Cow::from(path.rsplit('/').next().unwrap_or_default().to_owned()),
    };
    tracing::debug!(?peer, %method, ?code, ?took, "answered");
    shared.metrics.answered(method, name(code), took);
    answer
}

async fn call<S: Service>(
    mut service: S,
    peer: Peer,
    request: http::Request<Incoming>,
    limit: usize,
) -> http::Response<Body> {
    let limit = limit.saturating_add(MESSAGE_HEAD_BYTES);
    let mut request = request.map(|body| {
        Body::new(Limited::new(body, limit).map_err(move |error| {
            if error.is::<http_body_util::LengthLimitError>() {
                Status::resource_exhausted(format!("a message has at most {limit} bytes"))
            } else {
                Status::from_error(error)
            }
        }))
    });
    request.extensions_mut().insert(peer);
    let Ok(()) = std::future::poll_fn(|context| service.poll_ready(context)).await;
    let Ok(answer) = service.call(request).await;
    answer
}

/// The status, which stands in the headers unless it is fine.
fn code(answer: &http::Response<Body>) -> Code {
    answer.headers().get(Status::GRPC_STATUS).map_or(Code::Ok, |code| Code::from_bytes(code.as_bytes()))
}

/// As gRPC's own documents spell them.
fn name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

/// A call in hand, of all connections.
struct InHand<'a>(&'a AtomicUsize);

impl<'a> InHand<'a> {
    fn one_more(calls: &'a AtomicUsize, limit: usize) -> Option<Self> {
        let in_hand = calls.fetch_add(1, Ordering::SeqCst);
        let place = Self(calls);
        (in_hand < limit).then_some(place)
    }
}

impl Drop for InHand<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
