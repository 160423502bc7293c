//! Several replicas that share the clusters through NATS JetStream: each cluster has one of them at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use hashbrown::HashMap;
use ringwall_detect::output::Scope;
use ringwall_model::error_chain;
use ringwall_stream::{Replica, Stream};
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use super::{Common, Started, make};
use crate::Error;
use crate::board::Board;
use crate::deliver_shared::SharedCourier;
use crate::desk::{Cluster, Desk};
use crate::hold::Hold;
use crate::lake_keeper;
use crate::partition::{Partition, Parts};
use crate::pull::{self, Pull};
use crate::queue::Queue;
use crate::settings::ClusterSettings;
use crate::shelf::Shelf;
use crate::unread::Unread;
use crate::webhook::Sender;

/// How often it is looked whose the clusters are, if nobody tells of a change.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A cluster that this replica works on.
struct Working {
    stop: Arc<AtomicBool>,
    partition: JoinHandle<()>,
    sources: Vec<JoinHandle<()>>,
    /// Sources that are asked; they end with this.
    asking: JoinSet<()>,
}

/// This replica's share of the work.
struct Share {
    common: Arc<Common>,
    stream: Stream,
    replica: Replica,
    clusters: HashMap<String, ClusterSettings>,
    boards: HashMap<String, Arc<Board>>,
    working: HashMap<String, Working>,
    /// Whether the lake is this replica's to keep in order: whose the first cluster is.
    keeps_lake: Arc<AtomicBool>,
}

/// Joins the replicas.
pub(super) async fn start(
    common: &Arc<Common>,
    settings: &ringwall_stream::Settings,
) -> Result<Started, Error> {
    let stream = Stream::connect(settings).await?;
    let (mut senders, mut at_desk, mut boards) = (HashMap::new(), Vec::new(), HashMap::new());
    let mut clusters = HashMap::new();
    for cluster in &common.settings.clusters {
        let name = &cluster.name;
        stream.add(name).await?;
        let scope = Scope { cluster: Some(name.clone()), ..common.settings.scope.clone() };
        let board = Arc::new(Board::new(scope));
        let shelf = Shelf::Stream(stream.clone(), name.as_str().into());
        let client_names = cluster.client_names.clone();
        let queue = Queue::Stream(stream.clone(), name.as_str().into());
        senders.insert(name.clone(), Sender { client_names, queue, file: format!("webhook:{name}") });
        at_desk.push(Cluster { name: name.clone(), board: Arc::clone(&board), shelf });
        boards.insert(name.clone(), board);
        clusters.insert(name.clone(), cluster.clone());
    }
    let mut tasks = JoinSet::new();
    for sink in &common.sinks {
        let waiting = stream.sink(sink.name()).await?;
        let courier = SharedCourier::new(common, Arc::clone(sink), waiting, stream.clone(), boards.clone());
        tasks.spawn(courier.run());
    }
    let keeps_lake = Arc::new(AtomicBool::new(false));
    if let Some(location) = common.lake.clone() {
        tasks.spawn(lake_keeper::keep(Arc::clone(common), location, Arc::clone(&keeps_lake)));
    }
    let replica = stream.join().await?;
    let desk = Desk::new(common, at_desk, Some(stream.clone()));
    let common = Arc::clone(common);
    let share = Share { common, stream, replica, clusters, boards, working: HashMap::new(), keeps_lake };
    let handle = Handle::current();
    let made = |source| Error::Make { what: "a thread for the clusters".to_owned(), source };
    let sharing = std::thread::Builder::new().name("clusters".to_owned());
    let thread = sharing.spawn(move || handle.block_on(share.run())).map_err(made)?;
    Ok(Started { senders, desk, threads: vec![thread], tasks })
}

impl Share {
    async fn run(mut self) {
        let mut views = self.replica.views();
        while !self.common.stop.load(Ordering::Relaxed) {
            let view = Arc::clone(&views.borrow_and_update());
            let is_over = |name: &String, working: &Working| {
                !view.mine.contains(name) || working.partition.is_finished()
            };
            let over: Vec<String> = self
                .working
                .iter()
                .filter(|(name, of)| is_over(name, of))
                .map(|(name, _)| name.clone())
                .collect();
            for name in over {
                self.give_up(&name).await;
            }
            let keeps = view.clusters.first().is_some_and(|first| self.working.contains_key(first));
            self.keeps_lake.store(keeps, Ordering::Relaxed);
            for name in &view.mine {
                if !self.working.contains_key(name)
                    && let Err(error) = self.take(name).await
                {
                    let why = error_chain(&error);
                    tracing::error!(
                        cluster = name,
                        error = why,
                        "a cluster can't be taken; it is tried again"
                    );
                }
            }
            let _ = tokio::time::timeout(LOOK_EVERY, views.changed()).await;
        }
        let names: Vec<String> = self.working.keys().cloned().collect();
        for name in names {
            self.give_up(&name).await;
        }
        if let Err(error) = self.replica.leave().await {
            tracing::warn!(
                error = error_chain(&error),
                "the others find out by themselves that this replica is gone"
            );
        }
    }

    /// Works on a cluster, if nobody else does. One that no setting names is left to replicas that know it.
    async fn take(&mut self, name: &str) -> Result<(), Error> {
        let (Some(cluster), Some(board)) = (self.clusters.get(name), self.boards.get(name)) else {
            return Ok(());
        };
        let Some(lease) = self.replica.acquire(name).await? else { return Ok(()) };
        let folder = make(self.common.settings.folder.join(name))?;
        let stop = Arc::new(AtomicBool::new(false));
        let queue = Queue::Stream(self.stream.clone(), name.into());
        let parts = Parts {
            cluster: name.to_owned(),
            queue: queue.clone(),
            board: Arc::clone(board),
            known: Arc::clone(&self.common.known),
            metrics: self.common.metrics.clone(),
            unread: Unread::new(folder.join("unread")),
            now: Arc::clone(&self.common.now),
            lake: self.common.lake.clone(),
            stop: Arc::clone(&stop),
        };
        let partition = Partition::open(parts, Hold::Lease(Box::new(lease))).await?;
        let made = |source| Error::Make { what: format!("a thread for cluster `{name}`"), source };
        let partition = partition.start().map_err(made)?;
        let shelf = Shelf::Stream(self.stream.clone(), name.into());
        let pull = Pull::new(&self.common, name, queue, shelf, Arc::clone(&stop));
        let mut asking = JoinSet::new();
        let sources = pull::start(&self.common, cluster, &pull, &mut asking)?;
        self.working.insert(name.to_owned(), Working { stop, partition, sources, asking });
        Ok(())
    }

    /// Ends the work on a cluster: what was looked at is kept, and another replica may go on.
    async fn give_up(&mut self, name: &str) {
        let Some(Working { stop, partition, sources, mut asking }) = self.working.remove(name) else {
            return;
        };
        stop.store(true, Ordering::Relaxed);
        asking.shutdown().await;
        let joined = tokio::task::spawn_blocking(move || {
            let threads = sources.into_iter().chain([partition]);
            threads.map(JoinHandle::join).filter(Result::is_err).count()
        });
        if joined.await.is_ok_and(|broken| broken > 0) {
            tracing::error!(cluster = name, "a thread of the cluster broke down");
        }
    }
}
