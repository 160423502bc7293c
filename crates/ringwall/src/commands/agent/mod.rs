//! `agent`: what a node does for its pods, and to them.

mod cni;
mod identity;
mod network;
mod plan;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use prometheus_client::registry::Registry;
use ringwall_server::{Signals, harden};
use tokio::sync::watch;

use self::identity::Identity;
use self::network::Network;
use crate::cli::Agent;
use crate::error::{Exit, Failure};
use crate::serve::{AdminBound, Logs, OF_ONE_SERVICE, tell, until_stopped};

pub(crate) use cni::{cni_plugin, is_cni_plugin};
#[cfg(test)]
pub(crate) use network::permissions;

/// Serves until a signal ends it, or does the one thing that is asked.
pub(super) fn run(args: &Agent) -> Result<Exit, Failure> {
    if args.remove_link {
        return identity::remove_link();
    }
    if let Some(snapshot) = &args.network.plan {
        return plan::run(snapshot, &args.network);
    }
    if args.network.print_permissions {
        return network::print_permissions(&args.network);
    }
    if args.network.uninstall {
        return network::uninstall(&args.network);
    }
    harden()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve(args))
}

async fn serve(args: &Agent) -> Result<Exit, Failure> {
    let mut signals = Signals::listen()?;
    let _logs = Logs::start(args.log_level, args.log_format);
    let mut registry = Registry::default();
    let admin = AdminBound::bind(args.admin_listen, OF_ONE_SERVICE, &mut registry)?;
    let admin_address = admin.address();
    let identity = match args.pod_identity {
        true => Some(Identity::start(args, &mut registry).await?),
        false => None,
    };
    let network = match args.network.network_policies {
        true => Some(Network::start(&args.network, &mut registry).await?),
        false => None,
    };

    let stopping = Arc::new(AtomicBool::new(false));
    let ready = {
        let stopping = Arc::clone(&stopping);
        let (identity, network) =
            (identity.as_ref().map(Identity::ready), network.as_ref().map(Network::agent));
        move || {
            if stopping.load(Ordering::Relaxed) {
                return Err("it is stopping".to_owned());
            }
            identity.as_ref().map_or(Ok(()), identity::Ready::check)?;
            network.as_ref().and_then(|agent| agent.waits_for()).map_or(Ok(()), Err)
        }
    };
    let admin = admin.serve(registry, Box::new(ready));
    tracing::info!(admin = %admin_address, "serving");

    let (stop, stopped) = watch::channel(false);
    let serving = tokio::spawn(async {
        match identity {
            Some(identity) => identity.serve(stopped).await,
            None => Vec::new(),
        }
    });
    until_stopped(&mut signals).await;
    stopping.store(true, Ordering::Relaxed);
    let _ = stop.send(true);
    tracing::info!("stopping: requests in hand are finished");
    tokio::select! {
        drained = serving => tell(drained.unwrap_or_default()),
        () = until_stopped(&mut signals) => tracing::warn!("stopped at once, as asked a second time"),
    }
    if let Some(network) = network {
        network.stop().await;
    }
    admin.stop().await;
    Ok(Exit::Fine)
}
