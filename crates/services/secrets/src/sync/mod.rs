//! Secrets in step without a pod.
//!
//! A class says by a label that it wants this and by an annotation in whose name it is read: a service account of its own
//! namespace. That one names the class in turn. So neither who may write classes can read as a service account that was not
//! given to that class, nor the other way round; and the cluster's own RBAC has the last word, since the token is asked for
//! by TokenRequest, service account by service account.

pub mod class;
mod secret;
mod tokens;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::registry::Registry;
use ringwall_awsclient::{Client, Endpoints};
use ringwall_kubernetes::{Cluster, DynamicObject, Key, KubeError, Selector, Watched};
use tokio::task::JoinSet;
use tokio::time::Instant;

use self::class::{CLASSES_ANNOTATION, Class, LABEL};
use self::tokens::Requested;
use crate::error::MountError;
use crate::fetch::Kept;
use crate::fill::{Filler, Making};
use crate::identity::Sessions;
use crate::metrics::{Metrics, ResultLabels};
use crate::provider::MAX_ANSWER;
use crate::request::{Mount, STS_AUDIENCE, Tokens, Volume};

/// Classes at a time.
const PARALLEL: usize = 8;

/// The first wait after a failure; it doubles with each, up to the interval.
const AGAIN: Duration = Duration::from_secs(5);

/// The part of an interval by which the next time is moved at random, so that classes made together don't stay together.
const JITTER: f64 = 0.2;

/// What sync needs to know.
#[derive(Clone, Debug)]
pub struct SyncSettings {
    /// The provider's name in SecretProviderClasses.
    pub name: String,
    /// The one namespace that is looked at; all, if none is named.
    pub namespace: Option<String>,
    /// How often a class is brought in step that has not changed.
    pub interval: Duration,
    /// The region of classes that name none.
    pub region: Option<String>,
    /// Where the services of regions are that are not where the client says.
    pub regions: BTreeMap<String, Endpoints>,
    /// How long values are kept to spare reading them again; see [`crate::KEPT`].
    pub kept: Duration,
}

/// Why a class is not in step. Nothing of a value is in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SyncError {
    /// The class.
    #[error("{0}")]
    Class(String),
    /// The service account does not name the class.
    #[error(
        "the service account `{account}` is not given to the class `{class}` (hint: annotate it with `{CLASSES_ANNOTATION}: {class}`)"
    )]
    NotGiven {
        /// The service account.
        account: String,
        /// The class.
        class: String,
    },
    /// There is no such service account.
    #[error("there is no service account `{0}` in the class's namespace")]
    NoServiceAccount(String),
    /// The values can't be had.
    #[error(transparent)]
    Mount(#[from] MountError),
    /// The apiserver refused.
    #[error(transparent)]
    Cluster(#[from] KubeError),
    /// A Secret that is somebody else's.
    #[error("the Secret `{0}` is there and not the class's (hint: delete it, or choose another secretName)")]
    Foreign(String),
    /// `secretObjects` name a file that the class does not make.
    #[error("the secretObject `{secret}` takes `{file}`, and no object of the class makes that file")]
    NoFile {
        /// The Secret.
        secret: String,
        /// The objectName in its data.
        file: String,
    },
    /// No PEM of that part.
    #[error(
        "the Secret `{secret}` is of the type kubernetes.io/tls, and the value for `{key}` has no such part in PEM (hint: `tls.crt` takes certificates, `tls.key` a private key)"
    )]
    Tls {
        /// The Secret.
        secret: String,
        /// The key.
        key: String,
    },
    /// Larger than a Secret may be.
    #[error("the Secret `{secret}` would have {bytes} bytes, and Secrets have 1 MiB at most")]
    TooLarge {
        /// The Secret.
        secret: String,
        /// How many.
        bytes: usize,
    },
}

/// Keeps Secrets in step with the classes that want it.
#[derive(Debug)]
pub struct Syncer {
    settings: SyncSettings,
    cluster: Cluster,
    filler: Filler,
    tokens: Requested,
    watched: Watched<BTreeMap<Key, Arc<DynamicObject>>>,
}

impl Syncer {
    /// Begins to watch the classes. The apiserver need not be there yet.
    pub fn start(settings: SyncSettings, client: Client, cluster: Cluster, registry: &mut Registry) -> Self {
        let selector = Selector { labels: Some(format!("{LABEL}=true")), fields: None };
        let watched = cluster.watch_dynamic(&class::kind(), settings.namespace.as_deref(), &selector);
        let clock = client.clock().clone();
        let sessions = Sessions::new(client, settings.regions.clone(), None);
        let filler = Filler {
            cluster: Some(cluster.clone()),
            sessions,
            kept: Kept::new(settings.kept),
            metrics: Metrics::register(registry),
            region: settings.region.clone(),
            node: None,
            // A class that is synced is one that a pod could mount.
            max_bytes: MAX_ANSWER,
            making: Making::default(),
        };
        Self { settings, tokens: Requested::new(cluster.clone(), clock), cluster, filler, watched }
    }

