//! The service: its clusters, their queues, partitions and sources.

use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use hashbrown::HashMap;
use prometheus_client::registry::Registry;
use ringwall_awsclient::Client;
use ringwall_detect::output::Scope;
use ringwall_server::{Handler, Request, Response};
use ringwall_spool::Spool;
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use crate::board::Board;
use crate::keep::Keep;
use crate::known::Known;
use crate::metrics::Metrics;
use crate::partition::{self, Partition, Parts};
use crate::pull::{self, Pull};
use crate::queue::Queue;
use crate::settings::{ClusterSettings, Settings};
use crate::unread::Unread;
use crate::webhook::{Sender, Webhook};
use crate::Error;

/// The time, in Unix milliseconds.
pub type Now = Arc<dyn Fn() -> i64 + Send + Sync>;

/// What the service calls.
pub struct Outside {
    /// AWS's APIs, for log groups and S3.
    pub aws: Option<Client>,
    /// The time, in Unix milliseconds.
    pub now: Now,
}

/// The running service. It answers the audit webhook.
pub struct Audit {
    webhook: Webhook,
    known: Arc<Known>,
    stop: Arc<AtomicBool>,
    threads: std::sync::Mutex<Vec<JoinHandle<()>>>,
    _asking: JoinSet<()>,
}

impl Audit {
    /// Takes up what was kept, and begins to look at what comes.
    ///
    /// # Errors
    ///
    /// Something that is kept, or that the settings name, can't be used.
    pub fn start(
        settings: &Settings,
        outside: &Outside,
        registry: &mut Registry,
    ) -> Result<Self, Error> {
        let metrics = Metrics::register(registry);
        let known = Arc::new(Known::open(settings.lists.clone(), settings.filters.clone())?);
        let stop = Arc::new(AtomicBool::new(false));
        let handle = Handle::current();
        let mut senders = HashMap::new();
        let mut threads = Vec::new();
        let mut asking = JoinSet::new();
        for cluster in &settings.clusters {
            if !ClusterSettings::is_name(&cluster.name) {
                let message = format!(
                    "`{}` can't be a cluster's name (hint: letters, digits, `-` and `_`, 100 at most)",
                    cluster.name
                );
                return Err(Error::Setting(message));
            }
            let name = &cluster.name;
            let folder = settings.folder.join(name);
            let failed = |source| Error::Make { what: format!("folder `{}`", folder.display()), source };
            fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(failed)?;
            let queue = Arc::new(Queue::Disk(Spool::open(&folder.join("queue"), settings.queue_bytes)?));
            let keep = Arc::new(Keep::open(&folder.join("kept"))?);
            let scope = Scope { cluster: Some(name.clone()), ..settings.scope.clone() };
            let board = Arc::new(Board::new(scope));
            let parts = Parts {
                cluster: name.clone(),
                queue: Arc::clone(&queue),
                keep: Arc::clone(&keep),
                board: Arc::clone(&board),
                known: Arc::clone(&known),
                metrics: metrics.clone(),
                unread: Unread::new(partition::path(&settings.folder, name, "unread")),
                stop: Arc::clone(&stop),
            };
            let thread = |source| Error::Make { what: format!("a thread for cluster `{name}`"), source };
            threads.push(Partition::open(parts, handle.clone())?.start().map_err(thread)?);
            let pull = Pull {
                cluster: name.clone(),
                queue: Arc::clone(&queue),
                keep: Arc::clone(&keep),
                metrics: metrics.clone(),
                stop: Arc::clone(&stop),
                handle: handle.clone(),
            };
            if !cluster.files.is_empty() {
                threads.push(pull::follow(pull.clone(), cluster.files.clone()).map_err(thread)?);
            }
            for group in &cluster.log_groups {
                let Some(client) = outside.aws.clone() else {
                    return Err(Error::Setting(format!("log group `{group}` can't be read without AWS")));
                };
                let now = (outside.now)();
                asking.spawn(pull::log_group::read(
                    pull.clone(),
                    client,
                    group.clone(),
                    settings.ask_every,
                    now,
                ));
            }
            let client_names = cluster.client_names.clone();
            senders.insert(name.clone(), Sender { client_names, queue, file: format!("webhook:{name}") });
        }
        let webhook = Webhook { senders, metrics };
        Ok(Self { webhook, known, stop, threads: std::sync::Mutex::new(threads), _asking: asking })
    }

    /// Looks whether lists have changed.
    pub fn look(&self) {
        self.known.look();
    }

    /// Looks at what waits no more, keeps what is known, and ends. Blocks.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
        let mut threads = self.threads.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for thread in threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread of the service broke down");
            }
        }
    }
}

impl Handler for Audit {
    async fn handle(&self, request: Request) -> Response {
        self.webhook.handle(request).await
    }
}
