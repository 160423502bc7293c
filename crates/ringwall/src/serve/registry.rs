//! The registry's doors: its listeners, its content, and who is let in.

use std::sync::Arc;
use std::time::Duration;

use prometheus_client::registry::Registry as Counters;
use ringwall_aws::{
    Endpoint, RegistryAsk, RegistryDecision, RegistryParts, RegistryPermit, RegistryPrincipal, tag_may_move,
};
use ringwall_envelope::Random as _;
use ringwall_model::Secret;
use ringwall_objects::Objects;
use ringwall_oci::{Registry, RepositoryKey};
use ringwall_registry::template::AppliedFor;
use ringwall_registry_service::{
    Action, Ask, Authenticated, Caller, Created, Credentials, Gate, Service, Tokens, Unrecorded, Verdict,
};
use ringwall_rootkey::SystemRandom;
use ringwall_server::{Limits, Live, Metrics};
use serde_json::json;

use super::listener::{Bound, Callers, Listener};
use crate::config::{Challenge, Settings, TlsMode};
use crate::error::Failure;
use crate::installation::Installation;

/// How often is looked for what nobody needs any more. It is kept for a day in any case.
const COLLECT_EVERY: Duration = Duration::from_secs(600);

/// A listener of the registry.
pub(super) struct Door {
    bound: Bound,
    vpce: Option<String>,
}

/// Listens on all addresses.
pub(super) fn bind(
    settings: &Settings,
    limits: &Live<Limits>,
    counters: &mut Counters,
) -> Result<Vec<Door>, Failure> {
    let metrics = Metrics::register(counters, "registry");
    let doors = settings.registry_listen.value.0.iter();
    doors
        .map(|(vpce, address)| {
            let bound = Listener::bind(settings, *address, Callers::Anybody, limits, metrics.clone())?;
            Ok(Door { bound, vpce: vpce.clone() })
        })
        .collect()
}

/// Opens the content, if there is a door to it.
pub(super) async fn content(
    settings: &Settings,
    installation: &Installation,
    doors: &[Door],
) -> Result<Option<Registry>, Failure> {
    if doors.is_empty() {
        return Ok(None);
    }
    let objects = Objects::open(&settings.registry_storage.value.0)?;
    let behaviour = ringwall_oci::Settings { tag_rule: Arc::new(tag_may_move), ..Default::default() };
    Ok(Some(Registry::open(objects, installation.store.clone(), behaviour).await?))
}

/// What ECR's API needs to know of it.
pub(super) fn parts(settings: &Settings, content: &Registry, doors: &[Door]) -> RegistryParts {
    let first = doors.first().map(|door| door.bound.address().to_string()).unwrap_or_default();
    let address = settings.registry_address.value.as_ref().map_or(first, |address| address.0.clone());
    RegistryParts { content: content.clone(), address, tls: settings.tls_mode.value != TlsMode::Off }
}

/// Opens the doors.
pub(super) fn serve(
    settings: &Settings,
    content: Registry,
    endpoint: &Arc<Endpoint>,
    doors: Vec<Door>,
) -> Result<Vec<Listener>, Failure> {
    let anonymous = settings.registry_anonymous.value.as_ref().map(|account| account.0.clone());
    let gate = Arc::new(Ecr { endpoint: Arc::clone(endpoint), anonymous });
    let mut key = vec![0; 32];
    let made = SystemRandom.fill(&mut key).ok().and_then(|()| Tokens::new(&Secret::new(key)));
    // Tokens last for minutes, so they may end with the process: clients get new ones.
    let tokens = Arc::new(made.ok_or_else(|| Failure::misuse("the system has no random bytes"))?);
    let listeners = doors.into_iter().map(|Door { bound, vpce }| {
        let behaviour = ringwall_registry_service::Settings {
            challenge: match settings.registry_challenge.value {
                Challenge::Basic => ringwall_registry_service::Challenge::Basic,
                Challenge::Token => ringwall_registry_service::Challenge::Token,
            },
            vpce,
            ..Default::default()
        };
        let service = Service::new(content.clone(), Arc::clone(&gate), Arc::clone(&tokens), behaviour);
        bound.serve_streams("registry", Arc::new(service))
    });
    Ok(listeners.collect())
}

/// Takes away, from time to time, what nobody needs any more.
pub(super) async fn collect(content: Registry) {
    loop {
        tokio::time::sleep(COLLECT_EVERY).await;
        match content.collect().await {
            Ok(collected) if collected == Default::default() => {}
            Ok(collected) => tracing::info!(?collected, "what nobody needs is taken away"),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "what nobody needs could not be taken away; it is tried again");
            }
        }
    }
}