    /// What it waits for before it can work.
    pub fn waits_for(&self) -> Option<&'static str> {
        waits_for(&self.watched)
    }

    /// Tells what it waits for while [`Syncer::run`] has it.
    pub fn waiting(&self) -> impl Fn() -> Option<&'static str> + Send + Sync + 'static {
        let watched = self.watched.clone();
        move || waits_for(&watched)
    }

    /// Works until it is dropped.
    pub async fn run(self) {
        let mut watched = self.watched.clone();
        let this = Arc::new(self);
        let mut plan: BTreeMap<Key, Planned> = BTreeMap::new();
        let mut working: JoinSet<(Key, String, bool)> = JoinSet::new();
        loop {
            let classes = watched.get().value.clone().unwrap_or_default();
            plan.retain(|key, planned| planned.busy || classes.contains_key(key));
            let now = Instant::now();
            for (key, class) in &*classes {
                let planned = plan.entry(key.clone()).or_insert_with(|| Planned::new(now));
                let version = class.metadata.resource_version.clone().unwrap_or_default();
                if planned.busy
                    || (planned.version == version && now < planned.due)
                    || working.len() >= PARALLEL
                {
                    continue;
                }
                planned.busy = true;
                let (this, key, class) = (Arc::clone(&this), key.clone(), Arc::clone(class));
                working.spawn(async move {
                    let is_done = this.one(&key, &class).await;
                    (key, version, is_done)
                });
            }
            let next = plan.values().filter(|planned| !planned.busy).map(|planned| planned.due).min();
            let next = next.unwrap_or(now + this.settings.interval).max(now + Duration::from_millis(50));
            tokio::select! {
                () = watched.changed() => {}
                () = tokio::time::sleep_until(next), if working.len() < PARALLEL => this.filler.kept.sweep().await,
                Some(done) = working.join_next() => {
                    if let Ok((key, version, is_done)) = done
                        && let Some(planned) = plan.get_mut(&key)
                    {
                        planned.end(version, is_done, this.settings.interval);
                    }
                }
            }
        }
    }

    /// Brings a class's Secrets in step, and tells whether they are.
    async fn one(&self, key: &Key, object: &DynamicObject) -> bool {
        let (result, is_done) = match self.class(object).await {
            Ok(Some(secrets)) => {
                tracing::debug!(target: "ringwall::secrets", namespace = %key.namespace, class = %key.name, secrets, "in step");
                ("synced", true)
            }
            Ok(None) => ("other provider", true),
            Err(error) => {
                tracing::warn!(target: "ringwall::secrets", namespace = %key.namespace, class = %key.name, %error, "not in step");
                ("failed", false)
            }
        };
        self.filler.metrics.synced.get_or_create(&ResultLabels { result }).inc();
        is_done
    }

    /// How many Secrets it has; none if it is another provider's.
    async fn class(&self, object: &DynamicObject) -> Result<Option<usize>, SyncError> {
        let Some(class) = Class::read(object, &self.settings.name)? else { return Ok(None) };
        let account = self.cluster.service_account(&class.namespace, &class.service_account).await?;
        let account =
            account.ok_or_else(|| SyncError::NoServiceAccount(class.service_account.clone()))?.metadata;
        let annotations = account.annotations.unwrap_or_default();
        let given = annotations.get(CLASSES_ANNOTATION).map(String::as_str).unwrap_or_default();
        if !given.split(',').any(|name| name.trim() == class.name) {
            let (account, class) = (class.service_account.clone(), class.name.clone());
            return Err(SyncError::NotGiven { account, class });
        }
        let uid = account.uid.unwrap_or_default();
        let token = self.tokens.get(&class.namespace, &class.service_account, &uid, STS_AUDIENCE).await?;
        let Class { namespace, name, uid, service_account, parameters, secrets } = class;
        let volume = Volume {
            target_path: format!("sync/{namespace}/{name}"),
            namespace: namespace.clone(),
            pod: format!("sync-{name}"),
            pod_uid: uid.clone(),
            service_account: service_account.clone(),
        };
        let mount = Mount { volume, parameters, mode: 0, tokens: Tokens::of(STS_AUDIENCE, token) };
        let files = self.filler.fill(&mount).await?;
        let Mount { parameters, .. } = mount;
        let class = Class { namespace, name, uid, service_account, parameters, secrets };
        // All are made before the first is written: a class that is wrong in one place changes nothing.
        let all: Vec<secret::Data> =
            class.secrets.iter().map(|wanted| secret::data(wanted, &files)).collect::<Result<_, _>>()?;
        for (wanted, data) in class.secrets.iter().zip(&all) {
            secret::apply(&self.cluster, &class, wanted, data).await?;
        }
        Ok(Some(class.secrets.len()))
    }
}

fn waits_for(watched: &Watched<BTreeMap<Key, Arc<DynamicObject>>>) -> Option<&'static str> {
    let state = watched.get();
    state.value.is_none().then_some("the apiserver's list of SecretProviderClasses")
}

/// When a class is due.
#[derive(Debug)]
struct Planned {
    /// The resource version that was brought in step, or failed, last.
    version: String,
    due: Instant,
    failed: u32,
    busy: bool,
}

impl Planned {
    fn new(now: Instant) -> Self {
        Self { version: String::new(), due: now, failed: 0, busy: false }
    }

    fn end(&mut self, version: String, is_done: bool, interval: Duration) {
        self.busy = false;
        self.version = version;
        self.failed = if is_done { 0 } else { self.failed.saturating_add(1) };
        let wait = match self.failed {
            0 => interval,
            failed => interval.min(AGAIN.saturating_mul(1 << (failed - 1).min(16))),
        };
        self.due = Instant::now() + wait.mul_f64(1.0 - JITTER * random());
    }
}

/// A number from 0 to 1. Nothing but load hangs on it.
fn random() -> f64 {
    let mut bytes = [0; 4];
    let filled = aws_lc_rs::rand::fill(&mut bytes).is_ok();
    if filled { f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX) } else { 0.5 }
}
