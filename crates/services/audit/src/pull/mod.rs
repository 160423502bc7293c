//! Logs that are fetched rather than sent: each source puts what it reads into its cluster's queue, and keeps then how far it came.
//!
//! Between the two the process may end: what was put there is put there again, and is known as a repeat when it is looked at.

mod files;
mod log_group;
mod objects;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use object_store::path::Path;
use ringwall_lake::Location;
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use crate::Error;
use crate::metrics::{Metrics, Source};
use crate::queue::{NotTaken, Queue};
use crate::service::Common;
use crate::settings::ClusterSettings;
use crate::shelf::Shelf;

/// How long a source waits for room in the queue before it looks again.
const FULL: Duration = Duration::from_millis(200);

/// What a source has at hand.
#[derive(Clone)]
pub(crate) struct Pull {
    pub(crate) cluster: String,
    pub(crate) queue: Queue,
    pub(crate) shelf: Shelf,
    pub(crate) metrics: Metrics,
    pub(crate) stop: Arc<AtomicBool>,
    pub(crate) handle: Handle,
}

/// The process ends, or the queue does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopped;

/// Begins to read a cluster's sources. Threads end when they are told to stop, tasks with their set.
///
/// # Errors
///
/// A source can't be what it is said to be, or there is no room for a thread.
pub(crate) fn start(
    common: &Common,
    cluster: &ClusterSettings,
    pull: &Pull,
    tasks: &mut JoinSet<()>,
) -> Result<Vec<JoinHandle<()>>, Error> {
    let mut threads = Vec::new();
    if !cluster.files.is_empty() {
        let made = |source| Error::Make { what: format!("a thread for cluster `{}`", cluster.name), source };
        threads.push(files::follow(pull.clone(), cluster.files.clone()).map_err(made)?);
    }
    let (every, now) = (common.settings.ask_every, (common.now)());
    // Without AWS there are none: the settings were checked.
    let Some(client) = &common.aws else { return Ok(threads) };
    for group in &cluster.log_groups {
        tasks.spawn(log_group::read(pull.clone(), client.clone(), group.clone(), every, now));
    }
    for source in &cluster.objects {
        let (bucket, prefix) = bucket(source).ok_or_else(|| {
            Error::Setting(format!("`{source}` is no place of objects (hint: s3://BUCKET/PREFIX)"))
        })?;
        let store = Arc::clone(Location::bucket(client.clone(), bucket, "")?.store());
        let prefix = Path::from(prefix);
        tasks.spawn(objects::read(pull.clone(), store, prefix, source.clone(), every, now));
    }
    Ok(threads)
}

/// Bucket and prefix of `s3://BUCKET/PREFIX`.
pub(crate) fn bucket(place: &str) -> Option<(&str, &str)> {
    let rest = place.strip_prefix("s3://")?;
    Some(rest.split_once('/').unwrap_or((rest, "")))
}

impl Pull {
    pub(crate) fn new(
        common: &Common,
        cluster: &str,
        queue: Queue,
        shelf: Shelf,
        stop: Arc<AtomicBool>,
    ) -> Self {
        let (cluster, metrics) = (cluster.to_owned(), common.metrics.clone());
        Self { cluster, queue, shelf, metrics, stop, handle: Handle::current() }
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Counts and tells that a look at a source failed.
    pub(crate) fn problem(&self, source: &'static str, name: &str, why: &str) {
        tracing::warn!(
            cluster = self.cluster,
            source,
            name,
            why,
            "a source can't be read; it is tried again"
        );
        let label = Source { cluster: self.cluster.clone(), source };
        self.metrics.source_problems.get_or_create(&label).inc();
    }

    /// Puts a piece into the queue. A source can wait, so it waits for room.
    pub(crate) async fn push(&self, piece: Bytes) -> Result<(), Stopped> {
        loop {
            match self.queue.push(piece.clone()).await {
                Ok(()) => return Ok(()),
                Err(NotTaken::Full(_)) if !self.is_stopped() => tokio::time::sleep(FULL).await,
                Err(error @ NotTaken::TooLong(_)) => {
                    tracing::warn!(cluster = self.cluster, %error, "it is left out");
                    self.metrics.event(&self.cluster, "too_long", 1);
                    return Ok(());
                }
                Err(error) => {
                    if !matches!(error, NotTaken::Full(_)) {
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
