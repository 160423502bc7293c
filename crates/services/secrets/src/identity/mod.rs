//! The credentials of pods, by their own tokens.

mod pod_identity;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use moka::future::Cache;
use ringwall_awsclient::{AssumeRole, Client, Endpoints, ProvideCredentials, TokenSource, WebIdentity};
use ringwall_model::Secret;

pub(crate) use pod_identity::Agents;
pub use pod_identity::{AgentAddresses, PodIdentity};

use crate::error::MountError;
use crate::request::{Addresses, AssumedRole, POD_IDENTITY_AUDIENCE};

/// Most sessions that are kept. A node has 250 pods at most as EKS sizes them, each with one session a region and token.
const MAX_SESSIONS: u64 = 2000;

/// How long one is kept. kubelet renews a token after 80 % of its hour, and with it comes another session.
const KEPT: Duration = Duration::from_secs(3600);

/// Longest name of a session. Source: AWS, *STS API Reference*, `RoleSessionName`.
const MAX_SESSION_NAME: usize = 64;

/// How a pod proves itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Identity {
    /// By a token for STS and the role of its service account (IRSA).
    Role(String),
    /// By a token for Pod Identity, whose association names the role.
    PodIdentity(Addresses),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    identity: Identity,
    assumed: Option<AssumedRole>,
    region: String,
    token: [u8; 32],
}

/// The sessions of pods. Nothing in one hangs on who asked before: its key is the token itself, by its hash.
#[derive(Clone, Debug)]
pub(crate) struct Sessions {
    client: Client,
    regions: Arc<BTreeMap<String, Endpoints>>,
    agents: Option<Agents>,
    kept: Cache<Key, Arc<dyn ProvideCredentials>>,
}

impl Sessions {
    /// `client` calls STS, or EKS Auth by its own credentials; without `pod_identity` there are sessions for STS's tokens
    /// alone. `regions` says where those are that are elsewhere.
    pub(crate) fn new(
        client: Client,
        regions: BTreeMap<String, Endpoints>,
        pod_identity: Option<PodIdentity>,
    ) -> Self {
        let agents = pod_identity.map(|settings| Agents::new(client.clone(), settings));
        let kept = Cache::builder().max_capacity(MAX_SESSIONS).time_to_live(KEPT).build();
        Self { client, regions: Arc::new(regions), agents, kept }
    }

    /// A client of a region that calls in the pod's name.
    pub(crate) async fn client(
        &self,
        region: &str,
        identity: &Identity,
        assumed: Option<&AssumedRole>,
        token: &Secret,
        pod: &str,
    ) -> Result<Client, MountError> {
        let mut client = self.client.with_region(region).map_err(|_| MountError::NoRegion)?;
        if let Some(endpoints) = self.regions.get(region) {
            client = client.with_endpoints(endpoints.clone());
        }
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, token.expose()).as_ref());
        let key = Key {
            identity: identity.clone(),
            assumed: assumed.cloned(),
            region: region.to_owned(),
            token: hash,
        };
        let make = async { self.provider(&client, identity, assumed, token, pod) };
        let provider = self.kept.optionally_get_with(key, make).await;
        let provider = provider.ok_or(MountError::NoToken { audience: POD_IDENTITY_AUDIENCE })?;
        // Asked for here, so that what fails is told as what it is, and not as a failure of the first call.
        provider
            .credentials()
            .await
            .map_err(|source| MountError::Credentials { region: region.to_owned(), source })?;
        Ok(client.with_credentials(provider))
    }

    /// None for Pod Identity where nothing exchanges its tokens.
    fn provider(
        &self,
        client: &Client,
        identity: &Identity,
        assumed: Option<&AssumedRole>,
        token: &Secret,
        pod: &str,
    ) -> Option<Arc<dyn ProvideCredentials>> {
        let session_name = Some(session_name(pod));
        let own = match identity {
            Identity::Role(arn) => WebIdentity {
                role_arn: arn.clone(),
                session_name: session_name.clone(),
                token: TokenSource::Text(token.clone()),
                duration: None,
            }
            .provider(client),
            Identity::PodIdentity(addresses) => self.agents.as_ref()?.provider(token.clone(), *addresses),
        };
        Some(match assumed {
            None => own,
            Some(AssumedRole { arn, external_id, duration }) => AssumeRole {
                role_arn: arn.clone(),
                session_name,
                external_id: external_id.clone(),
                duration: *duration,
            }
            .provider(&client.with_credentials(own)),
        })
    }
}

/// The pod's name, which tells in CloudTrail whose call it was.
fn session_name(pod: &str) -> String {
    let allowed = |c: &char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(*c);
    let mut name: String = pod.chars().filter(allowed).take(MAX_SESSION_NAME).collect();
    if name.len() < 2 {
        name.push_str("-pod");
    }
    name
}
