//! The installation's own certificate authority.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, SanType, date_time_ymd,
};
use ringwall_model::Secret;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, DnsName, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;
use zeroize::Zeroizing;

use super::Usable;
use super::client::ClientCertificate;
use super::files::{certificates, content, no_certificate, read, validity};
use crate::error::ServerError;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long the authority lasts: clients have to be given a new one by hand, so that should be rare.
const AUTHORITY_DAYS: u32 = 3650;

/// How long a server's certificate lasts. Short, since it can't be revoked; renewed by itself.
const SERVER_DAYS: u32 = 90;

/// How long a client's certificate lasts: it is handed out by a person, to an apiserver that reads it again when it changes.
const CLIENT_DAYS: u32 = 365;

/// The longest common name. Source: RFC 5280, appendix A.1, `ub-common-name`.
const MAX_COMMON_NAME: usize = 64;

/// When a server's certificate is renewed: as many of its last days are left, for clients whose clock is fast and for
/// whoever has to notice that renewing fails.
const RENEWED_BEFORE_DAYS: u32 = 30;

/// By how much a client's clock may be slow.
const CLOCK_SKEW: Duration = Duration::from_secs(60 * 60);

/// Names that every certificate has: the ways to say "this machine".
const LOCAL: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// The authority's certificate and key.
#[derive(Debug)]
pub(super) struct Authority {
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
    ends: SystemTime,
}

impl Authority {
    /// Reads the authority in a folder, or makes it.
    pub(super) fn open(folder: &Path, now: SystemTime) -> Result<Self, ServerError> {
        let (key_path, certificate_path) = (folder.join("ca.key"), folder.join("ca.pem"));
        if !certificate_path.exists() {
            make(folder, &key_path, &certificate_path, now)?;
        }
        private(&key_path)?;
        let key = Zeroizing::new(read(&key_path)?);
        let key =
            std::str::from_utf8(&key).ok().and_then(|pem| KeyPair::from_pem(pem).ok()).ok_or_else(|| {
                content(&key_path, "has no private key in it", "put the key back that belongs to ca.pem")
            })?;
        let pem = read(&certificate_path)?;
        let found = certificates(&certificate_path, &pem)?.into_iter().next();
        let certificate = found.ok_or_else(|| no_certificate(&certificate_path))?;
        let (_, ends) = validity(&certificate).ok_or_else(|| no_certificate(&certificate_path))?;
        if now >= ends {
            return Err(content(
                &certificate_path,
                "has ended",
                "remove ca.pem and ca.key to have a new authority made, and give its ca.pem to the clients",
            ));
        }
        if !is_key_of(&key, &certificate) {
            return Err(content(
                &key_path,
                "is not the key of ca.pem",
                "put the key back that belongs to it",
            ));
        }
        let issuer = Issuer::from_ca_cert_der(&certificate, key)?;
        Ok(Self { certificate, issuer, ends })
    }

    /// Its own certificate.
    pub(super) fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// Issues a certificate for this machine and these names, and says when to do so again.
    pub(super) fn issue(
        &self,
        names: &[String],
        provider: &CryptoProvider,
        now: SystemTime,
    ) -> Result<(Usable, SystemTime), ServerError> {
        let mut params = CertificateParams::default();
        for name in LOCAL.into_iter().chain(names.iter().map(String::as_str)) {
            params.subject_alt_names.push(alternative_name(name)?);
        }
        let ends = self.ends.min(now + DAY * SERVER_DAYS);
        let (leaf, key) = self.sign(params, "Ringwall", ExtendedKeyUsagePurpose::ServerAuth, now, ends)?;
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let chain = vec![leaf.der().clone(), self.certificate.clone()];
        let key = Arc::new(CertifiedKey::from_der(chain, key, provider)?);
        // Close to the authority's own end there is no point in renewing every few seconds.
        let renew = (ends - DAY * RENEWED_BEFORE_DAYS).max(now + DAY);
        Ok((Usable { key, ends }, renew))
    }

