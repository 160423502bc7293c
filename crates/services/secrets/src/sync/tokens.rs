use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;
use ringwall_awsclient::Clock;
use ringwall_kubernetes::{Cluster, KubeError, Token};
use ringwall_model::Secret;

/// How long a token is asked for; the apiserver may give less.
const SECONDS: i64 = 3600;

/// Before its end another one is asked for: the session that it is exchanged for has to be got by then.
const LEFT: i64 = 600;

/// Most tokens that are kept, for as many service accounts.
const MAX_TOKENS: u64 = 5000;

/// Tokens of service accounts, asked for by TokenRequest.
///
/// They are known by the account's uid, so that one that was deleted and made anew is asked for again.
pub(super) struct Requested {
    cluster: Cluster,
    clock: Clock,
    kept: Cache<Key, Arc<Token>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    namespace: String,
    account: String,
    uid: String,
    audience: &'static str,
}

impl Requested {
    pub(super) fn new(cluster: Cluster, clock: Clock) -> Self {
        let seconds = Duration::from_secs(u64::try_from(SECONDS).unwrap_or_default());
        let kept = Cache::builder().max_capacity(MAX_TOKENS).time_to_live(seconds).build();
        Self { cluster, clock, kept }
    }

    pub(super) async fn get(
        &self,
        namespace: &str,
        account: &str,
        uid: &str,
        audience: &'static str,
    ) -> Result<Secret, KubeError> {
        let (namespace, account, uid) = (namespace.to_owned(), account.to_owned(), uid.to_owned());
        let key = Key { namespace, account, uid, audience };
        if let Some(kept) = self.kept.get(&key).await
            && self.clock.now() < kept.expires - LEFT.min(SECONDS / 2)
        {
            return Ok(kept.token.clone());
        }
        let token = self.cluster.request_token(&key.namespace, &key.account, audience, SECONDS).await?;
        let token = Arc::new(token);
        self.kept.insert(key, Arc::clone(&token)).await;
        Ok(token.token.clone())
    }
}

impl fmt::Debug for Requested {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Requested").finish_non_exhaustive()
    }
}
