//! `ringwall serve`: the listeners, what stands behind them, and the signals.

mod logs;
mod reload;

use std::sync::Arc;

use prometheus_client::registry::Registry;
use ringwall_server::{
    Admin, Asked, Drained, LOOK_EVERY, Limits, Metrics, Server, Signals, Source, Tls, harden, live,
};
use tokio::sync::watch;

use self::logs::Logs;
use self::reload::Reloader;
use crate::config::{Flags, Loaded, Settings, TlsMode};
use crate::error::{Exit, Failure};

/// Connections that the admin listener takes at once: some probes and a Prometheus or two.
const ADMIN_CONNECTIONS: usize = 64;

/// Where the server is in its life; `/readyz` tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Starting,
    Serving,
    Stopping,
}

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
    let mut registry = Registry::default();
    let metrics = Metrics::register(&mut registry, "aws");
    let admin_metrics = Metrics::register(&mut registry, "admin");
    let limits = live(settings.limits());

    let tls = tls(&settings, &metrics)?;
    let server = Server::bind(settings.listen.value, tls.clone(), Arc::clone(&limits), metrics)?;
    let admin_limits = live(Limits { max_connections: ADMIN_CONNECTIONS, ..Limits::default() });
    let admin = Server::bind(settings.admin_listen.value, None, admin_limits, admin_metrics)?;
    let (address, admin_address) = (server.address(), admin.address());

    let state = watch::Sender::new(State::Starting);
    let ready = state.subscribe();
    let ready = Box::new(move || match *ready.borrow() {
        State::Starting => Err(String::from("starting")),
        State::Serving => Ok(()),
        State::Stopping => Err(String::from("stopping")),
    });
    let (stop_admin, admin_stopped) = watch::channel(false);
    let admin = tokio::spawn(admin.serve(Arc::new(Admin::new(registry, ready)), asked(admin_stopped)));

    let (stop, stopped) = watch::channel(false);
    let mut serving = tokio::spawn(server.serve(Arc::new(handler()), asked(stopped)));
    state.send_replace(State::Serving);
    tracing::info!(%address, tls = tls.is_some(), admin = %admin_address, "serving");

    let mut reloader = Reloader { flags, latest: loaded, refused: Vec::new(), logs, limits };
    until_stopped(&mut signals, &mut reloader, tls.as_ref()).await;
    state.send_replace(State::Stopping);
    let _ = stop.send(true);
    tracing::info!("stopping: requests in hand are finished");
    tokio::select! {
        drained = &mut serving => tell(drained.ok()),
        _ = again(&mut signals) => tracing::warn!("stopped at once, as asked a second time"),
    }
    let _ = stop_admin.send(true);
    let _ = admin.await;
    Ok(Exit::Fine)
}

/// Waits for the signal to stop; until then settings and certificates are kept fresh.
async fn until_stopped(signals: &mut Signals, reloader: &mut Reloader, tls: Option<&Arc<Tls>>) {
    loop {
        tokio::select! {
            asked = signals.next() => match asked {
                Asked::Stop => return,
                Asked::Reload => tracing::info!("SIGHUP: settings and certificates are read again"),
            },
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        reloader.look();
        if let Some(tls) = tls {
            tls.refresh().await;
        }
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

struct Seam;
impl ringwall_server::Handler for Seam {
    async fn handle(&self, _: ringwall_server::Request) -> ringwall_server::Response {
        std::future::ready(ringwall_server::Response::text(501.try_into().unwrap(), "")).await
    }
}
fn handler() -> Seam {
    Seam
}
