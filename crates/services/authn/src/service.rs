//! The webhooks together, as `ringwall serve` runs them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use prometheus_client::registry::Registry;
use ringwall_awsclient::Client;
use ringwall_kubernetes::Cluster;
use ringwall_model::Secret;
use ringwall_server::{Handler, Head, Request, Response};

use crate::Now;
use crate::authorize::{Access, HOLDS, Passes};
use crate::mapper::{Ask, Instances, Mapper};
use crate::metrics::Metrics;
use crate::sources::{self, Places, SetupError, Source, Sources, Told};
use crate::webhook::{Tokens, Verify};

/// How the webhooks work.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The id that tokens have to be made for.
    pub cluster_id: String,
    /// The sources of mappings, in the order in which they are asked.
    pub sources: Vec<Source>,
    /// Where they look.
    pub places: Places,
    /// How old what a source knows may be; none for any age.
    pub oldest: Option<Duration>,
    /// Names of client certificates (common name or DNS name) that may call. Empty: nobody, but for
    /// [`allow_local`](Self::allow_local).
    pub client_names: Vec<String>,
    /// Whether callers of this machine (loopback) need no certificate: for an apiserver beside the webhook on a machine where
    /// nobody else runs.
    pub allow_local: bool,
    /// Audiences that tokens are for. Empty: the apiserver's own.
    pub audiences: Vec<String>,
    /// Accounts of which audit events and logs are to show nothing. Their principals hold no access policies.
    pub scrubbed_accounts: Vec<String>,
    /// Keys of access passes, 32 bytes or more each: the first makes them, all count. All replicas have the same. Empty: one that
    /// dies with the process, for a webhook without a second one.
    pub pass_keys: Vec<Secret>,
    /// How long an access pass holds. Longer than the apiserver's `--authentication-token-webhook-cache-ttl`.
    pub pass_holds: Duration,
    /// The path of TokenReviews.
    pub token_path: String,
    /// The path of SubjectAccessReviews.
    pub access_path: String,
}

impl Settings {
    /// Settings of a cluster, all others at their defaults.
    pub fn new(cluster_id: &str) -> Self {
        Self {
            cluster_id: cluster_id.to_owned(),
            sources: Vec::new(),
            places: Places::default(),
            oldest: None,
            client_names: Vec::new(),
            allow_local: false,
            audiences: Vec::new(),
            scrubbed_accounts: Vec::new(),
            pass_keys: Vec::new(),
            pass_holds: Duration::from_secs(HOLDS.unsigned_abs()),
            token_path: "/authenticate".to_owned(),
            access_path: "/authorize".to_owned(),
        }
    }
}

/// What the webhooks are put together from.
pub struct Parts {
    /// Who verifies tokens: [`crate::sts::Verifier`].
    pub verifier: Arc<dyn Verify>,
    /// The cluster, for sources in it.
    pub cluster: Option<Cluster>,
    /// AWS, for access entries, and for what IAM knows of roles.
    pub aws: Option<Client>,
    /// Who tells names of EC2 instances: as a rule the client of `aws`, perhaps with another role's credentials.
    pub instances: Option<Arc<dyn Ask>>,
    /// The time, in Unix seconds.
    pub now: Now,
}

/// The token webhook and the authorization webhook.
pub struct Authn {
    settings: Settings,
    mapper: Arc<Mapper>,
    tokens: Tokens,
    access: Access,
    now: Now,
}

impl fmt::Debug for Authn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authn").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Authn {
    /// Starts: sources are loaded in the background, and nothing is waited for.
    ///
    /// # Errors
    ///
    /// Settings that don't go together.
    pub fn start(settings: Settings, parts: Parts, registry: &mut Registry) -> Result<Arc<Self>, SetupError> {
        if settings.client_names.is_empty() && !settings.allow_local {
            return Err(SetupError::NoClients);
        }
        let Parts { verifier, cluster, aws, instances, now } = parts;
        let asked = sources::Parts { cluster, aws };
        let sources = Sources::start(&settings.sources, &settings.places, &asked, &now)?;
        let metrics = Metrics::register(registry, sources.slots());
        let holds = i64::try_from(settings.pass_holds.as_secs()).unwrap_or(HOLDS);
        let passes = Arc::new(Passes::new(&settings.cluster_id, &settings.pass_keys, holds)?);
        let oldest = settings.oldest.map(|oldest| i64::try_from(oldest.as_secs()).unwrap_or(i64::MAX));
        let mapper = Arc::new(Mapper::new(sources, Instances::new(instances), oldest));
        Ok(Arc::new(Self {
            tokens: Tokens {
                verifier,
                mapper: Arc::clone(&mapper),
                passes: Arc::clone(&passes),
                audiences: settings.audiences.clone(),
                scrubbed_accounts: settings.scrubbed_accounts.clone(),
                metrics: metrics.clone(),
            },
            access: Access { mapper: Arc::clone(&mapper), passes, metrics },
            settings,
            mapper,
            now,
        }))
    }

    /// What is waited for before everybody who is mapped can get in; for readiness.
    pub fn waits_for(&self) -> Option<&'static str> {
        self.mapper.waits_for()
    }

    /// Looks at files and the EKS API now.
    pub fn reload(&self) {
        self.mapper.sources().look();
    }

    /// How each source is, in their order.
    pub fn sources(&self) -> Vec<Told> {
        self.mapper.sources().slots().iter().map(|slot| slot.told()).collect()
    }

    /// Whether a caller may call.
    fn is_let_in(&self, head: &Head) -> bool {
        let names = &self.settings.client_names;
        if !names.is_empty() && head.tls.as_ref().is_some_and(|tls| tls.client.is_some()) {
            return head.shows_name_of(names);
        }
        self.settings.allow_local && head.peer.ip().to_canonical().is_loopback()
    }
}

impl Handler for Authn {
    async fn handle(&self, request: Request) -> Response {
        if !self.is_let_in(&request.head) {
            tracing::warn!(peer = %request.head.peer, "a caller without a client certificate of a configured name is refused");
            return Response::text(
                StatusCode::UNAUTHORIZED,
                "a client certificate of a configured name is needed\n",
            );
        }
        let now = (self.now)();
        match request.head.path.as_str() {
            path if path == self.settings.token_path => self.tokens.answer(&request, now).await,
            path if path == self.settings.access_path => self.access.answer(&request, now),
            _ => Response::text(StatusCode::NOT_FOUND, "there is nothing here\n"),
        }
    }
}
