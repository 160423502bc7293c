//! Logs that are fetched rather than sent: each source puts what it reads into its cluster's queue, and keeps then how far it came.
//!
//! Between the two the process may end: what was put there is put there again, and is known as a repeat when it is looked at.

mod files;
pub(crate) mod log_group;
pub(crate) mod objects;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use ringwall_spool::PushError;
use tokio::runtime::Handle;

use crate::keep::Keep;
use crate::metrics::{Metrics, Source};
use crate::queue::Queue;

pub(crate) use files::follow;

/// How long a source waits for room in the queue before it looks again.
const FULL: Duration = Duration::from_millis(200);

/// What a source has at hand.
#[derive(Clone)]
pub(crate) struct Pull {
    pub(crate) cluster: String,
    pub(crate) queue: Arc<Queue>,
    pub(crate) keep: Arc<Keep>,
    pub(crate) metrics: Metrics,
    pub(crate) stop: Arc<AtomicBool>,
    pub(crate) handle: Handle,
}

/// The process ends, or the queue does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopped;

impl Pull {
    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Counts and tells that a look at a source failed.
    pub(crate) fn problem(&self, source: &'static str, name: &str, why: &str) {
        tracing::warn!(cluster = self.cluster, source, name, why, "a source can't be read; it is tried again");
        let label = Source { cluster: self.cluster.clone(), source };
        self.metrics.source_problems.get_or_create(&label).inc();
    }

    /// Puts a piece into the queue. A source can wait, so it waits for room.
    pub(crate) async fn push(&self, piece: Bytes) -> Result<(), Stopped> {
        loop {
            match self.queue.push(piece.clone()).await {
                Ok(_) => return Ok(()),
                Err(PushError::Full { .. }) if !self.is_stopped() => tokio::time::sleep(FULL).await,
                Err(error @ PushError::TooLong(_)) => {
                    tracing::warn!(cluster = self.cluster, %error, "it is left out");
                    self.metrics.event(&self.cluster, "unreadable", 1);
                    return Ok(());
                }
                Err(error) => {
                    if !matches!(error, PushError::Full { .. }) {
                        tracing::error!(cluster = self.cluster, %error, "a source has to wait");
                    }
                    return Err(Stopped);
                }
            }
        }
    }

    /// The same, for threads.
    pub(crate) fn push_now(&self, piece: Bytes) -> Result<(), Stopped> {
        self.handle.block_on(self.push(piece))
    }
}
