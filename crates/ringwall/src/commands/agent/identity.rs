//! `agent --pod-identity`: what pods ask their node for.

use std::io::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use prometheus_client::registry::Registry;
use ringwall_awsclient::http::UrlError;
use ringwall_awsclient::{Client, Environment, Load, ProvideCredentials};
use ringwall_identity::agent::{self, AgentError, EksAuth, Listening, Settings, link};
use ringwall_server::{Drained, Metrics};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::cli::Agent;
use crate::commands::asynchronously;
use crate::error::{Exit, Failure};
use crate::serve::asked;

/// The longest that a call to EKS Auth takes. A pod that gave up before finds the answer when it asks again.
const CALL: Duration = Duration::from_secs(10);

/// How often what is due is renewed.
const RENEW_EVERY: Duration = Duration::from_secs(1);

/// How often it is looked whether the link is still there: something that tidies a node's links may take it.
const LOOK_FOR_LINK_EVERY: Duration = Duration::from_secs(30);

/// Waits between tries for the node's own credentials at the start.
const CREDENTIALS_AGAIN: Duration = Duration::from_secs(5);

/// The Pod Identity agent, which listens already.
pub(super) struct Identity {
    agent: Arc<agent::Agent<EksAuth>>,
    listening: Listening,
    ready: Ready,
    background: JoinSet<()>,
}

/// Takes the link away.
pub(super) fn remove_link() -> Result<Exit, Failure> {
    let removed = asynchronously(async { Ok(link::remove().await?) })?;
    let did = if removed { "is removed" } else { "was not there" };
    writeln!(anstream::stdout(), "the link {} {did}", link::LINK)?;
    Ok(Exit::Fine)
}

impl Identity {
    /// Listens, and begins what goes on beside.
    pub(super) async fn start(args: &Agent, registry: &mut Registry) -> Result<Self, Failure> {
        let Some(cluster) = args.cluster_name.as_deref() else {
            return Err(Failure::misuse("--pod-identity needs --cluster-name"));
        };
        let client = client(args)?;
        let credentials = client.credentials().cloned();
        let upstream = EksAuth::new(client, cluster)?;
        let metrics = Metrics::register(registry, "agent");
        let own_metrics = agent::Metrics::register(registry);

        let addresses: Vec<IpAddr> = args.bind.iter().map(SocketAddr::ip).collect();
        if args.manage_link {
            ensure_link(&addresses).await?;
        }
        let listening = agent::listen(&args.bind, &metrics)?;
        for (address, error) in &listening.absent {
            tracing::warn!(%address, %error, "the node has no such IPv6 address: pods are served by IPv4 alone");
        }
        let settings = Settings { hosts: listening.addresses(), rate: args.rate, burst: args.burst };
        let agent = Arc::new(agent::Agent::new(settings, upstream, Arc::new(ringwall_aws::now), own_metrics));
        let ready = Ready { agent: Arc::clone(&agent), has_credentials: Arc::default() };
        let mut background = JoinSet::new();
        if let Some(credentials) = credentials {
            background.spawn(look_for_credentials(credentials, Arc::clone(&ready.has_credentials)));
        }
        background.spawn(renew(Arc::clone(&agent)));
        if args.manage_link {
            background.spawn(keep_link(addresses));
        }
        for server in &listening.servers {
            tracing::info!(address = %server.address(), "listening");
        }
        tracing::info!(cluster, "pods are given credentials");
        Ok(Self { agent, listening, ready, background })
    }

    /// What tells whether it can do its work.
    pub(super) fn ready(&self) -> Ready {
        self.ready.clone()
    }

    /// Answers pods until it is asked to stop, and what is in hand is finished.
    pub(super) async fn serve(mut self, stopped: watch::Receiver<bool>) -> Vec<Option<Drained>> {
        let serving = self
            .listening
            .servers
            .into_iter()
            .map(|server| tokio::spawn(server.serve(Arc::clone(&self.agent), asked(stopped.clone()))));
        let serving: Vec<_> = serving.collect();
        let drained = join_all(serving).await.into_iter().map(Result::ok).collect();
        self.background.shutdown().await;
        drained
    }
}

/// A client with the node's own credentials.
fn client(args: &Agent) -> Result<Client, Failure> {
    let endpoint = args.endpoint.as_deref().map(str::parse).transpose();
    let endpoint = endpoint.map_err(|error: UrlError| Failure::misuse(format!("--endpoint: {error}")))?;
    let load = Load::new(&Environment::process())
        .region(args.region.clone())
        .endpoint(endpoint)
        .roots(args.ca_file.clone())
        .timeout(CALL);
    Ok(load.client()?)
}

async fn ensure_link(addresses: &[IpAddr]) -> Result<(), AgentError> {
    let ensured = link::ensure(addresses).await?;
    for (address, error) in &ensured.absent {
        tracing::warn!(%address, %error, link = link::LINK, "the link can't have this address, as the node has no IPv6");
    }
    if ensured.changed {
        tracing::info!(link = link::LINK, "the link is made");
    }
    Ok(())
}

async fn keep_link(addresses: Vec<IpAddr>) {
    loop {
        tokio::time::sleep(LOOK_FOR_LINK_EVERY).await;
        match link::ensure(&addresses).await {
            Ok(ensured) if ensured.changed => {
                tracing::warn!(link = link::LINK, "the link was gone or changed, and is made again");
            }
            Ok(_) => {}
            Err(error) => tracing::error!(%error, hint = error.hint(), "the link can't be looked after"),
        }
    }
}

async fn renew(agent: Arc<agent::Agent<EksAuth>>) {
    let mut every = tokio::time::interval(RENEW_EVERY);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        agent.refresh().await;
    }
}

/// Says when the node has credentials, so that a node without them shows before a pod needs some.
async fn look_for_credentials(credentials: Arc<dyn ProvideCredentials>, found: Arc<AtomicBool>) {
    while let Err(error) = credentials.credentials().await {
        tracing::warn!(%error, "the node has no credentials to ask EKS Auth with");
        tokio::time::sleep(CREDENTIALS_AGAIN).await;
    }
    found.store(true, Ordering::Relaxed);
    tracing::info!("the node has credentials");
}

/// Whether the agent can do its work.
#[derive(Clone)]
pub(super) struct Ready {
    agent: Arc<agent::Agent<EksAuth>>,
    has_credentials: Arc<AtomicBool>,
}

impl Ready {
    pub(super) fn check(&self) -> Result<(), String> {
        if !self.has_credentials.load(Ordering::Relaxed) {
            return Err("the node has no credentials".to_owned());
        }
        self.agent.waits_for().map_or(Ok(()), |waits| Err(waits.to_owned()))
    }
}
