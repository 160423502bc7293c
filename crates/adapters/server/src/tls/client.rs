//! Certificates by which clients prove who they are.

use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use ringwall_model::Secret;
use rustls::RootCertStore;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer as _;

use super::authority::Authority;
use super::files::{certificates, no_certificate, read};
use crate::error::ServerError;

/// A client's certificate with its key.
#[derive(Debug)]
pub struct ClientCertificate {
    /// The certificate, in PEM.
    pub certificate: String,
    /// Its key, in PEM.
    pub key: Secret,
    /// When it ends.
    pub ends: SystemTime,
}

/// Issues a certificate for a client by the own authority in a folder ([`crate::Source::Own`]), which is made if it is not
/// there. It lasts a year.
///
/// # Errors
///
/// The name is longer than 64 bytes or has other characters than letters, digits and `-_.:/@`; the authority can't be
/// read or made.
pub fn issue_client(folder: &Path, name: &str) -> Result<ClientCertificate, ServerError> {
    let now = SystemTime::now();
    Authority::open(folder, now)?.issue_client(name, now)
}

/// The names in a client's certificate: its common name, then its DNS names. None if it can't be read.
pub fn client_names(certificate: &CertificateDer<'_>) -> Vec<String> {
    let Ok((_, parsed)) = X509Certificate::from_der(certificate) else { return Vec::new() };
    let common = parsed.subject().iter_common_name().filter_map(|name| name.as_str().ok()).map(str::to_owned);
    let mut names: Vec<String> = common.collect();
    if let Ok(Some(alternative)) = parsed.subject_alternative_name() {
        names.extend(alternative.value.general_names.iter().filter_map(|name| match name {
            GeneralName::DNSName(name) => Some((*name).to_owned()),
            _ => None,
        }));
    }
    names
}

/// The certificate of the own authority in a folder ([`crate::Source::Own`]), which is made if it is not there.
///
/// # Errors
///
/// The authority can't be read or made.
pub fn own_authority(folder: &Path) -> Result<CertificateDer<'static>, ServerError> {
    Ok(Authority::open(folder, SystemTime::now())?.certificate().clone())
}

/// The certificates of a PEM file of authorities, for [`client_verifier`].
///
/// # Errors
///
/// The file can't be read, or has no certificate in it.
pub fn authorities(path: &Path) -> Result<Vec<CertificateDer<'static>>, ServerError> {
    let found = certificates(path, &read(path)?)?;
    if found.is_empty() { Err(no_certificate(path)) } else { Ok(found) }
}

/// A verifier of client certificates that these roots have issued.
///
/// With `required`, who shows none gets no connection; without, [`crate::TlsInfo::client`] is `None` for them.
///
/// # Errors
///
/// A root that is no certificate authority's certificate; no roots at all.
pub fn client_verifier(
    roots: impl IntoIterator<Item = CertificateDer<'static>>,
    required: bool,
) -> Result<Arc<dyn ClientCertVerifier>, ServerError> {
    let mut store = RootCertStore::empty();
    for root in roots {
        store.add(root)?;
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(store), provider);
    let builder = if required { builder } else { builder.allow_unauthenticated() };
    Ok(builder.build()?)
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::pem::PemObject as _;

    use super::*;

    #[test]
    fn a_client_has_the_name_that_it_was_given() {
        let folder = tempfile::tempdir().unwrap();
        let client = issue_client(folder.path(), "cluster:shop/eu-central-1").unwrap();
        let leaf = CertificateDer::from_pem_slice(client.certificate.as_bytes()).unwrap();
        assert_eq!(client_names(&leaf), ["cluster:shop/eu-central-1"]);
        assert_eq!(client_names(&CertificateDer::from(vec![1, 2, 3])), [""; 0]);
        for name in ["", "a b", "a\n", &"x".repeat(65)] {
            assert!(matches!(issue_client(folder.path(), name), Err(ServerError::ClientName(_))), "{name}");
        }
        assert_eq!(authorities(&folder.path().join("ca.pem")).unwrap().len(), 1);
        assert!(matches!(authorities(&folder.path().join("ca.key")), Err(ServerError::Content { .. })));
    }
}
