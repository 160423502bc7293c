//! TLS: which certificate is shown, and how it is replaced while connections come and go.

mod authority;
mod client;
mod files;
mod info;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio_rustls::TlsAcceptor;

pub use client::{
    ClientCertificate, authorities, client_names, client_verifier, issue_client, own_authority,
};
pub use info::TlsInfo;

use crate::error::ServerError;
use crate::metrics::Metrics;
use authority::Authority;
use files::{Files, Found};

/// How often it is looked whether a certificate has changed or has to be renewed. A rename by `cert-manager` or a
/// person is seen soon, and reading two small files costs nothing.
pub const LOOK_EVERY: Duration = Duration::from_secs(5);

/// From when on the end of a given certificate is warned of at every start and reload.
const ENDS_SOON: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// Where a server's certificate comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// PEM files: the certificate with its chain, and its key. They are read again when they change.
    Files {
        /// The certificate, followed by those up to, without, the root.
        certificate: PathBuf,
        /// The private key: PKCS#8, PKCS#1 or SEC1.
        key: PathBuf,
    },
    /// A certificate authority of the installation's own, made in this folder if it is not there yet: `ca.pem`, which
    /// clients trust, and `ca.key`. It issues short-lived certificates, whose keys never leave memory, for
    /// `localhost`, `127.0.0.1`, `::1` and these names.
    Own {
        /// The folder.
        folder: PathBuf,
        /// DNS names, wildcards included, and IP addresses.
        names: Vec<String>,
    },
}

/// A certificate that can be used, and until when.
#[derive(Clone, Debug)]
struct Usable {
    key: Arc<CertifiedKey>,
    ends: SystemTime,
}

/// What a look at the source brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Looked {
    /// All is as it was.
    Same,
    /// From now on there is another certificate.
    Replaced,
}

/// The server's side of TLS 1.2 and 1.3.
pub struct Tls {
    acceptor: TlsAcceptor,
    shown: Arc<Shown>,
    /// What is needed to renew; one look at a time.
    origin: Mutex<Origin>,
    metrics: Metrics,
}

enum Origin {
    Files(Files),
    Own { authority: Box<Authority>, names: Vec<String>, renew: SystemTime },
}

/// The certificate that the next handshake shows.
#[derive(Debug)]
struct Shown(ArcSwap<CertifiedKey>);

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

impl Tls {
    /// Reads or makes the certificate. With a verifier ([`client_verifier`]) clients are asked for one too.
    ///
    /// # Errors
    ///
    /// Files that can't be read or are no matching, current certificate and key; names that are none.
    pub fn open(
        source: Source,
        clients: Option<Arc<dyn ClientCertVerifier>>,
        metrics: Metrics,
    ) -> Result<Self, ServerError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let now = SystemTime::now();
        let (origin, usable) = match source {
            Source::Files { certificate, key } => {
                let (files, usable) = Files::open(certificate, key, &provider, now)?;
                (Origin::Files(files), usable)
            }
            Source::Own { folder, names } => {
                let authority = Box::new(Authority::open(&folder, now)?);
                let (usable, renew) = authority.issue(&names, &provider, now)?;
                (Origin::Own { authority, names, renew }, usable)
            }
        };
        let shown = Arc::new(Shown(ArcSwap::new(usable.key)));
        let builder = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?;
        let builder = match clients {
            Some(verifier) => builder.with_client_cert_verifier(verifier),
            None => builder.with_no_client_auth(),
        };
        let resolver: Arc<dyn ResolvesServerCert> = Arc::<Shown>::clone(&shown);
        let mut config = builder.with_cert_resolver(resolver);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let tls = Self { acceptor, shown, origin: Mutex::new(origin), metrics };
        tls.tell_end(usable.ends, now);
        Ok(tls)
    }

    pub(crate) fn acceptor(&self) -> &TlsAcceptor {
        &self.acceptor
    }

    /// Looks whether the certificate has changed or has to be renewed, and if so replaces it for the handshakes to
    /// come. It blocks on files.
    ///
    /// # Errors
    ///
    /// What is there now can't be used; the certificate in use stays. The same bad files are told once.
    pub fn look(&self) -> Result<Looked, ServerError> {
        self.look_at(SystemTime::now())
    }

    fn look_at(&self, now: SystemTime) -> Result<Looked, ServerError> {
        let provider: &Arc<CryptoProvider> = self.acceptor.config().crypto_provider();
        let mut origin = self.origin.lock().unwrap_or_else(PoisonError::into_inner);
        let usable = match &mut *origin {
            Origin::Files(files) => match files.look(provider, now)? {
                Found::Same => return Ok(Looked::Same),
                Found::New(usable) => usable,
            },
            Origin::Own { renew, .. } if now < *renew => return Ok(Looked::Same),
            Origin::Own { authority, names, renew } => {
                let (usable, next) = authority.issue(names, provider, now)?;
                *renew = next;
                usable
            }
        };
        self.tell_end(usable.ends, now);
        self.shown.0.store(usable.key);
        Ok(Looked::Replaced)
    }

    /// Looks every [`LOOK_EVERY`] until it is dropped, and tells in the log what changed.
    pub async fn keep_fresh(self: Arc<Self>) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            self.refresh().await;
        }
    }

    /// Looks once, and tells in the log what changed.
    pub async fn refresh(self: &Arc<Self>) {
        let tls = Arc::clone(self);
        match tokio::task::spawn_blocking(move || tls.look()).await {
            Ok(Ok(Looked::Same)) => {}
            Ok(Ok(Looked::Replaced)) => tracing::info!("the TLS certificate was replaced"),
            Ok(Err(error)) => tracing::error!(
                %error,
                hint = error.hint(),
                "the new TLS certificate is refused, the old one stays in use"
            ),
            Err(error) => tracing::error!(%error, "the TLS certificate could not be looked at"),
        }
    }

    fn tell_end(&self, ends: SystemTime, now: SystemTime) {
        let since_1970 = ends.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        self.metrics.certificate_ends(i64::try_from(since_1970).unwrap_or(i64::MAX));
        let left = ends.duration_since(now).unwrap_or_default();
        if left < ENDS_SOON {
            tracing::warn!(hours_left = left.as_secs() / 3600, "the TLS certificate ends soon");
        }
    }
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_own_certificate_is_renewed_before_it_ends() {
        let folder = tempfile::tempdir().unwrap();
        let source = Source::Own { folder: folder.path().to_owned(), names: Vec::new() };
        let tls = Tls::open(source, None, Metrics::default()).unwrap();
        let day = |days: u32| SystemTime::now() + Duration::from_secs(24 * 60 * 60) * days;
        let leaf = || tls.shown.0.load().end_entity_cert().unwrap().to_vec();
        let ends = || {
            let leaf = tls.shown.0.load();
            files::validity(leaf.end_entity_cert().unwrap()).unwrap().1
        };
        let (first, first_end) = (leaf(), ends());
        assert_eq!(tls.look_at(day(59)).unwrap(), Looked::Same);
        assert_eq!(leaf(), first);
        assert_eq!(tls.look_at(day(61)).unwrap(), Looked::Replaced);
        assert_ne!(leaf(), first);
        assert!(ends() > first_end);
        assert_eq!(tls.look_at(day(62)).unwrap(), Looked::Same);
    }
}