    /// Issues a certificate by which a client proves that it is of this name.
    pub(super) fn issue_client(&self, name: &str, now: SystemTime) -> Result<ClientCertificate, ServerError> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/@".contains(&byte);
        if name.is_empty() || name.len() > MAX_COMMON_NAME || !name.bytes().all(plain) {
            return Err(ServerError::ClientName(name.to_owned()));
        }
        let ends = self.ends.min(now + DAY * CLIENT_DAYS);
        let params = CertificateParams::default();
        let (leaf, key) = self.sign(params, name, ExtendedKeyUsagePurpose::ClientAuth, now, ends)?;
        Ok(ClientCertificate { certificate: leaf.pem(), key: Secret::from(key.serialize_pem()), ends })
    }

    fn sign(
        &self,
        mut params: CertificateParams,
        common_name: &str,
        usage: ExtendedKeyUsagePurpose,
        now: SystemTime,
        ends: SystemTime,
    ) -> Result<(rcgen::Certificate, KeyPair), ServerError> {
        params.distinguished_name = name_of(common_name);
        params.not_before = date_time_ymd(1970, 1, 1) + since_1970(now - CLOCK_SKEW);
        params.not_after = date_time_ymd(1970, 1, 1) + since_1970(ends);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![usage];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        Ok((params.signed_by(&key, &self.issuer)?, key))
    }
}

/// Makes key and certificate. The key comes first and is never replaced, so that a crash in between, or a second process,
/// leaves no certificate without its key.
fn make(folder: &Path, key_path: &Path, certificate_path: &Path, now: SystemTime) -> Result<(), ServerError> {
    let failed = |source| ServerError::File { path: folder.to_owned(), action: "made", source };
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
    if !key_path.exists() {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        write_new(key_path, Zeroizing::new(key.serialize_pem()).as_bytes(), 0o600)?;
    }
    let pem = Zeroizing::new(read(key_path)?);
    let key = std::str::from_utf8(&pem)
        .ok()
        .and_then(|pem| KeyPair::from_pem(pem).ok())
        .ok_or_else(|| content(key_path, "has no private key in it", "remove it to have a new one made"))?;
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    // Two installations' authorities in one bundle need two names.
    let id: String = params.key_identifier(&key).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    params.distinguished_name = name_of(&format!("Ringwall CA {id}"));
    params.not_before = date_time_ymd(1970, 1, 1) + since_1970(now - CLOCK_SKEW);
    params.not_after = date_time_ymd(1970, 1, 1) + since_1970(now + DAY * AUTHORITY_DAYS);
    let certificate = params.self_signed(&key)?;
    write_new(certificate_path, certificate.pem().as_bytes(), 0o644)
}

/// Writes a file that must not be there, durably and so that nobody sees half of it. If another process has written
/// it meanwhile, that one holds.
fn write_new(path: &Path, bytes: &[u8], mode: u32) -> Result<(), ServerError> {
    let failed = |source| ServerError::File { path: path.to_owned(), action: "written", source };
    let mut half = path.as_os_str().to_owned();
    half.push(format!(".{}", std::process::id()));
    let half = PathBuf::from(half);
    let written = (|| {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&half)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        match fs::hard_link(&half, path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ => path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all()),
        }
    })();
    let _ = fs::remove_file(&half);
    written.map_err(failed)
}

/// Refuses a key that others may read.
fn private(path: &Path) -> Result<(), ServerError> {
    let failed = |source| ServerError::File { path: path.to_owned(), action: "read", source };
    let mode = fs::metadata(path).map_err(failed)?.permissions().mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    let problem = format!("can be read by others (mode {:04o})", mode & 0o7777);
    Err(content(
        path,
        problem,
        "chmod 600 it; if others may have read it, remove it and ca.pem for a new authority",
    ))
}

fn is_key_of(key: &KeyPair, certificate: &CertificateDer<'_>) -> bool {
    use x509_parser::prelude::FromDer as _;

    x509_parser::certificate::X509Certificate::from_der(certificate)
        .is_ok_and(|(_, parsed)| parsed.public_key().subject_public_key.data.as_ref() == key.public_key_raw())
}

fn alternative_name(name: &str) -> Result<SanType, ServerError> {
    if let Ok(address) = name.parse() {
        return Ok(SanType::IpAddress(address));
    }
    let host = name.strip_prefix("*.").unwrap_or(name);
    let valid = DnsName::try_from(host).is_ok();
    match name.try_into() {
        Ok(name) if valid => Ok(SanType::DnsName(name)),
        _ => Err(ServerError::Name(name.to_owned())),
    }
}

fn name_of(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    name
}

/// `rcgen` has dates of the crate `time`, which can be counted on from 1970.
fn since_1970(at: SystemTime) -> Duration {
    at.duration_since(UNIX_EPOCH).unwrap_or_default()
}
