//! Replicas that know of each other by their heartbeats.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_nats::HeaderMap;
use async_nats::jetstream::message::PublishMessage;
use futures_util::{FutureExt as _, StreamExt as _, TryStreamExt as _};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::assign::assign;
use crate::error::StreamError;
use crate::lease::{Lease, nonce};
use crate::{Shared, Stream};

/// Heartbeats in the time after which a silent replica is taken for gone: some may be lost.
const BEATS: u32 = 5;

/// Most replicas whose heartbeats are looked at: others may write to the account, and each is a request.
const MAX_REPLICAS: usize = 256;

/// Requests at the same time.
const AT_ONCE: usize = 16;

/// What a replica knows of the others and of its own share.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// The replicas that are there, this one included.
    pub replicas: BTreeSet<String>,
    /// All clusters.
    pub clusters: BTreeSet<String>,
    /// The clusters that this replica should work on. Others that it holds it should commit and [release](Lease::release).
    pub mine: BTreeSet<String>,
}

/// One of the replicas that share the work.
#[derive(Debug)]
pub struct Replica {
    shared: Arc<Shared>,
    id: String,
    view: watch::Receiver<Arc<View>>,
    beating: JoinHandle<()>,
}

impl Replica {
    pub(crate) async fn join(shared: Arc<Shared>) -> Result<Self, StreamError> {
        let id = nonce()?;
        let mut observer =
            Observer { shared: Arc::clone(&shared), id: id.clone(), beats: 0, seen: HashMap::new() };
        let first = Arc::new(observer.look().await?);
        let (sender, view) = watch::channel(first);
        let beating = tokio::spawn(async move { observer.run(&sender).await });
        Ok(Self { shared, id, view, beating })
    }

    /// The name of this replica, made up when it joined.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What it knows now.
    pub fn view(&self) -> Arc<View> {
        Arc::clone(&self.view.borrow())
    }

    /// A receiver that tells of changes.
    pub fn views(&self) -> watch::Receiver<Arc<View>> {
        self.view.clone()
    }

    /// Takes a cluster, if nobody works on it, or only one that is gone. None: another replica has it.
    ///
    /// # Errors
    ///
    /// [`StreamError`]: the name can't be used, its record can't be read, or the server did not answer.
    pub async fn acquire(&self, cluster: &str) -> Result<Option<Lease>, StreamError> {
        let view = self.view();
        Lease::acquire(&self.shared, &self.id, cluster, &view.replicas).await
    }

    /// Ends the membership at once, so that others need not wait. Leases are to be released before.
    ///
    /// # Errors
    ///
    /// [`StreamError`]: the server did not answer; others find out by themselves.
    pub async fn leave(self) -> Result<(), StreamError> {
        self.beating.abort();
        self.shared.streams.replicas.remove(&self.id).await
    }

    /// The connection that it works through.
    pub fn stream(&self) -> Stream {
        Stream { shared: Arc::clone(&self.shared) }
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        self.beating.abort();
    }
}

/// When a replica's heartbeat was last seen to change, on our own clock.
#[derive(Debug)]
struct Seen {
    revision: u64,
    at: Instant,
}

#[derive(Debug)]
struct Observer {
    shared: Arc<Shared>,
    id: String,
    beats: u64,
    seen: HashMap<String, Seen>,
}

impl Observer {
    async fn run(mut self, views: &watch::Sender<Arc<View>>) {
        let mut beat = tokio::time::interval(self.shared.ttl / BEATS);
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut is_blind = false;
        loop {
            beat.tick().await;
            match self.look().await {
                Ok(_) if is_blind => {
                    // While we saw nobody, nobody was silent: all have their time again.
                    is_blind = false;
                    let now = Instant::now();
                    self.seen.values_mut().for_each(|seen| seen.at = now);
                }
                Ok(view) => {
                    views.send_if_modified(|known| {
                        let is_new = **known != view;
                        if is_new {
                            tracing::info!(
                                replicas = view.replicas.len(),
                                clusters = view.clusters.len(),
                                mine = view.mine.len(),
                                "the clusters are shared anew"
                            );
                            *known = Arc::new(view);
                        }
                        is_new
                    });
                }
                Err(error) => {
                    is_blind = true;
                    tracing::warn!(%error, "other replicas can't be seen");
                }
            }
        }
    }

    /// Shows that we are there, and looks who else is.
    async fn look(&mut self) -> Result<View, StreamError> {
        let table = &self.shared.streams.replicas;
        self.beats += 1;
        let message = PublishMessage::build()
            .payload(self.beats.to_string().into())
            .headers(HeaderMap::new())
            .expected_stream(table.kind().name);
        table
            .publish(&self.id, message)
            .await
            .map_err(|error| StreamError::request("store a heartbeat", error))?;
        let others = table.keys().await?.into_iter().filter(|id| *id != self.id).take(MAX_REPLICAS);
        let revisions: Vec<(String, Option<u64>)> = futures_util::stream::iter(others)
            .map(|id| {
                let read = async {
                    let row = table.get(&id).await?;
                    Ok::<_, StreamError>((id, row.map(|row| row.revision)))
                };
                read.boxed()
            })
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        let clusters = self.shared.clusters().await?;
        let replicas = self.live(revisions, Instant::now());
        let mine = assign(&replicas, &clusters)
            .into_iter()
            .filter(|(_, replica)| *replica == self.id)
            .map(|(cluster, _)| cluster.to_owned())
            .collect();
        Ok(View { replicas, clusters, mine })
    }

    fn live(&mut self, revisions: Vec<(String, Option<u64>)>, now: Instant) -> BTreeSet<String> {
        let known: BTreeSet<String> = revisions.iter().map(|(id, _)| id.clone()).collect();
        self.seen.retain(|id, _| known.contains(id));
        let ttl = self.shared.ttl;
        let mut live = BTreeSet::from([self.id.clone()]);
        for (id, revision) in revisions {
            let Some(revision) = revision else { continue };
            let seen = self.seen.entry(id.clone()).or_insert(Seen { revision, at: now });
            if seen.revision != revision {
                *seen = Seen { revision, at: now };
            }
            if is_live(seen.at, now, ttl) {
                live.insert(id);
            }
        }
        live
    }
}

fn is_live(changed: Instant, now: Instant, ttl: Duration) -> bool {
    now.saturating_duration_since(changed) < ttl
}
