//! What holds the keys: each seals the plugin's local KEKs and opens them again.

mod aws;
mod error;
mod keyring;
pub(crate) mod keyring_file;
mod source;
mod token;

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use ringwall_model::Secret;

pub use self::aws::Aws;
pub use self::error::{BackendError, Class};
pub use self::keyring_file::{KeyringFile, KeyringKey};
pub use self::source::Source;
pub use self::token::Token;

/// A future that is boxed, so that backends of different kinds stand in one list.
pub(crate) type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What a backend made of a local KEK.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The name of the key, which is the same for whoever uses that key: an ARN, a token's object, a keyring's id.
    pub key: String,
    /// The version of its material, if it has versions.
    pub version: Option<String>,
    /// The KEK as the backend sealed it. No secret.
    pub blob: Vec<u8>,
}

/// A KMS, a token, a keyring. Calls may last; who calls bounds them.
pub trait Backend: Send + Sync + fmt::Debug + 'static {
    /// Which one it is, for people. No secret.
    fn describe(&self) -> String;

    /// Whether it answers for the key of this name, as [`Sealed::key`] has it.
    fn has(&self, key: &str) -> bool;

    /// Seals, and proves that it opens again what it sealed.
    fn seal<'a>(&'a self, secret: &'a Secret) -> BoxFuture<'a, Result<Sealed, BackendError>>;

    /// Opens what it or another one for the same key sealed. Any bytes may be given.
    fn open<'a>(&'a self, key: &'a str, blob: &'a [u8]) -> BoxFuture<'a, Result<Secret, BackendError>>;

    /// Opens a seed that another plugin sealed directly under this key, if it is of a kind that this backend knows.
    fn open_foreign<'a>(
        &'a self,
        key_id: &'a str,
        ciphertext: &'a [u8],
    ) -> Option<BoxFuture<'a, Result<Secret, BackendError>>> {
        let _ = (key_id, ciphertext);
        None
    }
}
