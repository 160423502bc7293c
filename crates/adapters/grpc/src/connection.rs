//! One connection: its calls, its end.

use std::borrow::Cow;
use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http2::Builder;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tonic::body::Body;
use tonic::{Code, Status};

use crate::limits::{MAX_HEADER_BYTES, MAX_RESETS, MAX_STREAMS};
use crate::metrics::OneMore;
use crate::server::{Peer, Phase, Shared};

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
    mut phase: watch::Receiver<Phase>,
) {
    let activity = Arc::new(Activity::new());
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
    let idle = shared.limits.idle;
    let mut end = pin!(tokio::time::sleep(idle));
    let mut ending = false;
    loop {
        tokio::select! {
            done = connection.as_mut() => {
                if let Err(error) = done {
                    tracing::debug!(?peer, %error, "the connection broke");
                }
                return;
            }
            () = end.as_mut() => match activity.idle_left(idle) {
                Some(left) => end.as_mut().reset(tokio::time::Instant::now() + left),
                None if ending => return,
                None => {
                    ending = true;
                    connection.as_mut().graceful_shutdown();
                    end.as_mut().reset(tokio::time::Instant::now() + GOOD_BYE);
                }
            },
            changed = phase.changed() => {
                if changed.is_err() || *phase.borrow_and_update() == Phase::Cut {
                    return;
                }
                connection.as_mut().graceful_shutdown();
            }
        }
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

/// When a connection last had a call in hand.
#[derive(Debug)]
struct Activity {
    made: Instant,
    in_hand: AtomicUsize,
    /// Milliseconds from `made` to the end of the latest call.
    ended: AtomicU64,
}

impl Activity {
    fn new() -> Self {
        Self { made: Instant::now(), in_hand: AtomicUsize::new(0), ended: AtomicU64::new(0) }
    }

    fn begin(activity: &Arc<Self>) -> Busy {
        activity.in_hand.fetch_add(1, Ordering::SeqCst);
        Busy(Arc::clone(activity))
    }

    fn age(&self) -> u64 {
        u64::try_from(self.made.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// How long the connection may still be idle; `None` if that time is over.
    fn idle_left(&self, limit: Duration) -> Option<Duration> {
        if self.in_hand.load(Ordering::SeqCst) > 0 {
            return Some(limit);
        }
        let idle = Duration::from_millis(self.age().saturating_sub(self.ended.load(Ordering::SeqCst)));
        // Below a millisecond is nothing, as that is how time is kept here.
        limit.checked_sub(idle).filter(|left| *left >= Duration::from_millis(1))
    }
}

/// A call in hand.
#[derive(Debug)]
struct Busy(Arc<Activity>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.ended.store(self.0.age(), Ordering::SeqCst);
        self.0.in_hand.fetch_sub(1, Ordering::SeqCst);
    }
}
