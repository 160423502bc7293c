//! `cluster`: the clusters that EKS's API describes, which somebody else runs.

use std::io::Write as _;
use std::path::Path;

use data_encoding::BASE64;
use ringwall_aws::{ClusterRegistration, clusters, register_cluster, remove_cluster};
use ringwall_store::Store;

use super::asynchronously;
use crate::cli::{ClusterCommand, ClusterRegister, ClusterWhere};
use crate::config::{self, Settings};
use crate::error::{Exit, Failure};
use crate::installation::open_store;
use crate::render::style;

/// Most bytes of a key set or of certificates: a thousand times what a cluster has.
const MAX_FILE: u64 = 1024 * 1024;

/// Runs a command of the group.
pub(super) fn run(command: &ClusterCommand) -> Result<Exit, Failure> {
    ringwall_server::harden()?;
    match command {
        ClusterCommand::Register(args) => register(args),
        ClusterCommand::List(place) => list(place),
        ClusterCommand::Remove { name, place } => remove(name, place),
        ClusterCommand::Webhooks(args) => super::webhooks::run(args),
    }
}

fn register(args: &ClusterRegister) -> Result<Exit, Failure> {
    let settings = settings(&args.place)?;
    let keys = args.keys.as_deref().map(text).transpose()?;
    let authority = args.certificate_authority.as_deref().map(bytes).transpose()?;
    let cluster = ClusterRegistration {
        name: args.name.clone(),
        issuer: args.issuer.clone(),
        keys,
        endpoint: args.endpoint.clone(),
        certificate_authority: authority.map(|pem| BASE64.encode(&pem)),
        version: args.kubernetes_version.clone(),
    };
    let (account, region) = asynchronously(async {
        let store = open_store(&settings).await?;
        let (account, region) = place(&store, &settings, &args.place).await?;
        register_cluster(&store, &account, &region, &cluster, ringwall_aws::now()).await?;
        store.close().await;
        Ok::<_, Failure>((account, region))
    })?;
    let mut out = anstream::stdout().lock();
    writeln!(out, "arn:aws:eks:{region}:{account}:cluster/{}", args.name)?;
    Ok(Exit::Fine)
}

fn list(args: &ClusterWhere) -> Result<Exit, Failure> {
    let settings = settings(args)?;
    let found = asynchronously(async {
        let store = open_store(&settings).await?;
        let (account, region) = place(&store, &settings, args).await?;
        let found = clusters(&store, &account, &region).await?;
        store.close().await;
        Ok::<_, Failure>(found)
    })?;
    let mut out = anstream::stdout().lock();
    for cluster in found {
        let name = style::paint(style::HEADING, &cluster.name);
        writeln!(out, "{name}  {}  {}", cluster.authentication_mode, cluster.issuer)?;
    }
    Ok(Exit::Fine)
}

fn remove(name: &str, args: &ClusterWhere) -> Result<Exit, Failure> {
    let settings = settings(args)?;
    asynchronously(async {
        let store = open_store(&settings).await?;
        let (account, region) = place(&store, &settings, args).await?;
        remove_cluster(&store, &account, &region, name).await?;
        store.close().await;
        Ok::<_, Failure>(())
    })?;
    Ok(Exit::Fine)
}

fn settings(args: &ClusterWhere) -> Result<Settings, Failure> {
    Ok(config::load(&args.flags.0).map_err(Failure::Settings)?.settings)
}

/// Account and region: those that are named, else the only account there is, and the setting's region.
async fn place(store: &Store, settings: &Settings, args: &ClusterWhere) -> Result<(String, String), Failure> {
    let region = args.in_region.clone().unwrap_or_else(|| settings.region.value.0.clone());
    if let Some(account) = &args.account {
        return Ok((account.clone(), region));
    }
    let accounts = ringwall_aws::accounts(store).await?;
    match accounts.as_slice() {
        [only] => Ok((only.id.clone(), region)),
        _ => Err(Failure::misuse_hint(
            "there is more than one account",
            "name one with --account; `ringwall account list` has them",
        )),
    }
}

fn bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |source| Failure::Read { path: path.display().to_string(), source };
    ringwall_files::read(path, MAX_FILE).map_err(failed)
}

fn text(path: &Path) -> Result<String, Failure> {
    String::from_utf8(bytes(path)?)
        .map_err(|_| Failure::misuse(format!("`{}` is no text in UTF-8", path.display())))
}
