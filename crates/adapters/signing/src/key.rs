//! Public keys.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P384_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ED25519,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, UnparsedPublicKey,
    VerificationAlgorithm,
};
use data_encoding::HEXLOWER;
use rustls_pki_types::SubjectPublicKeyInfoDer;
use rustls_pki_types::pem::PemObject as _;
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::SubjectPublicKeyInfo;

/// Longest key that is read: one of RSA with 8192 bits has 1,062 bytes.
const MAX_SPKI_BYTES: usize = 4 << 10;

/// A key by which signatures are checked: ECDSA on P-256 or P-384, RSA of 2048 to 8192 bits, or Ed25519.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    /// `SubjectPublicKeyInfo`, RFC 5280, 4.1.
    spki: Vec<u8>,
    kind: Kind,
    /// What is in it, without its kind.
    raw: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    P256,
    P384,
    Rsa,
    Ed25519,
}

/// What was hashed before it was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

impl PublicKey {
    /// Reads `-----BEGIN PUBLIC KEY-----`.
    ///
    /// # Errors
    ///
    /// What it isn't.
    pub fn from_pem(text: &[u8]) -> Result<Self, String> {
        let spki = SubjectPublicKeyInfoDer::from_pem_slice(text)
            .map_err(|_| "is no public key in PEM (`-----BEGIN PUBLIC KEY-----`)".to_owned())?;
        Self::from_spki(&spki)
    }

    /// Reads a `SubjectPublicKeyInfo`.
    ///
    /// # Errors
    ///
    /// What it isn't.
    pub fn from_spki(der: &[u8]) -> Result<Self, String> {
        if der.len() > MAX_SPKI_BYTES {
            return Err(format!("is a key of more than {MAX_SPKI_BYTES} bytes"));
        }
        let (rest, info) = SubjectPublicKeyInfo::from_der(der).map_err(|_| "is no public key".to_owned())?;
        if !rest.is_empty() {
            return Err("has something behind its key".to_owned());
        }
        let curve = info.algorithm.parameters.as_ref().and_then(|any| any.as_oid().ok());
        let curve = curve.map(|oid| oid.to_id_string());
        // Sources: RFC 5480 (elliptic curves), RFC 3279 (RSA), RFC 8410 (Ed25519).
        let kind = match (info.algorithm.algorithm.to_id_string().as_str(), curve.as_deref()) {
            ("1.2.840.10045.2.1", Some("1.2.840.10045.3.1.7")) => Kind::P256,
            ("1.2.840.10045.2.1", Some("1.3.132.0.34")) => Kind::P384,
            ("1.2.840.113549.1.1.1", _) => Kind::Rsa,
            ("1.3.101.112", None) => Kind::Ed25519,
            _ => {
                return Err(
                    "is a key of a kind that isn't checked (hint: ECDSA on P-256 or P-384, RSA or Ed25519)"
                        .to_owned(),
                );
            }
        };
        Ok(Self { spki: der.to_vec(), kind, raw: info.subject_public_key.data.to_vec() })
    }

    /// SHA-256 of the key, in hexadecimal digits: by it logs are named, and people tell keys apart.
    pub fn id(&self) -> String {
        HEXLOWER.encode(digest(&SHA256, &self.spki).as_ref())
    }

    /// Whether the signature of a message is by this key. ECDSA and RSA (PKCS #1 v1.5) over SHA-256, as cosign signs with every
    /// such key, P-384 over SHA-384 too.
    ///
    /// Source: cosign, `specs/SIGNATURE_SPEC.md`, "Signature Schemes"; sigstore, *Algorithm Registry*.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.verifies_hash(Hash::Sha256, message, signature)
            || self.kind == Kind::P384 && self.verifies_hash(Hash::Sha384, message, signature)
    }

    /// The same, with the hash that something else names. Ed25519 has its own.
    pub(crate) fn verifies_hash(&self, hash: Hash, message: &[u8], signature: &[u8]) -> bool {
        let algorithm: &'static dyn VerificationAlgorithm = match (self.kind, hash) {
            (Kind::P256, Hash::Sha256) => &ECDSA_P256_SHA256_ASN1,
            (Kind::P256, Hash::Sha384) => &ECDSA_P256_SHA384_ASN1,
            (Kind::P384, Hash::Sha256) => &ECDSA_P384_SHA256_ASN1,
            (Kind::P384, Hash::Sha384) => &ECDSA_P384_SHA384_ASN1,
            (Kind::P256 | Kind::P384, Hash::Sha512) => return false,
            (Kind::Rsa, Hash::Sha256) => &RSA_PKCS1_2048_8192_SHA256,
            (Kind::Rsa, Hash::Sha384) => &RSA_PKCS1_2048_8192_SHA384,
            (Kind::Rsa, Hash::Sha512) => &RSA_PKCS1_2048_8192_SHA512,
            (Kind::Ed25519, _) => &ED25519,
        };
        UnparsedPublicKey::new(algorithm, &self.raw).verify(message, signature).is_ok()
    }
}
