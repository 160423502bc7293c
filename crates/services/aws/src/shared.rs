//! What all calls share.

use std::fmt;
use std::sync::Arc;

use ringwall_envelope::{Keyring, Random};
use ringwall_oidc::Issuers;
use ringwall_store::Store;
use ringwall_trail::Trail;

use crate::ecr::{Ecr, RegistryParts};
use crate::error::{ApiError, Result};
use crate::sealed::{Purpose, Sealed};
use crate::signing::SigningKeys;
use crate::sts::session::Session;
use crate::throttle::Throttle;
use crate::{ec2, eks, iam, kms, secretsmanager, ssm};

/// Tells milliseconds since 1970.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// What the endpoint is made of.
pub struct Parts {
    /// Where everything is kept.
    pub store: Store,
    /// The installation's keys.
    pub keyring: Arc<Keyring>,
    /// A cryptographically secure source of randomness.
    pub random: Arc<dyn Random + Send + Sync>,
    /// Where calls are recorded.
    pub trail: Trail,
    /// Keys of OpenID Connect issuers.
    pub issuers: Issuers,
    /// The time.
    pub clock: Clock,
    /// The region of requests that name none: unsigned ones.
    pub region: String,
    /// What may be set.
    pub settings: Settings,
    /// The registry. Without it, none of ECR's API is served.
    pub registry: Option<RegistryParts>,
}

/// What may be set.
#[derive(Clone, Copy, Debug, Default)]
pub struct Settings {
    /// Calls a second of an account to a service; 0 for no limit.
    pub rate: u64,
    /// Calls at once before the rate counts.
    pub burst: u64,
}

/// What all calls share.
pub(crate) struct Shared {
    pub(crate) store: Store,
    pub(crate) keyring: Arc<Keyring>,
    pub(crate) random: Arc<dyn Random + Send + Sync>,
    pub(crate) trail: Trail,
    pub(crate) issuers: Issuers,
    pub(crate) clock: Clock,
    pub(crate) region: String,
    pub(crate) throttle: Throttle,
    pub(crate) signing: SigningKeys,
    pub(crate) ec2: ec2::rows::Tables,
    pub(crate) ecr: Ecr,
    pub(crate) eks: eks::rows::Tables,
    pub(crate) iam: iam::rows::Tables,
    pub(crate) kms: kms::rows::Tables,
    pub(crate) secretsmanager: secretsmanager::rows::Tables,
    pub(crate) ssm: ssm::rows::Tables,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl Shared {
    pub(crate) fn new(parts: Parts) -> Self {
        let Parts { store, keyring, random, trail, issuers, clock, region, settings, registry } = parts;
        Self {
            ec2: ec2::rows::Tables::new(&store),
            ecr: Ecr::new(&store, registry),
            eks: eks::rows::Tables::new(&store),
            iam: iam::rows::Tables::new(&store),
            kms: kms::rows::Tables::new(&store),
            secretsmanager: secretsmanager::rows::Tables::new(&store),
            ssm: ssm::rows::Tables::new(&store),
            throttle: Throttle::new(settings.rate, settings.burst),
            signing: SigningKeys::default(),
            store,
            keyring,
            random,
            trail,
            issuers,
            clock,
            region,
        }
    }

    /// Seals a secret for its place.
    pub(crate) fn seal(&self, purpose: Purpose, place: &str, secret: &[u8]) -> Result<Sealed> {
        Sealed::new(&self.keyring, &*self.random, purpose, place, secret)
    }

    /// The token of a session.
    pub(crate) fn seal_session(&self, session: &Session) -> Result<String> {
        let text =
            zeroize::Zeroizing::new(serde_json::to_vec(session).map_err(|error| ApiError::internal(&error))?);
        Ok(self.seal(Purpose::Session, "", &text)?.into_text())
    }

    /// The session of a token; `None` for what was not made here, or was changed.
    pub(crate) fn open_session(&self, token: &str) -> Option<Session> {
        let sealed = Sealed::from_text(token);
        let text = sealed.open_quietly(&self.keyring, Purpose::Session, "")?;
        serde_json::from_slice(text.expose()).ok()
    }
}
