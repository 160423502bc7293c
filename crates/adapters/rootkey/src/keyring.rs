use std::fmt;

use data_encoding::BASE64;
use ringwall_envelope::{Aad, Key, Keyring, MAX_KEYS};
use ringwall_model::Secret;
use serde::{Deserialize, Serialize};

use crate::{MAX_WRAPPED_BYTES, RootKey, RootKeyError, SystemRandom};

const PURPOSE: &str = "ringwall/keyring";

/// The most that is read of a sealed keyring: a full one, with room for the layout.
const MAX_SEALED_BYTES: usize = MAX_KEYS * 48 + 256;

/// An installation's keyring as it is kept in its store: sealed under a key that the root key wraps.
///
/// Whole and not key by key, so that whoever can write to the store can neither leave a key out nor choose the current
/// one. What they can do is bring an older one back; what was sealed since then does not open with that, and is told.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealedKeyring {
    /// For people: [`RootKey::describe`] of the root key. Nothing relies on it.
    root_key: String,
    /// The key of `sealed`, as the root key wrapped it, in base64.
    wrapped: String,
    /// The keyring, in base64.
    sealed: String,
}

impl SealedKeyring {
    /// Seals a keyring under a new key, which the root key wraps.
    ///
    /// # Errors
    ///
    /// If the root key or the source of randomness fails.
    pub fn seal(keyring: &Keyring, root: &dyn RootKey) -> Result<Self, RootKeyError> {
        let key = Key::generate(&SystemRandom)?;
        let wrapped = root.wrap(PURPOSE, key.secret())?;
        let sealed = key.seal(&aad(), keyring.to_secret().expose(), &SystemRandom)?;
        let (wrapped, sealed) = (BASE64.encode(&wrapped), BASE64.encode(&sealed));
        Ok(Self { root_key: root.describe(), wrapped, sealed })
    }

    /// Opens it with the root key that it was sealed under.
    ///
    /// # Errors
    ///
    /// If that is another root key, or something was changed.
    pub fn open(&self, root: &dyn RootKey) -> Result<Keyring, RootKeyError> {
        let wrapped = decode(&self.wrapped, MAX_WRAPPED_BYTES)?;
        let sealed = decode(&self.sealed, MAX_SEALED_BYTES)?;
        let key = Key::new(root.unwrap(PURPOSE, &wrapped)?)?;
        let keyring: Secret = key.open(&aad(), &sealed)?;
        Ok(Keyring::from_secret(&keyring)?)
    }

    /// The same keyring under another root key. What its keys sealed stays as it is.
    ///
    /// If the old root key was stolen together with a copy of the store, the keyring was too: then rotate it as well and
    /// seal everything again.
    ///
    /// # Errors
    ///
    /// As of [`SealedKeyring::open`] and [`SealedKeyring::seal`].
    pub fn rewrap(&self, from: &dyn RootKey, to: &dyn RootKey) -> Result<Self, RootKeyError> {
        Self::seal(&self.open(from)?, to)
    }

    /// Which root key it says it was sealed under.
    pub fn root_key(&self) -> &str {
        &self.root_key
    }
}

impl fmt::Debug for SealedKeyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedKeyring").field("root_key", &self.root_key).finish_non_exhaustive()
    }
}

/// There is one keyring, and its key seals nothing else.
fn aad() -> Aad {
    Aad::new(PURPOSE, [""; 0])
}

fn decode(base64: &str, limit: usize) -> Result<Vec<u8>, RootKeyError> {
    if base64.len() > BASE64.encode_len(limit) {
        return Err(RootKeyError::Malformed("it is too long"));
    }
    BASE64.decode(base64.as_bytes()).map_err(|_| RootKeyError::Malformed("it is not base64"))
}
