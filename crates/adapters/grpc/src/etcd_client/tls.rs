use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::EtcdError;

/// Largest file of certificates or of a key. A bundle of a hundred authorities has half of it.
const MAX_PEM_BYTES: u64 = 1 << 20;

/// Who etcd has to be, and who we are to it: PEM files.
#[derive(Debug, Clone, Default)]
pub struct EtcdTls {
    /// The authorities of its certificate.
    pub ca: Option<PathBuf>,
    /// Our certificate, with its chain.
    pub cert: Option<PathBuf>,
    /// Its key.
    pub key: Option<PathBuf>,
}

impl EtcdTls {
    /// TLS by the files.
    pub(super) fn config(&self) -> Result<Arc<ClientConfig>, EtcdError> {
        let ca = self.ca.as_deref().ok_or_else(|| {
            EtcdError::Tls(
                "https needs the authorities of etcd's certificate, since no public one issues it".to_owned(),
            )
        })?;
        let mut roots = RootCertStore::empty();
        for certificate in certificates(ca)? {
            roots.add(certificate).map_err(|error| unusable(ca, &error))?;
        }
        let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| EtcdError::Tls(error.to_string()))?
            .with_root_certificates(roots);
        let mut config = match (self.cert.as_deref(), self.key.as_deref()) {
            (None, None) => builder.with_no_client_auth(),
            (Some(cert), Some(key)) => {
                let pem = read(key)?;
                let secret = PrivateKeyDer::from_pem_slice(&pem).map_err(|error| unusable(key, &error))?;
                builder
                    .with_client_auth_cert(certificates(cert)?, secret)
                    .map_err(|error| unusable(cert, &error))?
            }
            _ => {
                return Err(EtcdError::Tls(
                    "a client certificate needs its key, and a key its certificate".to_owned(),
                ));
            }
        };
        config.alpn_protocols = vec![b"h2".to_vec()];
        Ok(Arc::new(config))
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, EtcdError> {
    let pem = read(path)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let found = found.map_err(|error| unusable(path, &error))?;
    if found.is_empty() {
        return Err(unusable(path, &"it has no certificate"));
    }
    Ok(found)
}

fn read(path: &Path) -> Result<Vec<u8>, EtcdError> {
    ringwall_files::read(path, MAX_PEM_BYTES).map_err(|error| unusable(path, &error))
}

fn unusable(path: &Path, why: &dyn std::fmt::Display) -> EtcdError {
    EtcdError::File { path: path.to_owned(), message: why.to_string() }
}
