//! Certificates and keys in files.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::digest;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;
use zeroize::Zeroizing;

use super::Usable;
use crate::error::ServerError;

/// Bytes of a PEM file at most. A chain of five has 10 KiB.
const MAX_FILE: u64 = 1024 * 1024;

/// A certificate and a key in files, and what was in them when they were last looked at.
#[derive(Debug)]
pub(super) struct Files {
    certificate: PathBuf,
    key: PathBuf,
    seen: Vec<u8>,
}

/// What a look at the files brought.
pub(super) enum Found {
    Same,
    New(Usable),
}

impl Files {
    pub(super) fn open(
        certificate: PathBuf,
        key: PathBuf,
        provider: &CryptoProvider,
        now: SystemTime,
    ) -> Result<(Self, Usable), ServerError> {
        let mut files = Self { certificate, key, seen: Vec::new() };
        let (chain, key) = files.read()?;
        files.seen = fingerprint(&chain, &key);
        let usable = files.parse(&chain, &key, provider, now)?;
        Ok((files, usable))
    }

    /// Reads the files again. Content that was refused is not looked at twice, so that it is told once.
    pub(super) fn look(&mut self, provider: &CryptoProvider, now: SystemTime) -> Result<Found, ServerError> {
        let (chain, key) = self.read()?;
        let seen = fingerprint(&chain, &key);
        if seen == self.seen {
            return Ok(Found::Same);
        }
        self.seen = seen;
        Ok(Found::New(self.parse(&chain, &key, provider, now)?))
    }

    fn read(&self) -> Result<(Vec<u8>, Zeroizing<Vec<u8>>), ServerError> {
        Ok((read(&self.certificate)?, Zeroizing::new(read(&self.key)?)))
    }

    fn parse(
        &self,
        chain: &[u8],
        key: &[u8],
        provider: &CryptoProvider,
        now: SystemTime,
    ) -> Result<Usable, ServerError> {
        let chain = certificates(&self.certificate, chain)?;
        let leaf = chain.first().ok_or_else(|| no_certificate(&self.certificate))?;
        let (begins, ends) = validity(leaf).ok_or_else(|| no_certificate(&self.certificate))?;
        if now < begins || now >= ends {
            let problem = if now < begins { "is not valid yet" } else { "has ended" };
            return Err(content(&self.certificate, problem, "have it renewed, or set the clock right"));
        }
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| {
            content(&self.key, "has no private key in it", "it needs a PEM block `PRIVATE KEY`, unencrypted")
        })?;
        let key = CertifiedKey::from_der(chain, key, provider).map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => content(
                &self.key,
                "is not the key of the certificate",
                "give the key that the certificate was requested with",
            ),
            _ => content(&self.key, format!("can't be used: {error}"), "RSA, ECDSA and Ed25519 keys can"),
        })?;
        Ok(Usable { key: Arc::new(key), ends })
    }
}

/// When a certificate begins and ends; `None` if it is none.
pub(super) fn validity(certificate: &CertificateDer<'_>) -> Option<(SystemTime, SystemTime)> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    let at = |seconds: i64| {
        // Before 1970 is long ago all the same.
        UNIX_EPOCH.checked_add(Duration::from_secs(u64::try_from(seconds).unwrap_or_default()))
    };
    let validity = parsed.validity();
    Some((at(validity.not_before.timestamp())?, at(validity.not_after.timestamp())?))
}

/// The certificates of a PEM file.
pub(super) fn certificates(path: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, ServerError> {
    CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(|_| no_certificate(path))
}

pub(super) fn no_certificate(path: &Path) -> ServerError {
    content(path, "has no certificate in it", "it needs PEM blocks `CERTIFICATE`, the server's own first")
}

pub(super) fn content(path: &Path, problem: impl Into<String>, hint: &'static str) -> ServerError {
    ServerError::Content { path: path.to_owned(), problem: problem.into(), hint }
}

/// Reads a file whose size someone else decides on.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, ServerError> {
    let failed = |source| ServerError::File { path: path.to_owned(), action: "read", source };
    let mut bytes = Vec::new();
    File::open(path).map_err(failed)?.take(MAX_FILE).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// Tells contents apart without keeping the key a second time.
fn fingerprint(chain: &[u8], key: &[u8]) -> Vec<u8> {
    let mut context = digest::Context::new(&digest::SHA256);
    let length = u64::try_from(chain.len()).unwrap_or(u64::MAX);
    context.update(&length.to_be_bytes());
    context.update(chain);
    context.update(key);
    context.finish().as_ref().to_vec()
}
