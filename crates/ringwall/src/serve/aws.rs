//! AWS's APIs, and the registry, as a part of the process: two kinds of doors to the one endpoint.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use prometheus_client::registry::Registry;
use ringwall_aws::{Endpoint, Parts, RegistryParts};
use ringwall_oidc::Issuers;
use ringwall_rootkey::SystemRandom;
use ringwall_server::{Drained, Limits, Live, Metrics};
use ringwall_trail::Trail;
use tokio::task::JoinHandle;

use super::listener::{Bound, Callers, Listener};
use super::part::{Doing, Part, Prepared, Waits};
use super::registry::{self, Door};
use crate::config::{Service, Settings};
use crate::error::Failure;
use crate::installation::Installation;

/// How long the store may take to say that it is there.
const STORE_ANSWERS: Duration = Duration::from_secs(3);

/// How often is done what is due: deletions are planned by the day, and count at once when their time has come.
const SWEEP_EVERY: Duration = Duration::from_secs(3600);

/// The endpoint's listeners.
pub(super) struct Prepare {
    settings: Settings,
    bound: Option<Bound>,
    doors: Vec<Door>,
}

/// The endpoint, its listeners and what stands behind it.
struct Aws {
    listeners: Vec<Listener>,
    installation: Installation,
    trail: Trail,
    tasks: Vec<JoinHandle<()>>,
}

impl Prepare {
    /// Listens.
    pub(super) fn bind(
        settings: &Settings,
        limits: &Live<Limits>,
        metrics: &mut Registry,
    ) -> Result<Self, Failure> {
        let runs = |service| settings.services.value.0.contains(&service);
        let bound = match runs(Service::Aws) {
            true => {
                let metrics = Metrics::register(metrics, "aws");
                Some(Listener::bind(settings, settings.listen.value, Callers::Anybody, limits, metrics)?)
            }
            false => None,
        };
        let doors = match runs(Service::Registry) {
            true => registry::bind(settings, limits, metrics)?,
            false => Vec::new(),
        };
        Ok(Self { settings: settings.clone(), bound, doors })
    }
}

impl Prepared for Prepare {
    fn start(self: Box<Self>) -> Doing<'static, Result<Box<dyn Part>, Failure>> {
        Box::pin(async move {
            let installation = Installation::open(&self.settings).await?;
            let trail = Trail::open(&self.settings.trail_folder.value)?;
            let content = registry::content(&self.settings, &installation, &self.doors).await?;
            let parts = content.as_ref().map(|content| registry::parts(&self.settings, content, &self.doors));
            let endpoint = Arc::new(endpoint(&self.settings, &installation, &trail, parts)?);
            let mut tasks = vec![tokio::spawn(sweep(Arc::clone(&endpoint)))];
            let mut listeners = Vec::new();
            if let Some(content) = content {
                tasks.push(tokio::spawn(registry::collect(content.clone())));
                listeners = registry::serve(&self.settings, content, &endpoint, self.doors)?;
            }
            listeners.extend(self.bound.map(|bound| bound.serve("aws", endpoint)));
            Ok(Box::new(Aws { listeners, installation, trail, tasks }) as Box<dyn Part>)
        })
    }
}

impl Part for Aws {
    fn waits_for(&self) -> Doing<'_, Waits> {
        Box::pin(async {
            let store = tokio::time::timeout(STORE_ANSWERS, self.installation.store.generation()).await;
            if !matches!(store, Ok(Ok(_))) {
                tracing::warn!("the store does not answer");
                return Some("the store does not answer".to_owned());
            }
            // Nothing that changes something is answered before its record is on disk.
            self.trail.stats().failing.then(|| "the trail can't be written".to_owned())
        })
    }

    fn look(&mut self) -> Doing<'_, ()> {
        Box::pin(async {
            for listener in &self.listeners {
                listener.look().await;
            }
        })
    }

    fn drain(&mut self) -> Doing<'_, Option<Drained>> {
        Box::pin(async {
            let drained = join_all(self.listeners.iter_mut().map(Listener::drain)).await;
            drained.into_iter().try_fold(Drained { connections: 0, requests: 0 }, |sum, drained| {
                let drained = drained?;
                Some(Drained {
                    connections: sum.connections + drained.connections,
                    requests: sum.requests + drained.requests,
                })
            })
        })
    }

    fn close(self: Box<Self>) -> Doing<'static, ()> {
        Box::pin(async move {
            self.tasks.iter().for_each(JoinHandle::abort);
            if let Err(error) = self.trail.close().await {
                tracing::error!(%error, "the trail could not be written to its end");
            }
            self.installation.store.close().await;
        })
    }
}

fn endpoint(
    settings: &Settings,
    installation: &Installation,
    trail: &Trail,
    registry: Option<RegistryParts>,
) -> Result<Endpoint, Failure> {
    let allow: Result<Vec<_>, _> = settings.oidc_allow.value.0.iter().map(|issuer| issuer.parse()).collect();
    let roots = settings.oidc_ca_file.value.clone();
    let issuers = Issuers::new(&ringwall_oidc::Settings { allow: allow?, roots })?;
    Ok(Endpoint::new(Parts {
        store: installation.store.clone(),
        keyring: Arc::clone(&installation.keyring),
        random: Arc::new(SystemRandom),
        trail: trail.clone(),
        issuers,
        registry,
        clock: Arc::new(ringwall_aws::now),
        region: settings.region.value.0.clone(),
        settings: ringwall_aws::Settings {
            rate: settings.throttle_rate.value.0,
            burst: settings.throttle_burst.value.0,
        },
    }))
}

/// Does, from time to time, what is due without anybody's call.
async fn sweep(endpoint: Arc<Endpoint>) {
    loop {
        match endpoint.sweep().await {
            Ok(swept) if swept == Default::default() => {}
            Ok(swept) => tracing::info!(?swept, "what was due is done"),
            Err(error) => {
                tracing::warn!(error = error.message, "what is due could not be done; it is tried again")
            }
        }
        tokio::time::sleep(SWEEP_EVERY).await;
    }
}
