//! `secrets`: secrets of AWS, or of what speaks like it, in pods and in Secrets.

mod serve;
mod sync;

use std::collections::BTreeMap;

use prometheus_client::registry::Registry;
use ringwall_awsclient::{Client, Endpoints, Environment, Load, region_of};
use ringwall_kubernetes::{Cluster, Source};
use ringwall_server::{Ready, Signals, harden};

use crate::cli::{SecretsCommand, SecretsCommon};
use crate::error::{Exit, Failure};
use crate::serve::{AdminBound, AdminListener, OF_ONE_SERVICE};

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

/// Makes what works, and serves its metrics and whether it is `ready`.
fn watched<T>(
    args: &SecretsCommon,
    make: impl FnOnce(&mut Registry) -> Result<T, Failure>,
    ready: impl FnOnce(&T) -> Ready,
) -> Result<(AdminListener, T), Failure> {
    let mut registry = Registry::default();
    let admin = AdminBound::bind(args.admin_listen, OF_ONE_SERVICE, &mut registry)?;
    let made = make(&mut registry)?;
    tracing::info!(admin = %admin.address(), "serving");
    Ok((admin.serve(registry, ready(&made)), made))
}

async fn until_stopped(signals: &mut Signals) {
    crate::serve::until_stopped(signals).await;
    tracing::info!("stopping");
}
