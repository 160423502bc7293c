//! `ringwall serve`: the listeners, what stands behind them, and the signals.

mod logs;
mod reload;

use std::sync::Arc;
use std::time::Duration;

use prometheus_client::registry::Registry;
use ringwall_aws::{Endpoint, Parts};
use ringwall_oidc::Issuers;
use ringwall_rootkey::SystemRandom;
use ringwall_server::{
    Admin, Asked, Drained, LOOK_EVERY, Limits, Metrics, Server, Signals, Source, Tls, harden, live,
};
use ringwall_trail::Trail;
use tokio::sync::watch;

use self::logs::Logs;
use self::reload::Reloader;
use crate::config::{self, Flags, Loaded, Settings, TlsMode};
use crate::error::{Exit, Failure};
use crate::installation::Installation;

/// Connections that the admin listener takes at once: some probes and a Prometheus or two.
const ADMIN_CONNECTIONS: usize = 64;

/// How long the store may take to say that it is there.
const STORE_ANSWERS: Duration = Duration::from_secs(3);

/// How often is done what is due: deletions are planned by the day, and count at once when their time has come.
const SWEEP_EVERY: Duration = Duration::from_secs(3600);

/// What the server waits for before it can do its work; `/readyz` tells it. `None` if it can.
type Waits = Option<&'static str>;

/// Serves until a signal ends it.
pub(crate) fn run(flags: &Flags, loaded: Loaded) -> Result<Exit, Failure> {
    harden()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve(flags.clone(), loaded))
}

async fn serve(flags: Flags, loaded: Loaded) -> Result<Exit, Failure> {
    let settings = loaded.settings.clone();
    let mut signals = Signals::listen()?;
    let logs = Logs::start(settings.log_level.value, settings.log_format.value);
    for (variable, meant) in config::stray_variables() {
        tracing::warn!(variable, "there is no such setting: did you mean {meant}?");
    }
    let mut registry = Registry::default();
    let metrics = Metrics::register(&mut registry, "aws");
    let admin_metrics = Metrics::register(&mut registry, "admin");
    let limits = live(settings.limits());

    let tls = tls(&settings, &metrics)?;
    let server = Server::bind(settings.listen.value, tls.clone(), Arc::clone(&limits), metrics)?;
    let admin_limits = live(Limits { max_connections: ADMIN_CONNECTIONS, ..Limits::default() });
    let admin = Server::bind(settings.admin_listen.value, None, admin_limits, admin_metrics)?;
    let (address, admin_address) = (server.address(), admin.address());

    let waits = watch::Sender::new(Some("it is starting"));
    let ready = waits.subscribe();
    let ready = Box::new(move || ready.borrow().map_or(Ok(()), |waits: &str| Err(waits.to_owned())));
    let (stop_admin, admin_stopped) = watch::channel(false);
    let admin = tokio::spawn(admin.serve(Arc::new(Admin::new(registry, ready)), asked(admin_stopped)));

    let parts = Backing::open(&settings).await?;
    let (stop, stopped) = watch::channel(false);
    let endpoint = Arc::new(parts.endpoint(&settings)?);
    let sweeping = tokio::spawn(sweep(Arc::clone(&endpoint)));
    let mut serving = tokio::spawn(server.serve(endpoint, asked(stopped)));
    waits.send_replace(None);
    let file = loaded.file.as_ref().map(|file| tracing::field::display(file.display()));
    tracing::info!(%address, tls = tls.is_some(), admin = %admin_address, settings = file, "serving");

    let mut reloader = Reloader { flags, latest: loaded, refused: Vec::new(), logs, limits };
    loop {
        tokio::select! {
            asked = signals.next() => match asked {
                Asked::Stop => break,
                Asked::Reload => tracing::info!("SIGHUP: settings and certificates are read again"),
            },
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        reloader.look();
        if let Some(tls) = &tls {
            tls.refresh().await;
        }
        waits.send_replace(parts.waits_for().await);
    }
    waits.send_replace(Some("it is stopping"));
    let _ = stop.send(true);
    tracing::info!("stopping: requests in hand are finished");
    tokio::select! {
        drained = &mut serving => tell(drained.ok()),
        () = again(&mut signals) => tracing::warn!("stopped at once, as asked a second time"),
    }
    sweeping.abort();
    parts.close().await;
    let _ = stop_admin.send(true);
    let _ = admin.await;
    Ok(Exit::Fine)
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

/// What stands behind the endpoint.
struct Backing {
    installation: Installation,
    trail: Trail,
}

impl Backing {
    async fn open(settings: &Settings) -> Result<Self, Failure> {
        let installation = Installation::open(settings).await?;
        let trail = Trail::open(&settings.trail_folder.value)?;
        Ok(Self { installation, trail })
    }

    fn endpoint(&self, settings: &Settings) -> Result<Endpoint, Failure> {
        let allow: Result<Vec<_>, _> =
            settings.oidc_allow.value.0.iter().map(|issuer| issuer.parse()).collect();
        let roots = settings.oidc_ca_file.value.clone();
        let issuers = Issuers::new(&ringwall_oidc::Settings { allow: allow?, roots })?;
        Ok(Endpoint::new(Parts {
            store: self.installation.store.clone(),
            keyring: Arc::clone(&self.installation.keyring),
            random: Arc::new(SystemRandom),
            trail: self.trail.clone(),
            issuers,
            clock: Arc::new(ringwall_aws::now),
            region: settings.region.value.0.clone(),
            settings: ringwall_aws::Settings {
                rate: settings.throttle_rate.value.0,
                burst: settings.throttle_burst.value.0,
            },
        }))
    }

    async fn waits_for(&self) -> Waits {
        let store = tokio::time::timeout(STORE_ANSWERS, self.installation.store.generation()).await;
        if !matches!(store, Ok(Ok(_))) {
            tracing::warn!("the store does not answer");
            return Some("the store does not answer");
        }
        // Nothing that changes something is answered before its record is on disk.
        self.trail.stats().failing.then_some("the trail can't be written")
    }

    async fn close(self) {
        if let Err(error) = self.trail.close().await {
            tracing::error!(%error, "the trail could not be written to its end");
        }
        self.installation.store.close().await;
    }
}

/// Done when the sender says so, or is gone.
async fn asked(mut stopped: watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// Done when it is asked to stop once more.
async fn again(signals: &mut Signals) {
    while signals.next().await != Asked::Stop {}
}

fn tell(drained: Option<Drained>) {
    match drained {
        Some(drained) if drained.is_clean() => tracing::info!("stopped"),
        Some(Drained { connections, requests }) => {
            tracing::warn!(
                connections,
                requests,
                "stopped; these were still open when the time to drain was over"
            );
        }
        None => tracing::error!("the listener broke down"),
    }
}

fn tls(settings: &Settings, metrics: &Metrics) -> Result<Option<Arc<Tls>>, Failure> {
    let source = match settings.tls_mode.value {
        TlsMode::Off => return Ok(None),
        TlsMode::Own => Source::Own {
            folder: settings.data_folder.value.join("tls"),
            names: settings.tls_names.value.0.clone(),
        },
        // Both are set: the settings were checked.
        TlsMode::Files => Source::Files {
            certificate: settings.tls_certificate.value.clone().unwrap_or_default(),
            key: settings.tls_key.value.clone().unwrap_or_default(),
        },
    };
    Ok(Some(Arc::new(Tls::open(source, None, metrics.clone())?)))
}
