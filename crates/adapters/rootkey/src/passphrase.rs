//! A root key made of a passphrase by Argon2id, anew for each key that is wrapped.

use std::path::Path;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use ringwall_envelope::{KEY_BYTES, Key, Random as _};
use ringwall_model::Secret;
use zeroize::Zeroizing;

use crate::wrapped::{self, Kind};
use crate::{RootKey, RootKeyError, SecretSource, SystemRandom};

/// What a passphrase is made a key with. Source: RFC 9106, section 4, the second recommended option: 64 MiB of memory,
/// three passes, four lanes, a salt of 128 bits.
const COST: Cost = Cost { memory: 64 * 1024, passes: 3, lanes: 4 };
const SALT_BYTES: usize = 16;

/// The most that is done for wrapped bytes, which may come from anybody who can write to the store: 256 MiB for some
/// seconds. It leaves room to raise [`COST`] without a new layout.
const MAX_COST: Cost = Cost { memory: 256 * 1024, passes: 16, lanes: 16 };

/// Source: NIST SP 800-63B-4, section 3.1.1.2, for a password that is the only factor.
const MIN_PASSPHRASE_BYTES: usize = 15;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cost {
    /// In KiB.
    memory: u32,
    passes: u32,
    lanes: u32,
}

impl Cost {
    fn encode(self) -> [[u8; 4]; 3] {
        [self.memory, self.passes, self.lanes].map(u32::to_be_bytes)
    }

    fn decode(encoded: &[u8; 12]) -> Self {
        let [m0, m1, m2, m3, p0, p1, p2, p3, l0, l1, l2, l3] = *encoded;
        Self {
            memory: u32::from_be_bytes([m0, m1, m2, m3]),
            passes: u32::from_be_bytes([p0, p1, p2, p3]),
            lanes: u32::from_be_bytes([l0, l1, l2, l3]),
        }
    }

    fn is_bearable(self) -> bool {
        self.memory <= MAX_COST.memory && self.passes <= MAX_COST.passes && self.lanes <= MAX_COST.lanes
    }
}

pub(crate) struct Passphrase {
    phrase: Secret,
    described: String,
}

impl Passphrase {
    pub(crate) fn open(source: &SecretSource, data: &Path) -> Result<Self, RootKeyError> {
        let phrase = source.read(data)?;
        if phrase.len() < MIN_PASSPHRASE_BYTES {
            return Err(RootKeyError::Passphrase("fewer than 15 bytes (hint: take some random words)"));
        }
        Ok(Self { phrase, described: format!("the passphrase of `{source}`") })
    }

    fn key(&self, cost: Cost, salt: &[u8; SALT_BYTES]) -> Result<Key, RootKeyError> {
        let params = Params::new(cost.memory, cost.passes, cost.lanes, Some(KEY_BYTES))
            .map_err(|_| RootKeyError::Malformed("Argon2 takes no such parameters"))?;
        // Our own memory, since the library would not wipe it.
        let mut memory = Zeroizing::new(vec![Block::default(); params.block_count()]);
        let mut key = Zeroizing::new(vec![0; KEY_BYTES]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into_with_memory(self.phrase.expose(), salt, &mut key, &mut *memory)
            .map_err(RootKeyError::Argon2)?;
        Ok(Key::new(Secret::new(std::mem::take(&mut *key)))?)
    }
}

impl RootKey for Passphrase {
    fn describe(&self) -> String {
        self.described.clone()
    }

    fn wrap(&self, purpose: &str, secret: &Secret) -> Result<Vec<u8>, RootKeyError> {
        wrapped::check_length(secret)?;
        let mut salt = [0; SALT_BYTES];
        SystemRandom.fill(&mut salt).map_err(ringwall_envelope::EnvelopeError::from)?;
        let mut out = vec![Kind::Passphrase as u8];
        out.extend(COST.encode().as_flattened());
        out.extend_from_slice(&salt);
        let key = self.key(COST, &salt)?;
        let sealed = key.seal(&wrapped::aad(purpose), secret.expose(), &SystemRandom)?;
        out.extend_from_slice(&sealed);
        Ok(out)
    }

    fn unwrap(&self, purpose: &str, wrapped: &[u8]) -> Result<Secret, RootKeyError> {
        const SHORT: RootKeyError = RootKeyError::Malformed("it ends within Argon2's parameters");
        let rest = Kind::Passphrase.strip(wrapped)?;
        let (cost, rest) = rest.split_first_chunk().ok_or(SHORT)?;
        let (salt, sealed) = rest.split_first_chunk().ok_or(SHORT)?;
        let cost = Cost::decode(cost);
        if !cost.is_bearable() {
            return Err(RootKeyError::Malformed("it asks for more of Argon2 than is done"));
        }
        self.key(cost, salt)?
            .open(&wrapped::aad(purpose), sealed)
            .map_err(|error| wrapped::refused(error, &self.described))
    }
}

#[cfg(test)]
mod tests;
