//! Findings of all replicas to one sink: whichever replica asks first sends a finding.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hashbrown::HashMap;
use ringwall_detect::finding::Finding;
use ringwall_detect::output::Scope;
use ringwall_model::error_chain;
use ringwall_sinks::{Backoff, Notice, Sink, What};
use ringwall_stream::{Delivery, Stream};

use crate::board::Board;
use crate::deliver::random;
use crate::keep::Sent;
use crate::service::Common;
use crate::shelf::Shelf;

/// Findings of a delivery.
const BATCH: usize = 256;

/// How long to wait for one, before it is looked whether the process ends.
const WAIT: Duration = Duration::from_secs(1);

/// After NATS did not answer.
const TRY_AGAIN: Duration = Duration::from_secs(5);

/// Findings of which it is remembered when they were sent; beyond, all are forgotten, and one that goes on may be sent sooner.
const MAX_SENT: usize = 100_000;

/// Findings on their way to one sink.
pub(crate) struct SharedCourier {
    common: Arc<Common>,
    sink: Arc<Sink>,
    waiting: ringwall_stream::Sink,
    stream: Stream,
    boards: HashMap<String, Arc<Board>>,
    sent: HashMap<String, Sent>,
    position: u64,
    failures: u32,
}

impl SharedCourier {
    pub(crate) fn new(
        common: &Arc<Common>,
        sink: Arc<Sink>,
        waiting: ringwall_stream::Sink,
        stream: Stream,
        boards: HashMap<String, Arc<Board>>,
    ) -> Self {
        let (common, sent) = (Arc::clone(common), HashMap::new());
        Self { common, sink, waiting, stream, boards, sent, position: 0, failures: 0 }
    }

    /// Delivers until the process ends.
    pub(crate) async fn run(mut self) {
        while !self.common.stop.load(Ordering::Relaxed) {
            match self.waiting.next(BATCH, WAIT).await {
                Ok(deliveries) => self.deliver(deliveries).await,
                Err(error) => {
                    let sink = self.sink.name();
                    tracing::warn!(sink, error = error_chain(&error), "findings for a sink can't be read");
                    tokio::time::sleep(TRY_AGAIN).await;
                }
            }
        }
    }

    async fn deliver(&mut self, deliveries: Vec<Delivery>) {
        let now = (self.common.now)();
        let (mut notices, mut of_notices) = (Vec::new(), Vec::new());
        for delivery in deliveries {
            match self.notice(&delivery, now).await {
                Ok(Some(notice)) => {
                    notices.push(notice);
                    of_notices.push(delivery);
                }
                Ok(None) => told(delivery.done().await),
                Err(pause) => told(delivery.later(pause).await),
            }
        }
        if notices.is_empty() {
            return;
        }
        let delivered = self.sink.deliver(&notices).await;
        let (done, pause) = match &delivered {
            Ok(()) => {
                self.failures = 0;
                (notices.len(), Duration::ZERO)
            }
            Err(failure) => {
                self.failures = self.failures.saturating_add(1);
                let random = random(self.position, self.failures);
                let pause = Backoff::default().delay(self.failures, &failure.again, random);
                tracing::warn!(error = %failure, again_in = ?pause, "findings could not be delivered");
                (failure.done, pause)
            }
        };
        if self.sent.len() > MAX_SENT {
            self.sent.clear();
        }
        for (at, (delivery, notice)) in of_notices.into_iter().zip(&notices).enumerate() {
            if at < done {
                let sent = Sent { count: notice.finding.count, at: now };
                self.sent.insert(delivery.finding.id.clone(), sent);
                told(delivery.done().await);
            } else {
                told(delivery.later(pause).await);
            }
        }
    }

    /// What is to be sent; nothing if it is not to be sent at all; for how long it has to wait.
    async fn notice(&mut self, delivery: &Delivery, now: i64) -> Result<Option<Notice>, Duration> {
        let (id, cluster) = (&delivery.finding.id, &delivery.cluster);
        let Some(board) = self.boards.get(cluster) else {
            // A replica that knows the cluster sends it.
            return Err(TRY_AGAIN);
        };
        let Some(finding) = Finding::from_bytes(&delivery.finding.body) else {
            tracing::warn!(
                cluster,
                id,
                "a finding is of a type that this version does not know; it is not sent"
            );
            return Ok(None);
        };
        let shelf = Shelf::Stream(self.stream.clone(), cluster.as_str().into());
        if let Err(error) = board.take_mark(&shelf, id).await {
            tracing::warn!(
                cluster,
                id,
                error = error_chain(&error),
                "whether a finding is archived is not known"
            );
            return Err(TRY_AGAIN);
        }
        if self.common.known.verdict(board, id, &finding).is_archived() {
            return Ok(None);
        }
        let before = self.sent.get(id).copied();
        if let Some(sent) = before {
            if sent.count >= finding.count {
                return Ok(None);
            }
            let every = i64::try_from(self.common.settings.publish_every.as_millis()).unwrap_or(i64::MAX);
            let left = sent.at.saturating_add(every).saturating_sub(now);
            if let Ok(left @ 1..) = u64::try_from(left) {
                return Err(Duration::from_millis(left));
            }
        }
        self.position = self.position.saturating_add(1);
        let scope = Scope { now, ..board.scope().clone() };
        let what = if before.is_some() { What::Updated } else { What::New };
        Ok(Some(Notice { finding, scope, what, position: self.position }))
    }
}

/// What NATS has not heard comes again.
fn told(heard: Result<(), ringwall_stream::StreamError>) {
    if let Err(error) = heard {
        tracing::warn!(error = error_chain(&error), "a finding may be sent once more");
    }
}
