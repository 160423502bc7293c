//! Certificates of signers: whose they are, and whether they were valid.

use jiff::Timestamp;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime};
use webpki::{EndEntityCert, KeyUsage};
use x509_parser::certificate::X509Certificate;
use x509_parser::der_parser::Oid;
use x509_parser::der_parser::oid;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::FromDer as _;

use crate::der::Elements;
use crate::error::Refusal;
use crate::key::PublicKey;

/// Longest certificate, and most in a chain: Fulcio's have about 800 bytes in a chain of three.
const MAX_CERTIFICATE_BYTES: usize = 32 << 10;
const MAX_CHAIN: usize = 10;

/// `UTF8String`, as Fulcio's extensions have it.
const UTF8_STRING: u8 = 0x0c;

/// Who was checked by whom, when the certificate was issued. Source: Fulcio, `docs/oid-info.md`: 1.1 is the issuer's bare
/// text, and 1.8, which replaces it, a UTF8String.
const ISSUER_V1: Oid<'static> = oid!(1.3.6.1.4.1.57264.1.1);
const ISSUER_V2: Oid<'static> = oid!(1.3.6.1.4.1.57264.1.8);
/// A user name as another name of the subject. Source: the same.
const OTHER_NAME: Oid<'static> = oid!(1.3.6.1.4.1.57264.1.7);

/// What a certificate is for. Source: RFC 5280, 4.2.1.12.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    Code,
    Timestamps,
}

impl Use {
    fn usage(self) -> KeyUsage {
        // The certificate itself has to have it, which is looked at apart: those above it may have none, and then aren't bound.
        match self {
            Self::Code => KeyUsage::required_if_present(&[0x2b, 6, 1, 5, 5, 7, 3, 3]),
            Self::Timestamps => KeyUsage::required_if_present(&[0x2b, 6, 1, 5, 5, 7, 3, 8]),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Code => "signing code",
            Self::Timestamps => "timestamps",
        }
    }
}

/// A certificate whose parts are known; nothing says yet that it is valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Certificate {
    pub(crate) der: CertificateDer<'static>,
    pub(crate) key: PublicKey,
    /// Email addresses, URIs and user names of its subject.
    pub(crate) subjects: Vec<String>,
    /// Who had checked the subject; empty if nobody is named.
    pub(crate) issuer: String,
    /// Of X.509, as `IssuerAndSerialNumber` has them.
    pub(crate) serial: Vec<u8>,
    pub(crate) issuer_name: Vec<u8>,
    pub(crate) key_identifier: Option<Vec<u8>>,
    pub(crate) is_root: bool,
    /// Seconds since 1970.
    not_before: i64,
    not_after: i64,
    uses: Uses,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Uses {
    code: bool,
    /// For nothing else, and critical, as RFC 3161, 2.3 asks for.
    timestamps_alone: bool,
}

/// The certificates of a PEM text, in its order.
pub(crate) fn read_pem(text: &[u8]) -> Result<Vec<Certificate>, String> {
    let mut read = Vec::new();
    for der in CertificateDer::pem_slice_iter(text) {
        let der = der.map_err(|_| "is no PEM of certificates".to_owned())?;
        if read.len() == MAX_CHAIN {
            return Err(format!("has more than {MAX_CHAIN} certificates"));
        }
        read.push(Certificate::read(&der)?);
    }
    Ok(read)
}

