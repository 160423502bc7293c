//! Which certificate authorities are trusted: the system's, and those of a file.
//!
//! ```no_run
//! let roots = ringwall_roots::load(Some("/etc/ringwall/authorities.pem".as_ref()))?;
//! println!("{} authorities", roots.len());
//! # Ok::<(), ringwall_roots::RootsError>(())
//! ```

use std::io;
use std::path::{Path, PathBuf};

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

/// Longest file of extra certificates: some hundred of them, and a wrong path is told before memory is full.
const MAX_BYTES: u64 = 1 << 20;

/// Why a file of certificates can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RootsError {
    /// It can't be read.
    #[error("can't read `{}`", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is longer than such files are.
    #[error("`{}` has more than {MAX_BYTES} bytes", .0.display())]
    TooLong(PathBuf),
    /// It holds no certificates in PEM form, or a broken one.
    #[error("`{}` has no certificates in PEM that can be used: {why}", path.display())]
    Certificates {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
}

/// Reads the authorities of the system, and those of a PEM file beside them.
///
/// A certificate of the system that can't be read is warned about and left out, since systems have such.
///
/// # Errors
///
/// The file can't be read whole, or holds no certificates.
pub fn load(extra: Option<&Path>) -> Result<RootCertStore, RootsError> {
    let mut roots = RootCertStore::empty();
    let native = rustls_native_certs::load_native_certs();
    for error in &native.errors {
        tracing::warn!(%error, "some of the system's root certificates can't be read");
    }
    let (system, _) = roots.add_parsable_certificates(native.certs);
    if let Some(path) = extra {
        add_file(&mut roots, path)?;
    }
    tracing::debug!(system, all = roots.len(), "root certificates");
    Ok(roots)
}

fn add_file(roots: &mut RootCertStore, path: &Path) -> Result<(), RootsError> {
    let text = ringwall_files::read(path, MAX_BYTES).map_err(|source| match source.kind() {
        io::ErrorKind::FileTooLarge => RootsError::TooLong(path.to_owned()),
        _ => RootsError::Unreadable { path: path.to_owned(), source },
    })?;
    let wrong = |why: String| RootsError::Certificates { path: path.to_owned(), why };
    let mut count = 0_usize;
    for certificate in CertificateDer::pem_slice_iter(&text) {
        let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
        roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
        count += 1;
    }
    match count {
        0 => Err(wrong("there are none".to_owned())),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        file
    }

    #[test]
    fn those_of_a_file_are_added() {
        let own = rcgen::generate_simple_self_signed(vec!["authority.test".to_owned()]).unwrap();
        let two = [own.cert.pem(), own.cert.pem()].concat();
        let system = load(None).unwrap().len();
        assert_eq!(load(Some(file(two.as_bytes()).path())).unwrap().len(), system + 2);
    }

    #[test]
    fn what_is_no_file_of_certificates_is_refused() {
        let refused = |bytes: &[u8]| load(Some(file(bytes).path())).unwrap_err();
        assert!(matches!(refused(b"no certificate"), RootsError::Certificates { .. }));
        let broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(matches!(refused(broken), RootsError::Certificates { .. }));
        assert!(matches!(refused(&vec![b'\n'; (1 << 20) + 1]), RootsError::TooLong(_)));
        assert!(matches!(load(Some(Path::new("/nowhere.pem"))), Err(RootsError::Unreadable { .. })));
    }
}
