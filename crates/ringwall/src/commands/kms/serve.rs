//! `kms serve`: the plugin alone, as a static pod or a service of systemd runs it.

use std::sync::Arc;

use prometheus_client::registry::Registry;
use ringwall_awsclient::{Client, Environment, Load};
use ringwall_grpc::{Access, Drained, Listener};
use ringwall_kms::{KmsError, Plugin, Settings};
use ringwall_server::{Signals, harden};

use crate::cli::KmsServe;
use crate::error::{Exit, Failure};
use crate::serve::{AdminBound, Logs, OF_ONE_SERVICE, until_stopped};

/// Serves until a signal ends it.
pub(super) fn run(args: &KmsServe) -> Result<Exit, Failure> {
    harden()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve(args))
}

async fn serve(args: &KmsServe) -> Result<Exit, Failure> {
    let mut signals = Signals::listen()?;
    let _logs = Logs::start(args.log_level, args.log_format);
    let aws = if args.backends.iter().any(ringwall_kms::Source::is_aws) { Some(client(args)?) } else { None };
    let backends: Result<Vec<_>, _> = args.backends.iter().map(|source| source.open(aws.as_ref())).collect();

    let mut registry = Registry::default();
    let admin = AdminBound::bind(args.admin_listen, OF_ONE_SERVICE, &mut registry)?;
    let admin_address = admin.address();
    let settings = Settings { backends: backends?, probe: args.probe_every, grace: args.grace };
    let access = Access { mode: args.socket_mode, owner: None, users: args.users.clone() };
    // Before the plugin, so that a second one on the same socket ends before it calls anybody.
    let listener = Listener::bind(&args.listen, access)?;
    let plugin = Arc::new(Plugin::start(settings, &mut registry)?);
    let metrics = ringwall_grpc::Metrics::register(&mut registry, "kms");

    let ready = {
        let plugin = Arc::clone(&plugin);
        move || plugin.waits_for().map_or(Ok(()), |waits| Err(waits.to_owned()))
    };
    let admin = admin.serve(registry, Box::new(ready));
    tracing::info!(socket = %args.listen.display(), admin = %admin_address, "serving");
    let stopping = async {
        until_stopped(&mut signals).await;
        tracing::info!("stopping: calls in hand are answered");
    };
    let drained = plugin.serve(listener, metrics, stopping).await;
    tell(drained);
    admin.stop().await;
    Ok(Exit::Fine)
}

/// The node's own credentials and where AWS is, as SDKs find them.
fn client(args: &KmsServe) -> Result<Client, Failure> {
    let load = Load::new(&Environment::process()).roots(args.ca_file.clone());
    // Each backend's own region goes before.
    let regions = args.backends.iter().find_map(ringwall_kms::Source::region);
    Ok(load.region(regions.map(str::to_owned)).client().map_err(KmsError::from)?)
}

fn tell(drained: Drained) {
    if drained.is_clean() {
        tracing::info!("stopped");
    } else {
        let Drained { connections, calls } = drained;
        tracing::warn!(connections, calls, "stopped; these were still open when the time to drain was over");
    }
}
