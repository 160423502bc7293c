use std::sync::{Arc, PoisonError, RwLock};

use serde_json::Value;
use tokio::sync::Mutex;

use crate::fetch::{Client, TIMEOUT, Url};
use crate::keys::{Algorithm, KeySet};
use crate::token::cut;
use crate::trust::Thumbprint;
use crate::{FetchError, json};

/// How long keys are fresh if the issuer says nothing.
pub const DEFAULT_FRESH_SECONDS: i64 = 300;

/// Keys are fresh at least so long, whatever the issuer says: one that forbids to keep them would be asked at every
/// call, which anyone can make.
pub const MIN_FRESH_SECONDS: i64 = 60;

/// Keys are fresh at most so long, whatever the issuer says: a key that it withdraws stops working after this.
pub const MAX_FRESH_SECONDS: i64 = 3600;

/// How much longer keys are used while the issuer can't be reached. After it, its tokens are refused.
pub const MAX_STALE_SECONDS: i64 = 3600;

/// A key id that is not known makes the keys be fetched anew, at most once in this time: they may have been rotated, and
/// anyone can write a token with any id.
pub const REFETCH_SECONDS: i64 = 30;

/// After a failed fetch the next one is tried no sooner: many callers wait for one slow issuer.
pub const RETRY_SECONDS: i64 = 5;

/// Longest discovery document: those of the large providers have some KiB.
const MAX_DISCOVERY_BYTES: usize = 64 << 10;

/// Longest key set: 200 keys, each with its chain of certificates.
const MAX_KEY_SET_BYTES: usize = 1 << 20;

/// One issuer, with the keys that were last fetched from it.
#[derive(Debug)]
pub(crate) struct Issuer {
    url: String,
    thumbprints: Vec<Thumbprint>,
    /// What callers use without waiting for a fetch.
    current: RwLock<Option<Arc<Fetched>>>,
    /// Held while fetching, so that one fetches and the others wait for what it finds.
    fetching: Mutex<Option<Failure>>,
}

#[derive(Debug)]
struct Fetched {
    keys: Arc<KeySet>,
    /// In seconds since 1970.
    at: i64,
    fresh_until: i64,
}

/// The last fetch, if it failed.
#[derive(Debug)]
struct Failure {
    at: i64,
    error: FetchError,
}

impl Failure {
    fn is_recent(&self, now: i64) -> bool {
        (self.at..self.at.saturating_add(RETRY_SECONDS)).contains(&now)
    }
}

impl Fetched {
    /// A clock that went back makes keys neither fresh nor usable.
    fn is_fresh(&self, now: i64) -> bool {
        (self.at..self.fresh_until).contains(&now)
    }

    fn is_usable(&self, now: i64) -> bool {
        (self.at..self.fresh_until.saturating_add(MAX_STALE_SECONDS)).contains(&now)
    }

    /// Whether a key that is not there is worth another fetch.
    fn may_be_rotated(&self, now: i64) -> bool {
        !(self.at..self.at.saturating_add(REFETCH_SECONDS)).contains(&now)
    }

    /// Whether these keys will do for a token, without asking the issuer.
    fn serves(&self, key_id: &str, algorithm: Algorithm, now: i64) -> bool {
        self.is_fresh(now) && (self.keys.has(key_id, algorithm) || !self.may_be_rotated(now))
    }
}

impl Issuer {
    pub(crate) fn new(url: &str, thumbprints: &[Thumbprint]) -> Self {
        Self {
            url: url.to_owned(),
            thumbprints: thumbprints.to_vec(),
            current: RwLock::new(None),
            fetching: Mutex::new(None),
        }
    }

    /// The keys to check a token with, fetched if need be. They may lack the token's key.
    pub(crate) async fn keys(
        &self,
        client: &Client,
        key_id: &str,
        algorithm: Algorithm,
        now: i64,
    ) -> Result<Arc<KeySet>, FetchError> {
        let serves = |fetched: &Arc<Fetched>| fetched.serves(key_id, algorithm, now);
        if let Some(fetched) = self.current().filter(serves) {
            return Ok(Arc::clone(&fetched.keys));
        }
        let stale = |fetched: &Arc<Fetched>| fetched.is_usable(now) && fetched.keys.has(key_id, algorithm);
        let mut failure = match self.fetching.try_lock() {
            Ok(failure) => failure,
            Err(_) => match self.current().filter(stale) {
                // A slow issuer holds up one caller, not all of them.
                Some(fetched) => return Ok(Arc::clone(&fetched.keys)),
                None => self.fetching.lock().await,
            },
        };
        // Whoever held the lock may have fetched what is needed.
        let current = self.current();
        if let Some(fetched) = current.as_ref().filter(|fetched| serves(fetched)) {
            return Ok(Arc::clone(&fetched.keys));
        }
        let recent = failure.as_ref().filter(|failure| failure.is_recent(now));
        let error = match recent {
            Some(failure) => failure.error.clone(),
            None => match self.fetch(client, now).await {
                Ok(keys) => {
                    *failure = None;
                    return Ok(keys);
                }
                Err(error) => {
                    tracing::warn!(issuer = self.url, %error, "an issuer's keys can't be fetched");
                    *failure = Some(Failure { at: now, error: error.clone() });
                    error
                }
            },
        };
        current.filter(stale).map(|fetched| Arc::clone(&fetched.keys)).ok_or(error)
    }

    fn current(&self) -> Option<Arc<Fetched>> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn fetch(&self, client: &Client, now: i64) -> Result<Arc<KeySet>, FetchError> {
        let documents = self.documents(client);
        let (keys, max_age) =
            tokio::time::timeout(TIMEOUT, documents).await.unwrap_or(Err(FetchError::Timeout))?;
        let fresh = max_age.unwrap_or(DEFAULT_FRESH_SECONDS).clamp(MIN_FRESH_SECONDS, MAX_FRESH_SECONDS);
        let keys = Arc::new(keys);
        let fetched = Fetched { keys: Arc::clone(&keys), at: now, fresh_until: now.saturating_add(fresh) };
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(fetched));
        Ok(keys)
    }

    async fn documents(&self, client: &Client) -> Result<(KeySet, Option<i64>), FetchError> {
        let url = Url::discovery(&self.url)?;
        let document = client.get(&url, &self.thumbprints, MAX_DISCOVERY_BYTES).await?;
        let unusable =
            |url: &Url, why: String| FetchError::Document { url: cut(url.as_str()), why: cut(&why) };
        let discovery = json::object(&document.body).map_err(|error| unusable(&url, error.to_string()))?;
        let text = |name: &str| {
            let value = discovery.get(name).and_then(Value::as_str);
            value.ok_or_else(|| unusable(&url, format!("it has no text `{name}`")))
        };
        let issuer = text("issuer")?;
        if issuer != self.url {
            return Err(FetchError::Issuer { found: cut(issuer) });
        }
        let url = Url::parse(text("jwks_uri")?)?;
        let document = client.get(&url, &self.thumbprints, MAX_KEY_SET_BYTES).await?;
        let keys = KeySet::parse(&document.body).map_err(|why| unusable(&url, why))?;
        Ok((keys, document.max_age))
    }
}
