//! Keys that requests are signed with, kept for a while: each is four rounds of HMAC away from its secret.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::digest;
use ringwall_model::Secret;
use ringwall_sigv4::{Scope, SigningKey, signing_key};
use ringwall_store::Row;

use crate::error::{ApiError, Result};
use crate::iam::rows::AccessKey;
use crate::sealed::Purpose;
use crate::shared::Shared;

/// Most keys that are kept. When there are more, all are dropped: making one again is cheap.
const MAX_KEYS: usize = 10_000;

/// Signing keys by what they are made of, of which a hash is kept: a key never outlives the secret.
#[derive(Debug, Default)]
pub(crate) struct SigningKeys(Mutex<HashMap<[u8; 32], Arc<SigningKey>>>);

/// Where a secret access key comes from: it is not opened as long as its signing key is known.
#[derive(Debug)]
pub(crate) enum SecretKey {
    /// Sealed in the record of an access key, for its place. It is known by both: a sealed secret that was moved to another
    /// user's record is not found, and does not open.
    Sealed(Arc<Row<AccessKey>>, String),
    /// Opened already, with the session that it belongs to.
    Open(Secret),
}

impl Shared {
    /// The key of a secret for a scope.
    pub(crate) fn signing_key(&self, secret: &SecretKey, scope: &Scope<'_>) -> Result<Arc<SigningKey>> {
        let (known_by, place) = match secret {
            SecretKey::Sealed(row, place) => (row.value.secret.text().as_bytes(), place.as_bytes()),
            SecretKey::Open(secret) => (secret.expose(), &[][..]),
        };
        let of =
            hash([known_by, place, scope.date.as_bytes(), scope.region.as_bytes(), scope.service.as_bytes()]);
        if let Some(key) = self.signing.keys().get(&of) {
            return Ok(Arc::clone(key));
        }
        let key = match secret {
            SecretKey::Sealed(row, place) => {
                let secret = row.value.secret.open(&self.keyring, Purpose::AccessKey, place)?;
                signing_key(&secret, &scope.date, &scope.region, &scope.service)
            }
            SecretKey::Open(secret) => signing_key(secret, &scope.date, &scope.region, &scope.service),
        };
        let key = Arc::new(key.map_err(|error| ApiError::internal(&error))?);
        let mut keys = self.signing.keys();
        if keys.len() >= MAX_KEYS {
            keys.clear();
        }
        keys.insert(of, Arc::clone(&key));
        Ok(key)
    }
}

impl SigningKeys {
    fn keys(&self) -> MutexGuard<'_, HashMap<[u8; 32], Arc<SigningKey>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A hash of several parts, each with its length, so that no other parts have the same.
fn hash(parts: [&[u8]; 5]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(&part.len().to_le_bytes());
        context.update(part);
    }
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}
