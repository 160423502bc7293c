//! One request to its answer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use hyper::body::Incoming;

use crate::body;
use crate::content::{Answer, Body, Outgoing};
use crate::handler::{Handler, Refusal, Response, StreamHandler};
use crate::lifetime::{Activity, OneMore};
use crate::limits::Limits;
use crate::listener::Shared;
use crate::request::{Head, HeadError, Request};
use crate::tls::TlsInfo;

/// What is known of a request before it came.
#[derive(Clone, Debug)]
pub(crate) struct From {
    pub(crate) peer: SocketAddr,
    pub(crate) tls: Option<Arc<TlsInfo>>,
}

/// Bytes that a connection reads at once where bodies pass through: a system call for so many is cheap beside copying
/// them, and a thousand connections hold 256 MiB at most.
const PIECE: usize = 256 * 1024;

/// Bytes of an HTTP/2 stream that a client may send ahead where bodies pass through: 10 Gbit/s at a round trip of 1 ms.
const WINDOW: u32 = 1024 * 1024;

/// What is behind a listener: a handler of whole requests, or one of bodies that pass through.
pub(crate) trait Behind: Send + Sync + Sized + 'static {
    /// Bytes that a connection reads at once, if that is for the handler to say.
    const PIECE: usize;
    /// Bytes of an HTTP/2 stream that a client may send ahead, if that is for the handler to say.
    const WINDOW: Option<u32>;

    /// Has a request handled, in a task of its own: a client that hangs up must not stop a change between its commit
    /// and its record.
    fn handle(
        shared: &Shared<Self>,
        limits: &Limits,
        head: &Arc<Head>,
        body: Incoming,
    ) -> impl Future<Output = Result<Answer, Refusal>> + Send;

    /// Answers for the listener.
    fn refuse(&self, head: &Head, refusal: Refusal) -> Response;
}

/// A handler of whole requests.
#[derive(Debug)]
pub(crate) struct Whole<H>(pub(crate) Arc<H>);

/// A handler of bodies that pass through.
#[derive(Debug)]
pub(crate) struct Through<H>(pub(crate) Arc<H>);

/// Answers a request, whatever becomes of it.
pub(crate) async fn answer<B: Behind>(
    shared: &Shared<B>,
    from: From,
    activity: Arc<Activity>,
    request: http::Request<Incoming>,
) -> http::Response<Outgoing> {
    let begun = Instant::now();
    let _in_flight = OneMore::of(&shared.metrics.in_flight);
    let limits = shared.limits.load_full();
    let (parts, body) = request.into_parts();
    let peer = from.peer;
    let Answer { response, content } = match Head::read(&parts, from.peer, from.tls, &limits) {
        Ok(head) => {
            let head = Arc::new(head);
            match B::handle(shared, &limits, &head, body).await {
                Ok(answer) => answer,
                Err(refusal) => {
                    shared.metrics.refused(refusal);
                    shared.behind.refuse(&head, refusal).into()
                }
            }
        }
        Err(error) => malformed(shared, error).into(),
    };
    let status = response.status.as_u16();
    // The query stays out of logs: a presigned one is a credential.
    let (method, path) = (&parts.method, parts.uri.path());
    let took = begun.elapsed();
    tracing::debug!(%peer, %method, path, status, ?took, "answered");
    shared.metrics.answered(response.labels, status, took);
    let mut answer = http::Response::new(Outgoing::new(response.body, content, activity));
    *answer.status_mut() = response.status;
    *answer.headers_mut() = response.headers;
    answer
}

fn malformed<B>(shared: &Shared<B>, error: HeadError) -> Response {
    shared.metrics.refused_for("malformed");
    Response::text(error.status(), &format!("{error}\n"))
}

impl<H: Handler> Behind for Whole<H> {
    const PIECE: usize = 0;
    const WINDOW: Option<u32> = None;

    async fn handle(
        shared: &Shared<Self>,
        limits: &Limits,
        head: &Arc<Head>,
        body: Incoming,
    ) -> Result<Answer, Refusal> {
        let body = body::read(body, limits, &shared.buffered).await?;
        // Only now, or slow senders would take every place.
        let place = shared.requests.take(1, limits.max_concurrent_requests).ok_or(Refusal::Busy)?;
        let request = Request { head: Arc::clone(head), body: body.bytes };
        let handler = Arc::clone(&shared.behind.0);
        let share = body.share;
        let task = tokio::spawn(async move {
            let response = handler.handle(request).await;
            drop((place, share));
            response
        });
        match tokio::time::timeout(limits.request, task).await {
            Ok(done) => done.map(Answer::from).map_err(panicked),
            Err(_) => Err(Refusal::TimedOut),
        }
    }

    fn refuse(&self, head: &Head, refusal: Refusal) -> Response {
        self.0.refuse(head, refusal)
    }
}

impl<H: StreamHandler> Behind for Through<H> {
    const PIECE: usize = PIECE;
    const WINDOW: Option<u32> = Some(WINDOW);

    async fn handle(
        shared: &Shared<Self>,
        limits: &Limits,
        head: &Arc<Head>,
        body: Incoming,
    ) -> Result<Answer, Refusal> {
        let place = shared.requests.take(1, limits.max_concurrent_requests).ok_or(Refusal::Busy)?;
        let (handler, head) = (Arc::clone(&shared.behind.0), Arc::clone(head));
        let body = Body::new(body, limits.body_read);
        // A body lasts as long as its length and the line make it: what counts is that it goes on.
        let task = tokio::spawn(async move {
            let answer = handler.handle(head, body).await;
            drop(place);
            answer
        });
        task.await.map_err(panicked)
    }

    fn refuse(&self, head: &Head, refusal: Refusal) -> Response {
        self.0.refuse(head, refusal)
    }
}

fn panicked(error: tokio::task::JoinError) -> Refusal {
    tracing::error!(%error, "a handler panicked");
    Refusal::Failed
}
