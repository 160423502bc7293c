//! One process with all clusters: queues and what is known are on its disk.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use hashbrown::HashMap;
use ringwall_detect::output::Scope;
use ringwall_spool::Spool;
use tokio::task::JoinSet;

use super::{Common, Started, make};
use crate::Error;
use crate::board::Board;
use crate::deliver::Courier;
use crate::desk::{Cluster, Desk};
use crate::hold::Hold;
use crate::keep::Keep;
use crate::lake_keeper;
use crate::partition::{Partition, Parts};
use crate::pull::{self, Pull};
use crate::queue::Queue;
use crate::shelf::Shelf;
use crate::unread::Unread;
use crate::webhook::Sender;

/// Takes up each cluster where it was.
pub(super) async fn start(common: &Arc<Common>) -> Result<Started, Error> {
    let settings = &common.settings;
    let (mut senders, mut clusters) = (HashMap::new(), Vec::new());
    let (mut threads, mut tasks) = (Vec::new(), JoinSet::new());
    for cluster in &settings.clusters {
        let name = &cluster.name;
        let folder = make(settings.folder.join(name))?;
        let spool = Spool::open(&folder.join("queue"), settings.queue_bytes)?;
        let keep = Arc::new(Keep::open(&folder.join("kept"))?);
        let (queue, shelf) = (Queue::Disk(spool.clone()), Shelf::Disk(Arc::clone(&keep)));
        let scope = Scope { cluster: Some(name.clone()), ..settings.scope.clone() };
        let board = Arc::new(Board::new(scope));
        board.take_marks(&shelf).await?;
        let parts = Parts {
            cluster: name.clone(),
            queue: queue.clone(),
            board: Arc::clone(&board),
            known: Arc::clone(&common.known),
            metrics: common.metrics.clone(),
            unread: Unread::new(folder.join("unread")),
            now: Arc::clone(&common.now),
            lake: common.lake.clone(),
            stop: Arc::clone(&common.stop),
        };
        let made = |source| Error::Make { what: format!("a thread for cluster `{name}`"), source };
        let partition = Partition::open(parts, Hold::Disk { spool, keep: Arc::clone(&keep) }).await?;
        threads.push(partition.start().map_err(made)?);
        let pull = Pull::new(common, name, queue.clone(), shelf.clone(), Arc::clone(&common.stop));
        threads.extend(pull::start(common, cluster, &pull, &mut tasks)?);
        for sink in &common.sinks {
            let courier = Courier {
                cluster: name.clone(),
                sink: Arc::clone(sink),
                board: Arc::clone(&board),
                keep: Arc::clone(&keep),
                known: Arc::clone(&common.known),
                every: settings.publish_every,
                now: Arc::clone(&common.now),
                stop: Arc::clone(&common.stop),
            };
            tasks.spawn(courier.run());
        }
        clusters.push(Cluster { name: name.clone(), board, shelf });
        let client_names = cluster.client_names.clone();
        senders.insert(name.clone(), Sender { client_names, queue, file: format!("webhook:{name}") });
    }
    if let Some(location) = common.lake.clone() {
        let is_ours = Arc::new(AtomicBool::new(true));
        tasks.spawn(lake_keeper::keep(Arc::clone(common), location, is_ours));
    }
    let desk = Desk::new(common, clusters, None);
    Ok(Started { senders, desk, threads, tasks })
}
