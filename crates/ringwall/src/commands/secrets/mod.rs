//! `secrets`: secrets of AWS, or of what speaks like it, in pods and in Secrets.

mod serve;
mod sync;

use std::collections::BTreeMap;
use std::sync::Arc;

use prometheus_client::registry::Registry;
use ringwall_awsclient::{Client, Endpoints, Environment, Load, region_of};
use ringwall_kubernetes::{Cluster, Source};
use ringwall_server::{Admin, Asked, Limits, Metrics, Server, Signals, harden, live};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::cli::{SecretsCommand, SecretsCommon};
use crate::error::{Exit, Failure};
use crate::serve::asked;

/// Connections that the admin listener takes at once: some probes and a Prometheus or two.
const ADMIN_CONNECTIONS: usize = 16;

/// The region that the client is made for if none is configured. Every call goes to a region that is known by then.
const ANY_REGION: &str = "us-east-1";

/// Runs a command of the group.
pub(super) fn run(command: &SecretsCommand) -> Result<Exit, Failure> {
    harden()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match command {
        SecretsCommand::Serve(args) => runtime.block_on(serve::run(args)),
        SecretsCommand::Sync(args) => runtime.block_on(sync::run(args)),
    }
}

/// What both commands work with.
struct Outside {
    client: Client,
    cluster: Cluster,
    region: Option<String>,
    regions: BTreeMap<String, Endpoints>,
}

impl Outside {
    async fn of(args: &SecretsCommon) -> Result<Self, Failure> {
        let environment = Environment::process();
        let region = args.region.clone().or_else(|| region_of(&environment));
        let client = Load::new(&environment)
            .region(Some(region.clone().unwrap_or_else(|| ANY_REGION.to_owned())))
            .endpoint(args.endpoint.clone())
            .roots(args.ca_file.clone())
            .client()?;
        let source = match &args.kubeconfig {
            Some(path) => Source::Kubeconfig { path: Some(path.clone()), context: None },
            None => Source::InCluster,
        };
        let regions =
            args.region_endpoints.iter().map(|(region, url)| (region.clone(), Endpoints::all(url.clone())));
        Ok(Self { client, cluster: Cluster::connect(&source).await?, region, regions: regions.collect() })
    }
}

/// The admin listener, until it is told to stop.
struct Watched {
    stop: watch::Sender<bool>,
    serving: JoinHandle<ringwall_server::Drained>,
}

impl Watched {
    /// `made` registers its metrics and tells what it waits for.
    fn start<T>(
        args: &SecretsCommon,
        make: impl FnOnce(&mut Registry) -> Result<T, Failure>,
        ready: impl FnOnce(&T) -> Box<dyn Fn() -> Result<(), String> + Send + Sync>,
    ) -> Result<(Self, T), Failure> {
        let mut registry = Registry::default();
        let limits = live(Limits { max_connections: ADMIN_CONNECTIONS, ..Limits::default() });
        let metrics = Metrics::register(&mut registry, "admin");
        let admin = Server::bind(args.admin_listen, None, limits, metrics)?;
        let made = make(&mut registry)?;
        let (stop, stopped) = watch::channel(false);
        tracing::info!(admin = %admin.address(), "serving");
        let serving = tokio::spawn(admin.serve(Arc::new(Admin::new(registry, ready(&made))), asked(stopped)));
        Ok((Self { stop, serving }, made))
    }

    async fn stop(self) {
        let _ = self.stop.send(true);
        let _ = self.serving.await;
    }
}

async fn until_stopped(signals: &mut Signals) {
    while signals.next().await != Asked::Stop {}
    tracing::info!("stopping");
}
