use std::sync::Arc;

use rustls::RootCertStore;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;

use crate::error::ServerError;

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
