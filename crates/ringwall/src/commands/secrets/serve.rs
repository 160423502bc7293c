use std::sync::Arc;

use ringwall_awsclient::Environment;
use ringwall_awsclient::http::Url;
use ringwall_grpc::Access;
use ringwall_secrets::{AgentAddresses, Parts, PodIdentity, Provider, Settings};
use ringwall_server::Signals;

use super::{Outside, Watched, until_stopped};
use crate::cli::SecretsServe;
use crate::error::{Exit, Failure};
use crate::serve::Logs;

/// Serves until a signal ends it.
pub(super) async fn run(args: &SecretsServe) -> Result<Exit, Failure> {
    let mut signals = Signals::listen()?;
    let common = &args.common;
    let _logs = Logs::start(common.log_level, common.log_format);
    let Outside { client, cluster, region, regions } = Outside::of(common).await?;
    let settings = Settings {
        folder: args.providers_folder.clone(),
        name: common.name.clone(),
        access: Access { users: args.users.clone(), ..Access::default() },
        region,
        regions,
        node: args.node_name.clone().or_else(|| Environment::process().get("NODE_NAME")),
        pod_identity: pod_identity(args)?,
        kept: common.keep,
        max_answer: args.max_answer,
    };
    let parts = Parts { client, cluster: Some(cluster) };
    let (watched, provider) = Watched::start(
        common,
        |registry| Ok(Arc::new(Provider::start(settings, parts, registry)?)),
        |provider| {
            let provider = Arc::clone(provider);
            Box::new(move || provider.waits_for().map_or(Ok(()), |waits| Err(waits.to_owned())))
        },
    )?;
    tracing::info!(folder = %args.providers_folder.display(), name = common.name, "volumes are filled");
    until_stopped(&mut signals).await;
    if let Some(drained) = provider.stop().await
        && !drained.is_clean()
    {
        let ringwall_grpc::Drained { connections, calls } = drained;
        tracing::warn!(connections, calls, "these were still open when the time to drain was over");
    }
    watched.stop().await;
    Ok(Exit::Fine)
}

/// Where tokens for Pod Identity are exchanged.
fn pod_identity(args: &SecretsServe) -> Result<PodIdentity, Failure> {
    if let Some(cluster) = &args.pod_identity_cluster {
        return Ok(PodIdentity::Direct { cluster: cluster.clone() });
    }
    let [ipv4, ipv6]: &[Url; 2] = args
        .pod_identity_agent
        .as_slice()
        .try_into()
        .map_err(|_| Failure::misuse("--pod-identity-agent takes two URLs"))?;
    Ok(PodIdentity::Agent(Box::new(AgentAddresses { ipv4: ipv4.clone(), ipv6: ipv6.clone() })))
}