/// The registry's gate: identities and policies of the endpoint.
struct Ecr {
    endpoint: Arc<Endpoint>,
    /// The account whose registry is seen by who shows nothing.
    anonymous: Option<String>,
}

impl Gate for Ecr {
    type Principal = RegistryPrincipal;
    type Permit = Option<RegistryPermit>;

    async fn authenticate(&self, credentials: &Credentials, _: &Caller) -> Authenticated<RegistryPrincipal> {
        let (user, password) = match credentials {
            Credentials::Anonymous if self.anonymous.is_some() => {
                return Authenticated::As(RegistryPrincipal::anonymous());
            }
            Credentials::Anonymous => return Authenticated::Challenged,
            Credentials::Password { user, password } => (user, password.expose_text().unwrap_or_default()),
        };
        match self.endpoint.registry_principal(user, password).await {
            Ok(principal) => Authenticated::As(principal),
            Err(error) if error.is_internal() => {
                tracing::warn!(error = error.message, "nobody can be recognised");
                Authenticated::Unavailable
            }
            Err(error) => Authenticated::Refused(error.message),
        }
    }

    fn account<'a>(&'a self, principal: &'a RegistryPrincipal) -> &'a str {
        match &self.anonymous {
            Some(account) if principal.is_anonymous() => account,
            _ => principal.account(),
        }
    }

    async fn authorize(
        &self,
        principal: &RegistryPrincipal,
        ask: Ask<'_>,
    ) -> Verdict<Option<RegistryPermit>> {
        let Some(repository) = ask.repository else {
            // A list of repositories tells of all of them: by ECR's API, which decides on each region's, or not at all.
            return Verdict::Denied(
                "the list of repositories is told by ECR's DescribeRepositories alone".to_owned(),
            );
        };
        match self.endpoint.registry_allows(principal, asked(&ask, repository)).await {
            Ok(RegistryDecision::Permit(permit)) => Verdict::Permitted(Some(permit)),
            Ok(RegistryDecision::Denied(reason)) => Verdict::Denied(reason),
            Err(error) => {
                tracing::warn!(error = error.message, "nothing can be decided");
                Verdict::Unavailable
            }
        }
    }

    async fn record(
        &self,
        permit: Option<RegistryPermit>,
        error: Option<(&str, &str)>,
    ) -> Result<(), Unrecorded> {
        let Some(permit) = permit else { return Ok(()) };
        permit.record(error).await.map_err(|error| {
            tracing::error!(error = error.message, "a call of the registry can't be put on record");
            Unrecorded
        })
    }

    async fn mounts(&self, account: &str) -> bool {
        self.endpoint.registry_mounts(account).await.unwrap_or_else(|error| {
            tracing::warn!(error = error.message, "whether blobs may be mounted can't be found out");
            false
        })
    }

    fn counts(&self, principal: &RegistryPrincipal) -> bool {
        principal.counts()
    }

    async fn create(
        &self,
        principal: &RegistryPrincipal,
        repository: &RepositoryKey,
        caller: &Caller,
    ) -> Created {
        let ask = Ask {
            action: Action::PutImage,
            account: repository.account(),
            repository: Some(repository),
            parameters: json!({}),
            caller,
        };
        let asked = asked(&ask, repository);
        match self.endpoint.registry_create(principal, asked, AppliedFor::CreateOnPush).await {
            Ok(RegistryDecision::Permit(_)) => Created::Yes,
            Ok(RegistryDecision::Denied(reason)) => Created::Denied(reason),
            Err(error) if error.code == "RepositoryNotFoundException" => Created::NoTemplate,
            Err(error) => {
                tracing::warn!(error = error.message, "a repository can't be made");
                Created::Unavailable
            }
        }
    }
}

fn asked(ask: &Ask<'_>, repository: &RepositoryKey) -> RegistryAsk {
    let caller = ask.caller;
    RegistryAsk {
        operation: ask.action.name().trim_start_matches("ecr:").to_owned(),
        account: ask.account.to_owned(),
        repository: repository.name().to_owned(),
        parameters: ask.parameters.clone(),
        address: caller.address,
        vpc_endpoint: caller.vpce.clone(),
        user_agent: caller.user_agent.clone().unwrap_or_default(),
        host: caller.host.clone(),
        tls: caller.tls.map(|(version, suite)| (version.to_owned(), suite.to_owned())),
    }
}
