//! A key in a PKCS#11 token.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use ringwall_model::Secret;
use ringwall_rootkey::{Pkcs11Uri, RootKey, Source as RootKeySource};
use tokio::sync::Mutex;

use super::{Backend, BackendError, BoxFuture, Class, Sealed};

/// Keeps what is wrapped here apart from whatever else the token's key wraps.
const PURPOSE: &str = "kms/local-kek";

/// How long a token is waited for. Network HSMs answer within a second; one that hangs holds a thread until it stops.
const ANSWERS: Duration = Duration::from_secs(10);

/// An AES key that a PKCS#11 token holds. Another key is another backend: the new one first, this one after it.
pub struct Token {
    uri: Pkcs11Uri,
    /// The URI's path without the query, which is where the module and the PIN are on this machine.
    name: String,
    /// The token, once it was found. One call at a time: logins are of the process, and a hung one must not take all threads.
    key: Arc<Mutex<Option<Arc<dyn RootKey>>>>,
}

impl Token {
    /// The key that a URI names. The token is looked for when it is needed.
    pub fn new(uri: Pkcs11Uri) -> Self {
        let text = uri.to_string();
        let name = text.split('?').next().unwrap_or_default().replace('#', "%23");
        Self { uri, name, key: Arc::default() }
    }

    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn RootKey) -> Result<T, BackendError> + Send + 'static,
    ) -> Result<T, BackendError> {
        let busy = || {
            let why = format!("{} has not answered within {} s", self.describe(), ANSWERS.as_secs());
            BackendError::new(Class::Unavailable, why)
        };
        let all = async {
            let mut held = Arc::clone(&self.key).lock_owned().await;
            let uri = self.uri.clone();
            // The lock goes with the thread, not with this call, which may be given up.
            let done = tokio::task::spawn_blocking(move || {
                let key = match &*held {
                    Some(key) => Arc::clone(key),
                    None => {
                        // No file of ours lies beside it, so there is no data folder to keep it out of.
                        let key = RootKeySource::Pkcs11(uri).open(Path::new(""))?;
                        Arc::clone(held.insert(key.into()))
                    }
                };
                work(&*key)
            });
            done.await.unwrap_or_else(|_| Err(BackendError::new(Class::Internal, "the token's thread ended")))
        };
        tokio::time::timeout(ANSWERS, all).await.unwrap_or_else(|_| Err(busy()))
    }
}

impl Backend for Token {
    fn describe(&self) -> String {
        format!("the key `{}`", self.name)
    }

    fn has(&self, key: &str) -> bool {
        key == self.name
    }

    fn seal<'a>(&'a self, secret: &'a Secret) -> BoxFuture<'a, Result<Sealed, BackendError>> {
        let (secret, what) = (secret.clone(), self.describe());
        Box::pin(async move {
            let blob = self.with(move |key| {
                let blob = key.wrap(PURPOSE, &secret)?;
                let opened = key.unwrap(PURPOSE, &blob)?;
                if verify_slices_are_equal(opened.expose(), secret.expose()).is_err() {
                    let why = format!("{what} does not open what it sealed");
                    return Err(BackendError::new(Class::Internal, why));
                }
                Ok(blob)
            });
            Ok(Sealed { key: self.name.clone(), version: None, blob: blob.await? })
        })
    }

    fn open<'a>(&'a self, _key: &'a str, blob: &'a [u8]) -> BoxFuture<'a, Result<Secret, BackendError>> {
        let blob = blob.to_vec();
        Box::pin(self.with(move |key| Ok(key.unwrap(PURPOSE, &blob)?)))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("name", &self.name).finish_non_exhaustive()
    }
}
