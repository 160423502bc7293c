//! OpenID Connect issuers: their keys fetched within limits, their tokens checked.
//!
//! ```no_run
//! use ringwall_oidc::{Expected, Issuers, Settings, Token};
//!
//! # async fn example(text: &str, now: i64) -> Result<(), Box<dyn std::error::Error>> {
//! let issuers = Issuers::new(&Settings::default())?;
//! let token = Token::parse(text)?;
//! // The provider is looked up by `token.issuer()`; what is registered for it is what is demanded.
//! let claims = issuers
//!     .verify(
//!         &token,
//!         &Expected {
//!             issuer: "https://oidc.example.com/id/ABCD",
//!             audiences: &["sts.amazonaws.com".to_owned()],
//!             thumbprints: &[],
//!         },
//!         now,
//!     )
//!     .await?;
//! println!("{}", claims.subject);
//! # Ok(())
//! # }
//! ```
//!
//! What is demanded of a token, in this order, of which the first that fails is told:
//!
//! 1. a JWS in compact form (RFC 7515, 7.1) of at most [`MAX_TOKEN_BYTES`], no key written twice in its header or claims,
//!    no `crit`, a `kid`, and of `alg` RS256, RS384, RS512, ES256 or ES384;
//! 2. `iss` is the provider's URL, byte for byte;
//! 3. `sub` is there; `azp`, or if that is absent one of `aud`, is a client id of the provider;
//! 4. `exp` is there and in the future, `iat` is there, and `iat` and `nbf` are not in the future beyond
//!    [`LEEWAY_SECONDS`];
//! 5. the issuer's discovery document names the same issuer, its key set has the key, the key is for that algorithm, and
//!    the signature is the key's.
//!
//! Sources: AWS, *STS API Reference*, AssumeRoleWithWebIdentity; AWS, *IAM User Guide*, "Create an OpenID Connect (OIDC)
//! identity provider in IAM"; OpenID Connect Core 1.0, 3.1.3.7; OpenID Connect Discovery 1.0, 4; RFC 8725.
//!
//! How documents are fetched: by https alone, without following redirects or a proxy, from addresses on the public
//! internet or from endpoints that [`Settings::allow`] lists, within [`TIMEOUT`] and limits on size and count. The server's
//! certificate has to be by an authority of the system or of [`Settings::roots`], or to end in a certificate whose
//! [`Thumbprint`] the provider has registered.
//!
//! How keys are kept: as long as `Cache-Control` says, between [`MIN_FRESH_SECONDS`] and [`MAX_FRESH_SECONDS`]; while the
//! issuer can't be reached for [`MAX_STALE_SECONDS`] more, and then no longer. One fetch an issuer runs at a time, whatever
//! number of callers wait for it.

mod error;
mod fetch;
mod issuer;
mod json;
mod keys;
mod token;
mod trust;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

pub use ringwall_http::Endpoint;

pub use self::error::{FetchError, SetupError, TokenError};
pub use self::fetch::TIMEOUT;
pub use self::issuer::{
    DEFAULT_FRESH_SECONDS, MAX_FRESH_SECONDS, MAX_STALE_SECONDS, MIN_FRESH_SECONDS, REFETCH_SECONDS,
    RETRY_SECONDS,
};
pub use self::keys::{KeySet, MAX_KEYS};
pub use self::token::{Claims, Expected, LEEWAY_SECONDS, Lifetime, MAX_TOKEN_BYTES, Token};
pub use self::trust::Thumbprint;

use self::fetch::{Client, Url};
use self::issuer::Issuer;
use self::trust::Trust;

/// Most issuers whose keys are kept. Beyond it all are forgotten and fetched as they are asked for: an installation has a
/// handful, and this bounds what thousands of accounts can hold.
const MAX_ISSUERS: usize = 4096;

/// What the operator decides.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Hosts with ports that may have private, link-local or loopback addresses.
    pub allow: Vec<Endpoint>,
    /// A PEM file of authorities that are trusted beside the system's.
    pub roots: Option<PathBuf>,
}

/// The issuers that tokens come from. Clones share what is kept.
#[derive(Debug, Clone)]
pub struct Issuers(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    client: Client,
    known: Mutex<HashMap<Provider, Arc<Issuer>>>,
}

/// The URL and the sorted thumbprints: a provider whose thumbprint vouches for the keys must not vouch for those of
/// another one that has the same URL in another account.
type Provider = (String, Vec<Thumbprint>);

impl Issuers {
    /// Reads the authorities. Nothing is fetched yet.
    ///
    /// # Errors
    ///
    /// The file of extra certificates can't be used.
    pub fn new(settings: &Settings) -> Result<Self, SetupError> {
        let trust = Trust::load(settings.roots.as_deref())?;
        let client = Client::new(trust, settings.allow.clone());
        Ok(Self(Arc::new(Inner { client, known: Mutex::default() })))
    }

    /// Checks a token against the provider that it has to be of. `now` is in seconds since 1970.
    ///
    /// # Errors
    ///
    /// The token is not taken, or its issuer's keys can't be had.
    pub async fn verify(
        &self,
        token: &Token<'_>,
        expected: &Expected<'_>,
        now: i64,
    ) -> Result<Claims, TokenError> {
        let claims = token.check(expected, now)?;
        let keys = self
            .issuer(expected)
            .keys(&self.0.client, &token.key_id, token.algorithm, now)
            .await
            .map_err(|source| TokenError::Keys { issuer: expected.issuer.to_owned(), source })?;
        keys.verify(&token.key_id, token.algorithm, token.signed.as_bytes(), &token.signature)?;
        Ok(claims)
    }

    /// The thumbprint to register for an issuer whose provider is made without one: that of the last certificate that
    /// its server sends. Trust on first use; it counts only if no authority vouches for the server.
    ///
    /// Source: AWS, *IAM API Reference*, CreateOpenIDConnectProvider, `ThumbprintList`: if it is left out, IAM retrieves
    /// the thumbprint of the top intermediate authority of the issuer's server certificate.
    ///
    /// # Errors
    ///
    /// The URL is none of an issuer, or its server can't be reached.
    pub async fn thumbprint(&self, issuer: &str) -> Result<Thumbprint, FetchError> {
        let url = Url::discovery(issuer)?;
        let found = tokio::time::timeout(TIMEOUT, self.0.client.thumbprint(&url)).await;
        found.unwrap_or(Err(FetchError::Timeout))
    }

    fn issuer(&self, expected: &Expected<'_>) -> Arc<Issuer> {
        let mut thumbprints = expected.thumbprints.to_vec();
        thumbprints.sort_unstable();
        let mut known = self.0.known.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (expected.issuer.to_owned(), thumbprints);
        if let Some(issuer) = known.get(&key) {
            return Arc::clone(issuer);
        }
        if known.len() >= MAX_ISSUERS {
            known.clear();
        }
        let issuer = Arc::new(Issuer::new(&key.0, &key.1));
        known.insert(key, Arc::clone(&issuer));
        issuer
    }
}
