//! Whose signatures count: keys, identities, and who may vouch for a time, all from files.

use std::path::{Path, PathBuf};

use ringwall_registry::Pattern;
use rustls_pki_types::SubjectPublicKeyInfoDer;
use rustls_pki_types::pem::PemObject as _;

use crate::certificate::{Certificate, read_pem};
use crate::error::TrustError;
use crate::key::PublicKey;

/// Longest file of keys or certificates: the system's authorities, all of them, have about 250 KiB.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// Who may have signed, as certificates name them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The certificate's email address, URI or user name; `*` stands for any text.
    pub subject: Pattern,
    /// Who had checked that, as `https://token.actions.githubusercontent.com`; `*` stands for any text.
    pub issuer: Pattern,
}

impl Identity {
    pub(crate) fn is(&self, certificate: &Certificate) -> Option<String> {
        let subject = certificate.subjects.iter().find(|subject| self.subject.matches(subject))?;
        // A certificate that names no issuer has nobody who had checked its subject.
        (!certificate.issuer.is_empty() && self.issuer.matches(&certificate.issuer)).then(|| subject.clone())
    }
}

/// Files of what is trusted, as the operator names them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustFiles {
    /// Public keys in PEM, of those who sign.
    pub keys: Vec<PathBuf>,
    /// Whose certificates count.
    pub identities: Vec<Identity>,
    /// Certificates in PEM: the roots of signers' certificates, and those between.
    pub roots: Vec<PathBuf>,
    /// Certificates in PEM: the roots of timestamp authorities, those between, and their own.
    pub timestamp_authorities: Vec<PathBuf>,
    /// Public keys in PEM, of transparency logs.
    pub logs: Vec<PathBuf>,
    /// Whether a signature has to be in one of the logs.
    pub require_log: bool,
}

/// What is trusted, read.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    pub(crate) keys: Vec<(String, PublicKey)>,
    pub(crate) identities: Vec<Identity>,
    pub(crate) roots: Vec<Certificate>,
    pub(crate) between: Vec<Certificate>,
    pub(crate) timestamp_authorities: Vec<Certificate>,
    pub(crate) logs: Vec<PublicKey>,
    pub(crate) require_log: bool,
}

impl Trust {
    /// Reads the files.
    ///
    /// # Errors
    ///
    /// One of them can't be used; or nothing would count by them.
    pub fn load(files: &TrustFiles) -> Result<Self, TrustError> {
        let TrustFiles { keys, identities, roots, timestamp_authorities, logs, require_log } = files;
        let mut trust = Self { identities: identities.clone(), require_log: *require_log, ..Self::default() };
        for path in keys {
            let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
            for key in self::keys(path)? {
                trust.keys.push((name.clone(), key));
            }
        }
        for path in logs {
            trust.logs.extend(self::keys(path)?);
        }
        for path in roots {
            for certificate in certificates(path)? {
                if certificate.is_root { &mut trust.roots } else { &mut trust.between }.push(certificate);
            }
        }
        for path in timestamp_authorities {
            trust.timestamp_authorities.extend(certificates(path)?);
        }
        trust.check()?;
        Ok(trust)
    }

    /// Trust in keys alone, each with a name to tell it by.
    pub fn of_keys(keys: Vec<(String, PublicKey)>) -> Self {
        Self { keys, ..Self::default() }
    }

    fn check(&self) -> Result<(), TrustError> {
        if self.keys.is_empty() && self.identities.is_empty() {
            return Err(TrustError::Nobody);
        }
        if !self.identities.is_empty() {
            if self.roots.is_empty() {
                return Err(TrustError::NoRoots);
            }
            if self.timestamp_authorities.is_empty() && self.logs.is_empty() {
                return Err(TrustError::NoClock);
            }
        }
        Ok(())
    }
}

fn read(path: &Path) -> Result<Vec<u8>, TrustError> {
    ringwall_files::read(path, MAX_FILE_BYTES)
        .map_err(|source| TrustError::Read { path: path.to_owned(), source })
}

fn keys(path: &Path) -> Result<Vec<PublicKey>, TrustError> {
    let text = read(path)?;
    let refuse = |why: String| TrustError::Content { path: path.to_owned(), why };
    let mut keys = Vec::new();
    for spki in SubjectPublicKeyInfoDer::pem_slice_iter(&text) {
        let spki = spki.map_err(|_| refuse("is no PEM".to_owned()))?;
        keys.push(PublicKey::from_spki(&spki).map_err(refuse)?);
    }
    if keys.is_empty() {
        return Err(refuse("has no public key in PEM (`-----BEGIN PUBLIC KEY-----`)".to_owned()));
    }
    Ok(keys)
}

fn certificates(path: &Path) -> Result<Vec<Certificate>, TrustError> {
    let refuse = |why: String| TrustError::Content { path: path.to_owned(), why };
    let read = read_pem(&read(path)?).map_err(refuse)?;
    if read.is_empty() {
        return Err(refuse("has no certificate in PEM".to_owned()));
    }
    Ok(read)
}
