//! The service: its clusters, their queues, partitions and sources.

use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use hashbrown::HashMap;
use prometheus_client::registry::Registry;
use ringwall_awsclient::Client;
use ringwall_lake::Location;
use ringwall_server::{Handler, Request, Response};
use ringwall_sinks::{Counted, Sink, SinkSettings};
use tokio::task::JoinSet;

use crate::Error;
use crate::control;
use crate::desk::Desk;
use crate::known::Known;
use crate::metrics::{Delivery, Metrics};
use crate::pull;
use crate::settings::{ClusterSettings, Settings};
use crate::webhook::{Sender, Webhook};

mod alone;
mod shared;

/// The time, in Unix milliseconds.
pub type Now = Arc<dyn Fn() -> i64 + Send + Sync>;

/// What the service calls.
pub struct Outside {
    /// AWS's APIs, for log groups and S3.
    pub aws: Option<Client>,
    /// The time.
    pub now: Now,
}

/// What all clusters have in common.
pub(crate) struct Common {
    pub(crate) settings: Settings,
    pub(crate) metrics: Metrics,
    pub(crate) known: Arc<Known>,
    pub(crate) sinks: Vec<Arc<Sink>>,
    pub(crate) lake: Option<Location>,
    pub(crate) aws: Option<Client>,
    pub(crate) now: Now,
    /// Whether the process ends.
    pub(crate) stop: Arc<AtomicBool>,
}

/// The running service. It answers the audit webhook.
pub struct Audit {
    webhook: Webhook,
    common: Arc<Common>,
    counted: Mutex<Vec<Counted>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    tasks: Mutex<JoinSet<()>>,
}

/// What runs for the clusters, by itself or together with other replicas.
pub(crate) struct Started {
    senders: HashMap<String, Sender>,
    desk: Desk,
    threads: Vec<JoinHandle<()>>,
    tasks: JoinSet<()>,
}

impl Audit {
    /// Takes up what was kept, and begins to look at what comes.
    ///
    /// # Errors
    ///
    /// Something that is kept, or that the settings name, can't be used.
    pub async fn start(
        settings: &Settings,
        outside: Outside,
        registry: &mut Registry,
    ) -> Result<Self, Error> {
        check(settings, &outside)?;
        let metrics = Metrics::register(registry);
        make(settings.folder.clone())?;
        let common = Arc::new(Common {
            settings: settings.clone(),
            metrics: metrics.clone(),
            known: Arc::new(Known::open(
                settings.lists.clone(),
                settings.filters.clone(),
                settings.rules.clone(),
            )?),
            sinks: sinks(settings)?,
            lake: lake(settings, outside.aws.as_ref())?,
            aws: outside.aws,
            now: outside.now,
            stop: Arc::new(AtomicBool::new(false)),
        });
        let Started { senders, desk, mut threads, mut tasks } = match &settings.stream {
            None => alone::start(&common).await?,
            Some(stream) => shared::start(&common, stream).await?,
        };
        for sink in &common.sinks {
            if let Some(every) = sink.upkeep_every() {
                tasks.spawn(look_after(Arc::clone(sink), every));
            }
        }
        let made = |source| Error::Make { what: "the socket for `ringwall findings`".to_owned(), source };
        let stop = Arc::clone(&common.stop);
        threads.push(control::serve(&settings.folder, Arc::new(desk), stop).map_err(made)?);
        Ok(Self {
            webhook: Webhook { senders, metrics },
            counted: Mutex::new(vec![Counted::default(); common.sinks.len()]),
            common,
            threads: Mutex::new(threads),
            tasks: Mutex::new(tasks),
        })
    }

    /// Looks whether lists and rules have changed.
    pub fn look(&self) {
        self.common.known.look();
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        for (sink, before) in self.common.sinks.iter().zip(counted.iter_mut()) {
            let now = sink.counted();
            count(&self.common.metrics, sink.name(), now, *before);
            *before = now;
        }
    }

    /// Takes up nothing new, keeps what is known, and ends.
    pub async fn stop(&self) {
        self.common.stop.store(true, Ordering::Relaxed);
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        let broken = || threads.into_iter().map(JoinHandle::join).filter(Result::is_err).count();
        if tokio::task::spawn_blocking(broken).await.is_ok_and(|broken| broken > 0) {
            tracing::error!("a thread of the service broke down");
        }
        let mut tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        tasks.shutdown().await;
    }
}

impl Handler for Audit {
    async fn handle(&self, request: Request) -> Response {
        self.webhook.handle(request).await
    }
}

fn check(settings: &Settings, outside: &Outside) -> Result<(), Error> {
    for cluster in &settings.clusters {
        let name = &cluster.name;
        if !ClusterSettings::is_name(name) {
            let hint = "letters, digits, `-` and `_`, 100 at most";
            return Err(Error::Setting(format!("`{name}` can't be a cluster's name (hint: {hint})")));
        }
        let asks = cluster.log_groups.first().or(cluster.objects.first());
        if let (Some(source), None) = (asks, &outside.aws) {
            return Err(Error::Setting(format!("`{source}` can't be read without AWS")));
        }
    }
    Ok(())
}

/// Makes a folder for its owner alone.
pub(crate) fn make(folder: PathBuf) -> Result<PathBuf, Error> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder);
    match made {
        Ok(()) => Ok(folder),
        Err(source) => Err(Error::Make { what: format!("folder `{}`", folder.display()), source }),
    }
}

fn lake(settings: &Settings, aws: Option<&Client>) -> Result<Option<Location>, Error> {
    let Some(place) = &settings.lake else { return Ok(None) };
    let Some((bucket, prefix)) = pull::bucket(place) else {
        return Ok(Some(Location::folder(place.as_ref())?));
    };
    let aws = aws.ok_or_else(|| Error::Setting(format!("`{place}` can't be written without AWS")))?;
    Ok(Some(Location::bucket(aws.clone(), bucket, prefix)?))
}

fn sinks(settings: &Settings) -> Result<Vec<Arc<Sink>>, Error> {
    let Some(path) = &settings.sinks else { return Ok(Vec::new()) };
    let parts = ringwall_sinks::Parts::new(make(settings.folder.join("sinks"))?);
    let named = SinkSettings::read(path)?;
    named.iter().map(|sink| Ok(Arc::new(Sink::new(sink, &parts)?))).collect()
}

/// Does what a sink needs done from time to time, for as long as the service runs.
async fn look_after(sink: Arc<Sink>, every: Duration) {
    loop {
        tokio::time::sleep(every).await;
        if let Err(error) = sink.upkeep().await {
            tracing::warn!(%error, "what a sink was told is not told again");
        }
    }
}

fn count(metrics: &Metrics, sink: &str, now: Counted, before: Counted) {
    for (outcome, now, before) in [
        ("delivered", now.delivered, before.delivered),
        ("filtered", now.filtered, before.filtered),
        ("retried", now.retried, before.retried),
        ("closed", now.closed, before.closed),
        ("refused", now.refused, before.refused),
    ] {
        let label = Delivery { sink: sink.to_owned(), outcome };
        metrics.sent.get_or_create(&label).inc_by(now.saturating_sub(before));
    }
}
