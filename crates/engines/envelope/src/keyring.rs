use std::collections::BTreeMap;
use std::fmt;

use ringwall_model::Secret;

use crate::key::KEY_BYTES;
use crate::{Aad, EnvelopeError, Key, Random};

/// The most keys in a keyring: at one a day more than half a year, until what the old ones sealed is sealed again.
pub const MAX_KEYS: usize = 256;

const KEY_ID_BYTES: usize = 16;

/// Of blobs, and of the encoded keyring.
const FORMAT: u8 = 1;

/// Names a key of a keyring. Random, and no secret.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; KEY_ID_BYTES]);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// Keys that seal records. One is current and seals; all of them open.
#[derive(Debug, Clone)]
pub struct Keyring {
    current: KeyId,
    keys: BTreeMap<KeyId, Key>,
}

impl Keyring {
    /// A keyring with one new key.
    ///
    /// # Errors
    ///
    /// If the source of randomness fails.
    pub fn generate(random: &dyn Random) -> Result<Self, EnvelopeError> {
        let (current, key) = new_key(random)?;
        Ok(Self { current, keys: BTreeMap::from([(current, key)]) })
    }

    /// Adds a new key, which is current from now on. What the older ones sealed still opens.
    ///
    /// Keep the keyring before anything is sealed with the new key: a blob whose key is lost stays shut.
    ///
    /// # Errors
    ///
    /// If there are [`MAX_KEYS`] already, or the source of randomness fails.
    pub fn rotate(&mut self, random: &dyn Random) -> Result<KeyId, EnvelopeError> {
        let added = self.add(random)?;
        self.current = added;
        Ok(added)
    }

    /// Adds a new key that only opens, until [`Keyring::seal_with`] makes it the current one. So a keyring of which there
    /// are several copies rotates without a moment in which one seals what another can't open.
    ///
    /// # Errors
    ///
    /// As of [`Keyring::rotate`].
    pub fn add(&mut self, random: &dyn Random) -> Result<KeyId, EnvelopeError> {
        if self.keys.len() >= MAX_KEYS {
            return Err(EnvelopeError::TooMany { what: "keys in the keyring", limit: MAX_KEYS });
        }
        let (added, key) = new_key(random)?;
        self.keys.insert(added, key);
        Ok(added)
    }

    /// Makes a key that is there the current one.
    ///
    /// # Errors
    ///
    /// If there is no such key.
    pub fn seal_with(&mut self, id: KeyId) -> Result<(), EnvelopeError> {
        self.key(id)?;
        self.current = id;
        Ok(())
    }

    /// Takes an old key away for good, once nothing is left that it sealed.
    ///
    /// # Errors
    ///
    /// If it is the current one, or there is no such key.
    pub fn retire(&mut self, id: KeyId) -> Result<(), EnvelopeError> {
        if id == self.current {
            return Err(EnvelopeError::CurrentKey(id));
        }
        self.keys.remove(&id).map(drop).ok_or(EnvelopeError::UnknownKey(id))
    }

    /// The key that seals.
    pub fn current(&self) -> KeyId {
        self.current
    }

    /// The keys that open, the current one among them.
    pub fn ids(&self) -> impl Iterator<Item = KeyId> {
        self.keys.keys().copied()
    }

    /// Seals with the current key.
    ///
    /// # Errors
    ///
    /// More than [`crate::MAX_PLAINTEXT_BYTES`], or the source of randomness failed.
    pub fn seal(&self, aad: &Aad, plaintext: &[u8], random: &dyn Random) -> Result<Vec<u8>, EnvelopeError> {
        let mut head = vec![FORMAT];
        head.extend_from_slice(&self.current.0);
        self.key(self.current)?.seal_after(&head, aad, plaintext, random)
    }

    /// Opens with the key that the blob names.
    ///
    /// # Errors
    ///
    /// If it is no blob of a keyring, the keyring lacks its key, or it was sealed for something else or changed.
    pub fn open(&self, aad: &Aad, blob: &[u8]) -> Result<Secret, EnvelopeError> {
        let (id, sealed) = split(blob)?;
        let head = blob.split_at(blob.len() - sealed.len()).0;
        self.key(id)?.open_after(head, aad, sealed)
    }

    /// Whether the blob was sealed with another key than the current one, so that its key can't be retired yet.
    ///
    /// # Errors
    ///
    /// If it is no blob of a keyring.
    pub fn needs_reseal(&self, blob: &[u8]) -> Result<bool, EnvelopeError> {
        Ok(split(blob)?.0 != self.current)
    }

    /// All keys in one secret, to be sealed under another key: [`Keyring::from_secret`] reads it.
    ///
    /// Layout: format 1, the current key's id, then each key's id and bytes.
    pub fn to_secret(&self) -> Secret {
        let room = 1 + KEY_ID_BYTES + self.keys.len() * (KEY_ID_BYTES + KEY_BYTES);
        // With room for all of it: growing would leave keys behind in freed memory.
        let mut encoded = Vec::with_capacity(room);
        encoded.push(FORMAT);
        encoded.extend_from_slice(&self.current.0);
        for (id, key) in &self.keys {
            encoded.extend_from_slice(&id.0);
            encoded.extend_from_slice(key.secret().expose());
        }
        Secret::new(encoded)
    }

    /// Reads what [`Keyring::to_secret`] made.
    ///
    /// # Errors
    ///
    /// If it has another layout, more than [`MAX_KEYS`] keys, one twice, or lacks the current one.
    pub fn from_secret(encoded: &Secret) -> Result<Self, EnvelopeError> {
        let (current, entries) = split(encoded.expose())?;
        let (entries, rest) = entries.as_chunks::<{ KEY_ID_BYTES + KEY_BYTES }>();
        if !rest.is_empty() {
            return Err(EnvelopeError::Malformed("the keyring ends within a key"));
        }
        if entries.len() > MAX_KEYS {
            return Err(EnvelopeError::TooMany { what: "keys in the keyring", limit: MAX_KEYS });
        }
        let mut keys = BTreeMap::new();
        for entry in entries {
            let (id, key) =
                entry.split_first_chunk().ok_or(EnvelopeError::Malformed("a key without an id"))?;
            if keys.insert(KeyId(*id), Key::new(Secret::new(key.to_vec()))?).is_some() {
                return Err(EnvelopeError::Malformed("the keyring has a key twice"));
            }
        }
        if !keys.contains_key(&current) {
            return Err(EnvelopeError::UnknownKey(current));
        }
        Ok(Self { current, keys })
    }

    fn key(&self, id: KeyId) -> Result<&Key, EnvelopeError> {
        self.keys.get(&id).ok_or(EnvelopeError::UnknownKey(id))
    }
}

fn new_key(random: &dyn Random) -> Result<(KeyId, Key), EnvelopeError> {
    let mut id = [0; KEY_ID_BYTES];
    random.fill(&mut id)?;
    Ok((KeyId(id), Key::generate(random)?))
}

/// The id after the format, and what follows.
fn split(bytes: &[u8]) -> Result<(KeyId, &[u8]), EnvelopeError> {
    let (&format, rest) = bytes.split_first().ok_or(EnvelopeError::Malformed("it is empty"))?;
    if format != FORMAT {
        return Err(EnvelopeError::UnknownFormat(format));
    }
    let (id, rest) =
        rest.split_first_chunk().ok_or(EnvelopeError::Malformed("it ends within the key's id"))?;
    Ok((KeyId(*id), rest))
}
