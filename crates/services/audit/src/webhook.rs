//! What answers the apiserver: batches of events are put into the queue, and looked at later.
//!
//! Source: Kubernetes, *Auditing*, "Webhook backend"; apiserver v1.37, `plugin/audit/webhook`: an `EventList` is posted to the
//! kubeconfig's URL, and sent again unless the answer is 2xx.

use std::borrow::Cow;

use bytes::Bytes;
use hashbrown::HashMap;
use http::{HeaderValue, Method, StatusCode, header};
use ringwall_server::{Handler, Head, Labels, Request, Response};

use crate::metrics::Metrics;
use crate::queue::{NotTaken, Queue};

/// Where a cluster's apiserver sends its batches; the cluster's name follows.
pub const PATH: &str = "/audit/";

/// After how many seconds a full queue may be tried again.
const TRY_AGAIN: HeaderValue = HeaderValue::from_static("5");

/// A cluster that may send.
pub(crate) struct Sender {
    /// Names of which its certificate has to have one; empty without TLS, which is for this machine alone.
    pub(crate) client_names: Vec<String>,
    pub(crate) queue: Queue,
    /// What its events' place is called.
    pub(crate) file: String,
}

/// Takes batches.
pub(crate) struct Webhook {
    pub(crate) senders: HashMap<String, Sender>,
    pub(crate) metrics: Metrics,
}

impl Sender {
    /// Whether the caller may send this cluster's events: by its certificate, or if none is demanded from this machine.
    fn knows(&self, head: &Head) -> bool {
        if self.client_names.is_empty() {
            return head.peer.ip().to_canonical().is_loopback();
        }
        head.shows_name_of(&self.client_names)
    }
}

impl Handler for Webhook {
    async fn handle(&self, request: Request) -> Response {
        let head = &request.head;
        let Some(name) = head.path.strip_prefix(PATH) else {
            let text = "events go to /audit/CLUSTER\n";
            return labelled(Response::text(StatusCode::NOT_FOUND, text), "NotFound");
        };
        // A cluster that is not known and one that is another's get the same answer: whoever asks learns no names.
        let sender = self.senders.get(name).filter(|sender| sender.knows(head));
        let Some(sender) = sender else {
            tracing::warn!(peer = %head.peer, "a caller without the certificate of the cluster it names is refused");
            let text = "a client certificate with a name of this cluster is needed\n";
            return labelled(Response::text(StatusCode::FORBIDDEN, text), "Forbidden");
        };
        if head.method != Method::POST {
            let answer = Response::text(StatusCode::METHOD_NOT_ALLOWED, "events are sent by POST\n");
            return labelled(answer, "Method");
        }
        self.take(name, sender, &request.body).await
    }
}

impl Webhook {
    async fn take(&self, name: &str, sender: &Sender, body: &Bytes) -> Response {
        if body.trim_ascii().is_empty() {
            self.metrics.batch(name, "refused");
            return labelled(Response::text(StatusCode::BAD_REQUEST, "there are no events\n"), "Empty");
        }
        // What it is, is looked at later: a batch that can't be read now can't be read when it is sent again.
        match sender.queue.push_batch(&sender.file, body).await {
            Ok(taken) => {
                self.metrics.batch(name, "taken");
                self.metrics.event(name, "too_long", taken.too_long);
                labelled(Response::text(StatusCode::OK, "taken\n"), "")
            }
            Err(error @ NotTaken::Full(_)) => {
                tracing::warn!(cluster = name, %error, "a batch is not taken");
                self.metrics.batch(name, "full");
                let mut answer = Response::text(StatusCode::TOO_MANY_REQUESTS, &format!("{error}\n"));
                answer.headers.insert(header::RETRY_AFTER, TRY_AGAIN);
                labelled(answer, "Full")
            }
            Err(error @ NotTaken::TooLong(_)) => {
                tracing::warn!(cluster = name, %error, "a batch is not taken");
                self.metrics.batch(name, "refused");
                labelled(Response::text(StatusCode::PAYLOAD_TOO_LARGE, &format!("{error}\n")), "TooLong")
            }
            Err(error) => {
                tracing::error!(cluster = name, %error, "a batch could not be taken");
                self.metrics.batch(name, "failed");
                let text = "the events could not be kept\n";
                labelled(Response::text(StatusCode::SERVICE_UNAVAILABLE, text), "Failed")
            }
        }
    }
}

fn labelled(mut response: Response, code: &'static str) -> Response {
    response.labels =
        Labels { service: "audit".into(), operation: "Events".into(), code: Cow::Borrowed(code) };
    response
}
