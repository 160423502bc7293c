use std::fmt;

use aws_lc_rs::aead::{self, AES_256_GCM, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Prk};
use ringwall_model::Secret;
use zeroize::Zeroizing;

use crate::aad::append;
use crate::{Aad, EnvelopeError, Random};

/// How many bytes a key has: AES-256.
pub const KEY_BYTES: usize = 32;

/// The most that one blob seals. The largest value of a service is a secret's, 64 KiB (AWS, *Secrets Manager API
/// Reference*, CreateSecret); a record of a store may hold some more. AES-GCM's own bound is 64 GiB.
pub const MAX_PLAINTEXT_BYTES: usize = 1024 * 1024;

pub(crate) const SALT_BYTES: usize = 32;
pub(crate) const NONCE_BYTES: usize = 12;
pub(crate) const TAG_BYTES: usize = 16;

/// Keeps our derived keys apart from whatever else a key may be used for, and the format from those to come.
const LABEL: &[u8] = b"ringwall envelope 1";

/// A long-lived key of 256 bits. It never encrypts itself: each blob has a key that is derived from it.
#[derive(Clone)]
pub struct Key(Secret);

impl Key {
    /// Takes the bytes, which are uniformly random.
    ///
    /// # Errors
    ///
    /// If they aren't [`KEY_BYTES`] many.
    pub fn new(bytes: Secret) -> Result<Self, EnvelopeError> {
        if bytes.len() == KEY_BYTES { Ok(Self(bytes)) } else { Err(EnvelopeError::KeyLength(bytes.len())) }
    }

    /// A new key.
    ///
    /// # Errors
    ///
    /// If the source of randomness fails.
    pub fn generate(random: &dyn Random) -> Result<Self, EnvelopeError> {
        Self::new(crate::random_secret(KEY_BYTES, random)?)
    }

    /// The bytes, to be sealed themselves.
    pub fn secret(&self) -> &Secret {
        &self.0
    }

    /// Seals.
    ///
    /// # Errors
    ///
    /// More than [`MAX_PLAINTEXT_BYTES`], or the source of randomness failed.
    pub fn seal(&self, aad: &Aad, plaintext: &[u8], random: &dyn Random) -> Result<Vec<u8>, EnvelopeError> {
        self.seal_after(&[], aad, plaintext, random)
    }

    /// Opens what [`Key::seal`] made.
    ///
    /// # Errors
    ///
    /// If it is no such blob, or was sealed with another key or for something else.
    pub fn open(&self, aad: &Aad, blob: &[u8]) -> Result<Secret, EnvelopeError> {
        self.open_after(&[], aad, blob)
    }

    /// Seals after a head, which is authenticated. A head says itself where it ends, so that none can be taken for
    /// another one and the beginning of the associated data.
    pub(crate) fn seal_after(
        &self,
        head: &[u8],
        aad: &Aad,
        plaintext: &[u8],
        random: &dyn Random,
    ) -> Result<Vec<u8>, EnvelopeError> {
        if plaintext.len() > MAX_PLAINTEXT_BYTES {
            return Err(EnvelopeError::TooLong { what: "the plaintext", limit: MAX_PLAINTEXT_BYTES });
        }
        let mut salt = [0; SALT_BYTES];
        random.fill(&mut salt)?;
        let (key, nonce) = self.derive(aad.purpose(), &salt)?;
        let associated = [head, aad.parts()].concat();
        // With room for all of it: growing would leave plaintext behind in freed memory.
        let mut sealed = Zeroizing::new(Vec::with_capacity(plaintext.len() + TAG_BYTES));
        sealed.extend_from_slice(plaintext);
        key.seal_in_place_append_tag(nonce, aead::Aad::from(associated), &mut *sealed)
            .map_err(|_| EnvelopeError::Library)?;
        Ok([head, &salt, &sealed].concat())
    }

    /// Opens what followed the head.
    pub(crate) fn open_after(&self, head: &[u8], aad: &Aad, blob: &[u8]) -> Result<Secret, EnvelopeError> {
        let (salt, sealed) =
            blob.split_first_chunk().ok_or(EnvelopeError::Malformed("it ends within the salt"))?;
        let length =
            sealed.len().checked_sub(TAG_BYTES).ok_or(EnvelopeError::Malformed("it ends within the tag"))?;
        if length > MAX_PLAINTEXT_BYTES {
            return Err(EnvelopeError::TooLong { what: "the sealed blob", limit: MAX_PLAINTEXT_BYTES });
        }
        let (key, nonce) = self.derive(aad.purpose(), salt)?;
        let associated = [head, aad.parts()].concat();
        let mut opened = Zeroizing::new(sealed.to_vec());
        key.open_in_place(nonce, aead::Aad::from(associated), &mut opened)
            .map_err(|_| EnvelopeError::Refused)?;
        opened.truncate(length);
        Ok(Secret::new(std::mem::take(&mut *opened)))
    }

    fn derive(&self, purpose: &str, salt: &[u8; SALT_BYTES]) -> Result<(LessSafeKey, Nonce), EnvelopeError> {
        let mut info = LABEL.to_vec();
        append(&mut info, purpose.as_bytes());
        info.extend_from_slice(salt);
        let mut derived = Zeroizing::new([0; KEY_BYTES + NONCE_BYTES]);
        expand(self.0.expose(), &info, &mut *derived)?;
        let (key, nonce) = derived.split_at(KEY_BYTES);
        gcm(key, nonce)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(redacted)")
    }
}

/// HKDF-Expand with SHA-256.
fn expand(key: &[u8], info: &[u8], out: &mut [u8]) -> Result<(), EnvelopeError> {
    struct Length(usize);
    impl KeyType for Length {
        fn len(&self) -> usize {
            self.0
        }
    }
    Prk::new_less_safe(HKDF_SHA256, key)
        .expand(&[info], Length(out.len()))
        .and_then(|okm| okm.fill(out))
        .map_err(|_| EnvelopeError::Library)
}

fn gcm(key: &[u8], nonce: &[u8]) -> Result<(LessSafeKey, Nonce), EnvelopeError> {
    let key = UnboundKey::new(&AES_256_GCM, key).map_err(|_| EnvelopeError::Library)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| EnvelopeError::Library)?;
    Ok((LessSafeKey::new(key), nonce))
}

#[cfg(test)]
mod tests;
