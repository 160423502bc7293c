//! One request to its answer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;

use crate::body;
use crate::handler::{Handler, Refusal, Response};
use crate::lifetime::OneMore;
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

/// Answers a request, whatever becomes of it.
pub(crate) async fn answer<H: Handler>(
    shared: &Shared<H>,
    from: From,
    request: http::Request<Incoming>,
) -> http::Response<Full<Bytes>> {
    let begun = Instant::now();
    let _in_flight = OneMore::of(&shared.metrics.in_flight);
    let limits = shared.limits.load_full();
    let (parts, body) = request.into_parts();
    let peer = from.peer;
    let response = match Head::read(&parts, from.peer, from.tls, &limits) {
        Ok(head) => {
            let head = Arc::new(head);
            match handle(shared, &limits, &head, body).await {
                Ok(response) => response,
                Err(refusal) => {
                    shared.metrics.refused(refusal);
                    shared.handler.refuse(&head, refusal)
                }
            }
        }
        Err(error) => malformed(shared, error),
    };
    let status = response.status.as_u16();
    // The query stays out of logs: a presigned one is a credential.
    let (method, path) = (&parts.method, parts.uri.path());
    let took = begun.elapsed();
    tracing::debug!(%peer, %method, path, status, ?took, "answered");
    shared.metrics.answered(response.labels, status, took);
    let mut answer = http::Response::new(Full::new(response.body));
    *answer.status_mut() = response.status;
    *answer.headers_mut() = response.headers;
    answer
}

fn malformed<H: Handler>(shared: &Shared<H>, error: HeadError) -> Response {
    shared.metrics.refused_for("malformed");
    Response::text(error.status(), &format!("{error}\n"))
}

async fn handle<H: Handler>(
    shared: &Shared<H>,
    limits: &Limits,
    head: &Arc<Head>,
    body: Incoming,
) -> Result<Response, Refusal> {
    let body = body::read(body, limits, &shared.buffered).await?;
    // Only now, or slow senders would take every place.
    let place = shared.requests.take(1, limits.max_concurrent_requests).ok_or(Refusal::Busy)?;
    let request = Request { head: Arc::clone(head), body: body.bytes };
    let handler = Arc::clone(&shared.handler);
    let share = body.share;
    // A task of its own: a client that hangs up must not stop a change between its commit and its record.
    let task = tokio::spawn(async move {
        let response = handler.handle(request).await;
        drop((place, share));
        response
    });
    match tokio::time::timeout(limits.request, task).await {
        Ok(Ok(response)) => Ok(response),
        Ok(Err(error)) => {
            tracing::error!(%error, "a handler panicked");
            Err(Refusal::Failed)
        }
        Err(_) => Err(Refusal::TimedOut),
    }
}