impl Certificate {
    /// Reads one in DER.
    pub(crate) fn read(der: &[u8]) -> Result<Self, String> {
        if der.len() > MAX_CERTIFICATE_BYTES {
            return Err(format!("has a certificate of more than {MAX_CERTIFICATE_BYTES} bytes"));
        }
        let parsed = X509Certificate::from_der(der);
        let (rest, parsed) = parsed.map_err(|_| "has a certificate that is none".to_owned())?;
        if !rest.is_empty() {
            return Err("has something behind its certificate".to_owned());
        }
        let key = PublicKey::from_spki(parsed.public_key().raw)
            .map_err(|why| format!("has a certificate that {why}"))?;
        let mut subjects = Vec::new();
        let mut uses = Uses::default();
        let (mut v1, mut v2, mut key_identifier) = (None, None, None);
        for extension in parsed.extensions() {
            match extension.parsed_extension() {
                ParsedExtension::SubjectAlternativeName(names) => {
                    subjects.extend(names.general_names.iter().filter_map(subject));
                }
                ParsedExtension::ExtendedKeyUsage(usage) => {
                    let others = usage.any
                        || usage.server_auth
                        || usage.client_auth
                        || usage.email_protection
                        || usage.code_signing
                        || usage.ocsp_signing
                        || !usage.other.is_empty();
                    uses.code = usage.code_signing;
                    uses.timestamps_alone = usage.time_stamping && !others && extension.critical;
                }
                ParsedExtension::SubjectKeyIdentifier(id) => key_identifier = Some(id.0.to_vec()),
                _ if extension.oid == ISSUER_V1 => v1 = std::str::from_utf8(extension.value).ok(),
                _ if extension.oid == ISSUER_V2 => v2 = utf8(extension.value),
                _ => {}
            }
        }
        Ok(Self {
            key,
            subjects,
            issuer: v2.or(v1).unwrap_or_default().to_owned(),
            serial: parsed.raw_serial().to_vec(),
            issuer_name: parsed.issuer().as_raw().to_vec(),
            key_identifier,
            is_root: parsed.subject().as_raw() == parsed.issuer().as_raw(),
            not_before: parsed.validity().not_before.timestamp(),
            not_after: parsed.validity().not_after.timestamp(),
            uses,
            der: CertificateDer::from(der.to_vec()),
        })
    }

    /// Whether it led to one of the roots at a time, and was for that use.
    pub(crate) fn verify(
        &self,
        between: &[Certificate],
        roots: &[Certificate],
        at: Timestamp,
        wanted: Use,
    ) -> Result<(), Refusal> {
        let fits = match wanted {
            Use::Code => self.uses.code,
            Use::Timestamps => self.uses.timestamps_alone,
        };
        if !fits {
            return Err(Refusal::Usage(wanted.name()));
        }
        let refuse = |why: String| Refusal::Chain { at: at.to_string(), why };
        // A root counts while it is valid, like any other certificate: webpki takes it at any time.
        let anchors: Vec<TrustAnchor<'_>> = roots
            .iter()
            .filter(|root| (root.not_before..=root.not_after).contains(&at.as_second()))
            .filter_map(|root| webpki::anchor_from_trusted_cert(&root.der).ok())
            .collect();
        let between: Vec<CertificateDer<'_>> = between.iter().map(|one| one.der.clone()).collect();
        let leaf = EndEntityCert::try_from(&self.der).map_err(|error| refuse(error.to_string()))?;
        let seconds = u64::try_from(at.as_second()).map_err(|_| refuse("that is before 1970".to_owned()))?;
        let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
        let path = leaf.verify_for_usage(
            webpki::ALL_VERIFICATION_ALGS,
            &anchors,
            &between,
            time,
            wanted.usage(),
            None,
            None,
        );
        path.map(drop).map_err(|error| refuse(error.to_string()))
    }
}

fn subject(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::RFC822Name(text) | GeneralName::URI(text) => Some((*text).to_owned()),
        GeneralName::OtherName(id, value) if *id == OTHER_NAME => {
            // `[0] EXPLICIT`, with a UTF8String inside; with or without the outer tag, by parser.
            let mut elements = Elements::of(value);
            let mut element = elements.next()?;
            if element.tag == 0xa0 {
                element = element.inside().next()?;
            }
            (element.tag == UTF8_STRING)
                .then(|| std::str::from_utf8(element.content).ok().map(str::to_owned))?
        }
        _ => None,
    }
}

fn utf8(value: &[u8]) -> Option<&str> {
    let mut elements = Elements::of(value);
    let element = elements.take(UTF8_STRING)?;
    elements.is_empty().then(|| std::str::from_utf8(element.content).ok())?
}
