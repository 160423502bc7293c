//! Root keys: what all other keys are sealed under. A file, a passphrase, or a key that never leaves a PKCS#11 token.
//!
//! ```no_run
//! use std::path::Path;
//!
//! use ringwall_envelope::Keyring;
//! use ringwall_rootkey::{SealedKeyring, Source, SystemRandom};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let data = Path::new("/var/lib/ringwall");
//! let source: Source = "file:/etc/ringwall/root.key".parse()?;
//!
//! // Once:
//! let root = source.create(data)?;
//! let sealed = SealedKeyring::seal(&Keyring::generate(&SystemRandom)?, &*root)?;
//!
//! // At each start:
//! let keyring = sealed.open(&*source.open(data)?)?;
//!
//! // Another root key: nothing but the keyring is written anew.
//! let passphrase: Source = "passphrase:file:/etc/ringwall/passphrase".parse()?;
//! let sealed = sealed.rewrap(&*root, &*passphrase.open(data)?)?;
//! # Ok(())
//! # }
//! ```
//!
//! # Sources
//!
//! | Text | Root key |
//! |---|---|
//! | `file:/etc/ringwall/root.key` | 32 random bytes in a file that only its owner can read |
//! | `passphrase:file:/run/secrets/phrase` | made by Argon2id of the passphrase in a file |
//! | `passphrase:env:RINGWALL_PASSPHRASE` | the same, of an environment variable |
//! | `pkcs11:token=ringwall;object=root?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/etc/ringwall/pin` | an AES-256 key in the token (RFC 7512) |
//!
//! No secret is ever part of the text, so that it can stand in a settings file, a command line and a log.
//!
//! # Where a root key may lie
//!
//! Not in the data folder, where each backup would carry it along with what it protects; each constructor is told that
//! folder and refuses. Files of secrets are opened without following a link in the last part of the path, and are
//! refused unless they belong to us or to root and nobody else can read or write them.
//!
//! # Blocking
//!
//! Argon2id takes a good part of a second and 64 MiB on purpose, and a token may be a machine at the other end of a
//! network. Both happen at start and when the keyring changes. Async callers use a thread for it.

mod error;
mod file;
mod keyring;
mod passphrase;
mod pkcs11;
mod private;
mod random;
mod source;
mod wrapped;

use ringwall_model::Secret;

pub use self::error::RootKeyError;
pub use self::keyring::SealedKeyring;
pub use self::pkcs11::Pkcs11Uri;
pub use self::random::SystemRandom;
pub use self::source::{SecretSource, Source};

/// A key that wraps other keys and is never seen itself.
pub trait RootKey: Send + Sync {
    /// Which key it is, for people. No secret.
    fn describe(&self) -> String;

    /// Wraps a key of at most [`MAX_WRAPPED_BYTES`] for a purpose.
    ///
    /// # Errors
    ///
    /// If it is longer, or the token or the source of randomness fails.
    fn wrap(&self, purpose: &str, secret: &Secret) -> Result<Vec<u8>, RootKeyError>;

    /// Unwraps what [`RootKey::wrap`] made for the same purpose. Any bytes may be given.
    ///
    /// # Errors
    ///
    /// If another root key wrapped it, it was for another purpose, or it was changed.
    fn unwrap(&self, purpose: &str, wrapped: &[u8]) -> Result<Secret, RootKeyError>;
}

/// The longest secret that is wrapped, and the most that is read of something wrapped. Keys have 32 bytes; tokens limit
/// what they encrypt in one call, and this is far below what any of them takes.
pub const MAX_WRAPPED_BYTES: usize = 1024;
