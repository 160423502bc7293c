//! `ringwall serve`: the services, what they share, and the signals.

mod admin;
mod answers;
mod audit;
mod authn;
mod aws;
mod identity;
mod issuer;
mod listener;
mod logs;
mod outside;
mod part;
mod registry;
mod reload;

use std::time::Duration;

use futures_util::future::join_all;
use prometheus_client::registry::Registry;
use ringwall_server::{Asked, Drained, LOOK_EVERY, Limits, Live, Signals, harden, live};
use tokio::sync::watch;

pub(crate) use self::admin::{AdminBound, AdminListener, OF_ONE_SERVICE};
pub(crate) use self::listener::asked;
pub(crate) use self::logs::Logs;
use self::part::{Part, Prepared, Waits};
use self::reload::Reloader;
use crate::config::{self, Flags, Loaded, Service, Settings};
use crate::error::{Exit, Failure};

/// When it is first looked whether what is waited for at the start has come; then after twice as long each time, so that
/// `/readyz` is not far behind and nothing is asked in a loop.
const FIRST_LOOK: Duration = Duration::from_millis(100);

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
    let limits = live(settings.limits());
    let admin = AdminBound::bind(settings.admin_listen.value, admin::OF_ALL_SERVICES, &mut registry)?;
    let admin_address = admin.address();
    let prepared = prepare(&settings, &limits, &mut registry).await?;

    let waits = watch::Sender::new(Some("it is starting".to_owned()));
    let ready = waits.subscribe();
    let ready = Box::new(move || ready.borrow().clone().map_or(Ok(()), Err));
    let admin = admin.serve(registry, ready);
    let mut parts = Vec::new();
    for service in prepared {
        parts.push(service.start().await?);
    }
    waits.send_replace(waits_for(&parts).await);
    let file = loaded.file.as_ref().map(|file| tracing::field::display(file.display()));
    tracing::info!(admin = %admin_address, settings = file, "serving");

    let mut reloader = Reloader { flags, latest: loaded, refused: Vec::new(), logs, limits };
    let mut soon = FIRST_LOOK;
    loop {
        let pause = if waits.borrow().is_some() { soon } else { LOOK_EVERY };
        tokio::select! {
            asked = signals.next() => match asked {
                Asked::Stop => break,
                Asked::Reload => {
                    tracing::info!("SIGHUP: settings and certificates are read again");
                    parts.iter().for_each(|part| part.reload());
                }
            },
            () = tokio::time::sleep(pause) => {}
        }
        soon = (soon * 2).min(LOOK_EVERY);
        reloader.look();
        for part in &mut parts {
            part.look().await;
        }
        waits.send_replace(waits_for(&parts).await);
    }
    waits.send_replace(Some("it is stopping".to_owned()));
    tracing::info!("stopping: requests in hand are finished");
    tokio::select! {
        drained = join_all(parts.iter_mut().map(|part| part.drain())) => tell(drained),
        () = until_stopped(&mut signals) => tracing::warn!("stopped at once, as asked a second time"),
    }
    for part in parts {
        part.close().await;
    }
    admin.stop().await;
    Ok(Exit::Fine)
}

/// What the settings name, in their order.
async fn prepare(
    settings: &Settings,
    limits: &Live<Limits>,
    registry: &mut Registry,
) -> Result<Vec<Box<dyn Prepared>>, Failure> {
    let mut prepared: Vec<Box<dyn Prepared>> = Vec::new();
    let mut prepared_endpoint = false;
    let services = &settings.services.value.0;
    for service in services {
        prepared.push(match service {
            // Both are doors of the one endpoint, which the first of them opens.
            Service::Aws | Service::Registry if prepared_endpoint => continue,
            Service::Aws | Service::Registry => {
                prepared_endpoint = true;
                Box::new(aws::Prepare::bind(settings, limits, registry)?)
            }
            Service::Authn => Box::new(authn::prepare(settings, limits, registry).await?),
            Service::Identity => Box::new(identity::prepare(settings, limits, registry).await?),
            Service::Issuer => Box::new(issuer::prepare(settings, limits, registry).await?),
            Service::Audit => Box::new(audit::prepare(settings, registry).await?),
        });
    }
    Ok(prepared)
}

/// What the first part that waits for something waits for.
async fn waits_for(parts: &[Box<dyn Part>]) -> Waits {
    for part in parts {
        if let Some(waits) = part.waits_for().await {
            return Some(waits);
        }
    }
    None
}

/// Done when somebody asks for the end, or asks once more.
pub(crate) async fn until_stopped(signals: &mut Signals) {
    while signals.next().await != Asked::Stop {}
}

/// Says how the listeners ended.
pub(crate) fn tell(drained: Vec<Option<Drained>>) {
    let (mut connections, mut requests) = (0, 0);
    for drained in drained {
        let Some(drained) = drained else {
            tracing::error!("a listener broke down");
            continue;
        };
        connections += drained.connections;
        requests += drained.requests;
    }
    if connections == 0 && requests == 0 {
        tracing::info!("stopped");
    } else {
        tracing::warn!(
            connections,
            requests,
            "stopped; these were still open when the time to drain was over"
        );
    }
}
