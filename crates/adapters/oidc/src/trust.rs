use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use data_encoding::HEXLOWER_PERMISSIVE;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use crate::{FetchError, SetupError};

/// The SHA-1 of a certificate, as IAM registers it with a provider: forty hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Thumbprint([u8; 20]);

impl Thumbprint {
    pub(crate) fn of(certificate: &CertificateDer<'_>) -> Option<Self> {
        let digest = digest(&SHA1_FOR_LEGACY_USE_ONLY, certificate);
        Some(Self(digest.as_ref().try_into().ok()?))
    }
}

impl FromStr for Thumbprint {
    type Err = SetupError;

    fn from_str(text: &str) -> Result<Self, SetupError> {
        let refuse = || SetupError::Thumbprint(crate::token::cut(text));
        let bytes = HEXLOWER_PERMISSIVE.decode(text.as_bytes()).map_err(|_| refuse())?;
        Ok(Self(bytes.try_into().map_err(|_| refuse())?))
    }
}

impl fmt::Display for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER_PERMISSIVE.encode(&self.0))
    }
}

/// Whose certificates are trusted: the system's authorities, and those of a file.
#[derive(Debug, Clone)]
pub(crate) struct Trust {
    roots: Arc<RootCertStore>,
    provider: Arc<CryptoProvider>,
}

impl Trust {
    pub(crate) fn load(extra: Option<&Path>) -> Result<Self, SetupError> {
        let roots = ringwall_roots::load(extra)?;
        Ok(Self { roots: Arc::new(roots), provider: Arc::new(rustls::crypto::aws_lc_rs::default_provider()) })
    }

    /// A client configuration that takes certificates by trusted authorities, and those that match a thumbprint.
    pub(crate) fn client(&self, thumbprints: &[Thumbprint]) -> Result<ClientConfig, FetchError> {
        self.config(Demand::Vouched(thumbprints.to_vec()))
    }

    /// A client configuration for asking a server what certificates it has, and for nothing else.
    pub(crate) fn anyone(&self) -> Result<ClientConfig, FetchError> {
        self.config(Demand::Nothing)
    }

    fn config(&self, demand: Demand) -> Result<ClientConfig, FetchError> {
        let verifier =
            Verifier { roots: Arc::clone(&self.roots), provider: Arc::clone(&self.provider), demand };
        let mut config = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| FetchError::Setup(Arc::new(error)))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

/// Takes what the authorities vouch for; else, what a chain that ends in a registered certificate vouches for.
///
/// Source: AWS, *IAM API Reference*, UpdateOpenIDConnectProviderThumbprint: AWS secures communication by its library of
/// trusted root authorities; only if the provider's certificate is not signed by one of these, by the thumbprints in the
/// provider's configuration. *IAM User Guide*, "Obtain the thumbprint for an OpenID Connect identity provider": the
/// thumbprint is that of the last certificate in the chain that the server sends, and one trusts any certificate that is
/// issued by it for the same DNS name.
#[derive(Debug)]
struct Verifier {
    roots: Arc<RootCertStore>,
    provider: Arc<CryptoProvider>,
    demand: Demand,
}

/// Who has to vouch for a certificate.
#[derive(Debug)]
enum Demand {
    /// A trusted authority, or one of these.
    Vouched(Vec<Thumbprint>),
    /// Nobody.
    Nothing,
}

impl Verifier {
    fn verify(
        &self,
        roots: &RootCertStore,
        certificate: &ParsedCertificate<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), Error> {
        let algorithms = self.provider.signature_verification_algorithms.all;
        verify_server_cert_signed_by_trust_anchor(certificate, roots, intermediates, now, algorithms)?;
        verify_server_name(certificate, name)
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let thumbprints = match &self.demand {
            Demand::Vouched(thumbprints) => thumbprints,
            Demand::Nothing => return Ok(ServerCertVerified::assertion()),
        };
        let certificate = ParsedCertificate::try_from(end_entity)?;
        let trusted = self.verify(&self.roots, &certificate, intermediates, name, now);
        // An expired certificate, or one of another host, is refused whoever made it: thumbprints only stand in for an
        // authority.
        if trusted != Err(Error::InvalidCertificate(CertificateError::UnknownIssuer)) {
            return trusted.map(|()| ServerCertVerified::assertion());
        }
        let (last, between) = match intermediates.split_last() {
            Some((last, between)) => (last, between),
            None => (end_entity, intermediates),
        };
        if !Thumbprint::of(last).is_some_and(|thumbprint| thumbprints.contains(&thumbprint)) {
            return Err(Error::InvalidCertificate(CertificateError::UnknownIssuer));
        }
        let mut roots = RootCertStore::empty();
        roots.add(last.clone().into_owned())?;
        self.verify(&roots, &certificate, between, name, now).map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
