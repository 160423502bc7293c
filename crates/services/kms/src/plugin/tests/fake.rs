//! A backend that does as it is told.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use ringwall_envelope::{Aad, Key};
use ringwall_model::Secret;
use ringwall_rootkey::SystemRandom;

use crate::backends::BoxFuture;
use crate::{Backend, BackendError, Class, Sealed};

#[derive(Debug)]
pub(super) struct Fake {
    label: &'static str,
    name: &'static str,
    key: Mutex<Key>,
    version: AtomicUsize,
    failure: Mutex<Option<Class>>,
    /// How often it was asked to open.
    pub(super) opened: AtomicUsize,
}

impl Fake {
    pub(super) fn new(name: &'static str) -> Self {
        Self::labelled(name, name)
    }

    /// One that has the key of this name, as another one may too.
    pub(super) fn labelled(label: &'static str, name: &'static str) -> Self {
        let key = Mutex::new(Key::generate(&SystemRandom).unwrap());
        let (version, opened) = (AtomicUsize::new(1), AtomicUsize::new(0));
        Self { label, name, key, version, failure: Mutex::default(), opened }
    }

    pub(super) fn fail(&self, class: Option<Class>) {
        *self.failure.lock().unwrap() = class;
    }

    /// Another key of the same name and version.
    pub(super) fn lose_key(&self) {
        *self.key.lock().unwrap() = Key::generate(&SystemRandom).unwrap();
    }

    fn key(&self) -> Key {
        self.key.lock().unwrap().clone()
    }

    pub(super) fn rotate(&self) {
        self.version.fetch_add(1, Ordering::SeqCst);
    }

    pub(super) fn opened(&self) -> usize {
        self.opened.load(Ordering::SeqCst)
    }

    fn answers(&self) -> Result<(), BackendError> {
        match *self.failure.lock().unwrap() {
            Some(class) => Err(BackendError::new(class, format!("{} is out", self.name))),
            None => Ok(()),
        }
    }
}

impl Backend for Fake {
    fn describe(&self) -> String {
        format!("the fake `{}`", self.label)
    }

    fn has(&self, key: &str) -> bool {
        key == self.name
    }

    fn seal<'a>(&'a self, secret: &'a Secret) -> BoxFuture<'a, Result<Sealed, BackendError>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            self.answers()?;
            let version = Some(format!("v{}", self.version.load(Ordering::SeqCst)));
            let blob = self.key().seal(&Aad::new("fake", [self.name]), secret.expose(), &SystemRandom)?;
            Ok(Sealed { key: self.name.to_owned(), version, blob })
        })
    }

    fn open<'a>(&'a self, key: &'a str, blob: &'a [u8]) -> BoxFuture<'a, Result<Secret, BackendError>> {
        Box::pin(async move {
            self.opened.fetch_add(1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            self.answers()?;
            Ok(self.key().open(&Aad::new("fake", [key]), blob)?)
        })
    }

    fn open_foreign<'a>(
        &'a self,
        key_id: &'a str,
        ciphertext: &'a [u8],
    ) -> Option<BoxFuture<'a, Result<Secret, BackendError>>> {
        let (&b'1', rest) = ciphertext.split_first()? else { return None };
        self.has(key_id).then(|| -> BoxFuture<'a, _> {
            Box::pin(async {
                self.answers()?;
                Ok(Secret::new(rest.to_vec()))
            })
        })
    }
}
