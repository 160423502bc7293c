//! Envelope encryption: what is kept, is kept sealed, and opens only for the key, the purpose and the place it was
//! sealed for.
//!
//! ```
//! use ringwall_envelope::{Aad, Keyring, Random, RandomError};
//!
//! # /// Counts upwards: for an example it will do, for a secret it will not.
//! # struct Counter(std::sync::atomic::AtomicU8);
//! # impl Random for Counter {
//! #     fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
//! #         let next = || self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
//! #         bytes.iter_mut().for_each(|byte| *byte = next());
//! #         Ok(())
//! #     }
//! # }
//! # let random = Counter(Default::default());
//! let mut keyring = Keyring::generate(&random)?;
//! let place = Aad::new("secretsmanager/value", ["111122223333", "eu-central-1", "db-password"]);
//! let blob = keyring.seal(&place, b"hunter2", &random)?;
//!
//! keyring.rotate(&random)?;
//! assert!(keyring.needs_reseal(&blob)?);
//! assert_eq!(keyring.open(&place, &blob)?.expose(), b"hunter2");
//!
//! let elsewhere = Aad::new("secretsmanager/value", ["111122223333", "eu-central-1", "another"]);
//! assert!(keyring.open(&elsewhere, &blob).is_err());
//! # Ok::<(), ringwall_envelope::EnvelopeError>(())
//! ```
//!
//! # Keys
//!
//! A root key, which is not ours to hold (`ringwall-rootkey`), wraps a fresh key; that one seals the [`Keyring`]; the
//! keyring's current key seals records, the material of customers' KMS keys among them; and such material seals what
//! customers give to KMS ([`seal_with_context`]). So a new root key costs one small write, and a new key of the keyring
//! costs nothing until the records are sealed again.
//!
//! # Primitives
//!
//! Each blob is sealed by AES-256-GCM with a key and a nonce of its own, which HKDF-SHA256 (RFC 5869, the expand step
//! alone, section 3.3: our keys are uniform already) makes of the long-lived key, the purpose, and a random salt of 32
//! bytes. AES-GCM's bound of 2^32 random nonces a key (NIST SP 800-38D, section 8.3) thus binds no long-lived key: two
//! blobs share a key and a nonce only if their salts are the same, which after 2^64 blobs has a chance of about 2^-129.
//! Nobody needs to count.
//!
//! # Layouts
//!
//! Numbers are big endian. What stands before the salt is authenticated too.
//!
//! | Blob | Layout |
//! |---|---|
//! | of a [`Key`] | salt 32, ciphertext, tag 16 |
//! | of a [`Keyring`] | format 1 (one byte), key id 16, salt 32, ciphertext, tag 16 |
//! | of KMS | format 1 (one byte), length of the key's name 2, name, version of its material 4, salt 32, ciphertext, tag 16 |
//!
//! The associated data are the bytes before the salt, then the parts of the [`Aad`], each after its length in 8 bytes.
//! The salt's HKDF info is the text `ringwall envelope 1`, the length of the purpose in 8 bytes, the purpose, the salt;
//! its first 32 bytes are the key, the next 12 the nonce.

mod aad;
mod ciphertext;
mod error;
mod key;
mod keyring;
mod random;

pub use self::aad::{Aad, EncryptionContext, MAX_CONTEXT_BYTES, MAX_CONTEXT_PAIRS};
pub use self::ciphertext::{CiphertextBlob, MAX_KEY_NAME_BYTES, seal_with_context};
pub use self::error::EnvelopeError;
pub use self::key::{KEY_BYTES, Key, MAX_PLAINTEXT_BYTES};
pub use self::keyring::{KeyId, Keyring, MAX_KEYS};
pub use self::random::{MAX_RANDOM_BYTES, Random, RandomError, random_secret};
