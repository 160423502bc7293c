//! AWS's APIs, as a part of the process.

use std::sync::Arc;
use std::time::Duration;

use prometheus_client::registry::Registry;
use ringwall_aws::{Endpoint, Parts};
use ringwall_oidc::Issuers;
use ringwall_rootkey::SystemRandom;
use ringwall_server::{Drained, Limits, Live, Metrics};
use ringwall_trail::Trail;
use tokio::task::JoinHandle;

use super::listener::{Bound, Callers, Listener};
use super::part::{Doing, Part, Prepared, Waits};
use crate::config::Settings;
use crate::error::Failure;
use crate::installation::Installation;

/// How long the store may take to say that it is there.
const STORE_ANSWERS: Duration = Duration::from_secs(3);

/// How often is done what is due: deletions are planned by the day, and count at once when their time has come.
const SWEEP_EVERY: Duration = Duration::from_secs(3600);

/// The endpoint's listener.
pub(super) struct Prepare {
    settings: Settings,
    bound: Bound,
}

/// The endpoint, its listener and what stands behind it.
struct Aws {
    listener: Listener,
    installation: Installation,
    trail: Trail,
    sweeping: JoinHandle<()>,
}

impl Prepare {
    /// Listens.
    pub(super) fn bind(
        settings: &Settings,
        limits: &Live<Limits>,
        registry: &mut Registry,
    ) -> Result<Self, Failure> {
        let metrics = Metrics::register(registry, "aws");
        let bound = Listener::bind(settings, settings.listen.value, Callers::Anybody, limits, metrics)?;
        Ok(Self { settings: settings.clone(), bound })
    }
}

impl Prepared for Prepare {
    fn start(self: Box<Self>) -> Doing<'static, Result<Box<dyn Part>, Failure>> {
        Box::pin(async move {
            let installation = Installation::open(&self.settings).await?;
            let trail = Trail::open(&self.settings.trail_folder.value)?;
            let endpoint = Arc::new(endpoint(&self.settings, &installation, &trail)?);
            let sweeping = tokio::spawn(sweep(Arc::clone(&endpoint)));
            let listener = self.bound.serve("aws", endpoint);
            Ok(Box::new(Aws { listener, installation, trail, sweeping }) as Box<dyn Part>)
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
        Box::pin(self.listener.look())
    }

    fn drain(&mut self) -> Doing<'_, Option<Drained>> {
        Box::pin(self.listener.drain())
    }

    fn close(self: Box<Self>) -> Doing<'static, ()> {
        Box::pin(async move {
            self.sweeping.abort();
            if let Err(error) = self.trail.close().await {
                tracing::error!(%error, "the trail could not be written to its end");
            }
            self.installation.store.close().await;
        })
    }
}

fn endpoint(settings: &Settings, installation: &Installation, trail: &Trail) -> Result<Endpoint, Failure> {
    let allow: Result<Vec<_>, _> = settings.oidc_allow.value.0.iter().map(|issuer| issuer.parse()).collect();
    let roots = settings.oidc_ca_file.value.clone();
    let issuers = Issuers::new(&ringwall_oidc::Settings { allow: allow?, roots })?;
    Ok(Endpoint::new(Parts {
        store: installation.store.clone(),
        keyring: Arc::clone(&installation.keyring),
        random: Arc::new(SystemRandom),
        trail: trail.clone(),
        issuers,
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
