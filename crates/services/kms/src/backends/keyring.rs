//! A keyring on this machine.

use std::sync::{Arc, OnceLock};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use ringwall_envelope::Aad;
use ringwall_model::Secret;
use ringwall_rootkey::SystemRandom;
use tokio::sync::Mutex;

use super::keyring_file::{Loaded, Stamp, name};
use super::{Backend, BackendError, BoxFuture, Class, KeyringFile, Sealed};
use crate::KmsError;

/// Keeps what is sealed here apart from whatever else the keyring's keys seal.
const PURPOSE: &str = "kms/local-kek";

/// A keyring's file; it is read again when it changed, so that rotating takes no restart.
#[derive(Debug)]
pub(crate) struct KeyringBackend {
    file: KeyringFile,
    /// The latest that could be read.
    held: Arc<Mutex<Option<Held>>>,
    /// Its name in key ids, once it was read. Another keyring in its place is noticed when it is asked to open.
    name: Arc<OnceLock<String>>,
}

#[derive(Debug, Clone)]
struct Held {
    stamp: Stamp,
    loaded: Arc<Loaded>,
}

impl KeyringBackend {
    pub(crate) fn new(file: KeyringFile) -> Self {
        Self { file, held: Arc::default(), name: Arc::default() }
    }

    /// The keyring as it is now; a file that can't be read is told.
    async fn now(&self) -> Result<Arc<Loaded>, BackendError> {
        let (file, mut held) = (self.file.clone(), Arc::clone(&self.held).lock_owned().await);
        let known = Arc::clone(&self.name);
        // Argon2 and tokens take their time.
        let looked = tokio::task::spawn_blocking(move || {
            let same = held.as_ref().filter(|held| file.stamp().is_ok_and(|stamp| stamp == held.stamp));
            if let Some(held) = same {
                return Ok(Arc::clone(&held.loaded));
            }
            let (stamp, loaded) = file.load().map_err(error)?;
            tracing::info!(path = %file.path().display(), current = %loaded.keyring.current(), "the keyring is read");
            let loaded = Arc::new(loaded);
            let _ = known.set(name(&loaded.id));
            *held = Some(Held { stamp, loaded: Arc::clone(&loaded) });
            Ok(loaded)
        });
        looked.await.unwrap_or_else(|_| Err(BackendError::new(Class::Internal, "reading the keyring ended")))
    }

    /// As it is now, or as it was last: what it opened then it still opens.
    async fn latest(&self) -> Result<Arc<Loaded>, BackendError> {
        match self.now().await {
            Err(error) => match &*self.held.lock().await {
                Some(held) => Ok(Arc::clone(&held.loaded)),
                None => Err(error),
            },
            now => now,
        }
    }
}

impl Backend for KeyringBackend {
    fn describe(&self) -> String {
        format!("the keyring in `{}`", self.file.path().display())
    }

    /// Before the file was read its name is not known; then opening tells.
    fn has(&self, key: &str) -> bool {
        self.name.get().map_or_else(|| key.starts_with(&name("")), |own| own == key)
    }

    fn seal<'a>(&'a self, secret: &'a Secret) -> BoxFuture<'a, Result<Sealed, BackendError>> {
        Box::pin(async move {
            let loaded = self.now().await?;
            let key = name(&loaded.id);
            let blob = loaded.keyring.seal(&aad(&key), secret.expose(), &SystemRandom)?;
            let opened = loaded.keyring.open(&aad(&key), &blob)?;
            if verify_slices_are_equal(opened.expose(), secret.expose()).is_err() {
                let why = format!("{} does not open what it sealed", self.describe());
                return Err(BackendError::new(Class::Internal, why));
            }
            Ok(Sealed { key, version: Some(loaded.keyring.current().to_string()), blob })
        })
    }

    fn open<'a>(&'a self, key: &'a str, blob: &'a [u8]) -> BoxFuture<'a, Result<Secret, BackendError>> {
        Box::pin(async move {
            let loaded = self.latest().await?;
            if key != name(&loaded.id) {
                let why = format!("{} is `{}`, not `{key}`", self.describe(), name(&loaded.id));
                return Err(BackendError::new(Class::User, why));
            }
            Ok(loaded.keyring.open(&aad(key), blob)?)
        })
    }
}

fn aad(key: &str) -> Aad {
    Aad::new(PURPOSE, [key])
}

/// What is wrong with the file is its owner's to put right.
fn error(error: KmsError) -> BackendError {
    match error {
        KmsError::RootKey(error) => error.into(),
        KmsError::Envelope(error) => error.into(),
        other => BackendError::new(Class::User, other.to_string()),
    }
}
