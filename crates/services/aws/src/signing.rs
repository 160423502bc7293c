//! Keys that requests are signed with, kept for a while: each is four rounds of HMAC away from its secret.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use ringwall_model::Secret;
use ringwall_sigv4::{Scope, SignatureError, SigningKey, signing_key};

/// Most keys that are kept. When there are more, all are dropped: making one again is cheap.
const MAX_KEYS: usize = 10_000;

/// Signing keys by what they are made of. The secret is part of that, by its hash: a key never outlives the secret.
#[derive(Debug, Default)]
pub(crate) struct SigningKeys(Mutex<HashMap<Of, Arc<SigningKey>>>);

#[derive(Debug, PartialEq, Eq, Hash)]
struct Of {
    secret: [u8; 32],
    date: String,
    region: String,
    service: String,
}

impl SigningKeys {
    /// The key of a secret for a scope.
    pub(crate) fn get(&self, secret: &Secret, scope: &Scope<'_>) -> Result<Arc<SigningKey>, SignatureError> {
        let hash = digest(&SHA256, secret.expose());
        let of = Of {
            secret: hash.as_ref().try_into().map_err(|_| SignatureError::Crypto)?,
            date: scope.date.to_string(),
            region: scope.region.to_string(),
            service: scope.service.to_string(),
        };
        if let Some(key) = self.keys().get(&of) {
            return Ok(Arc::clone(key));
        }
        let key = Arc::new(signing_key(secret, &scope.date, &scope.region, &scope.service)?);
        let mut keys = self.keys();
        if keys.len() >= MAX_KEYS {
            keys.clear();
        }
        keys.insert(of, Arc::clone(&key));
        Ok(key)
    }

    fn keys(&self) -> std::sync::MutexGuard<'_, HashMap<Of, Arc<SigningKey>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
