//! Signing with a key of one's own, in the form that cosign reads.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use data_encoding::BASE64;
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject as _;
use serde_json::{Value, json};

use crate::claim::simple_payload;
use crate::collect::SIMPLE_SIGNING;
use crate::digest::ImageDigest;
use crate::error::SourceError;
use crate::source::{Reference, Remote, Source as _};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// Most signatures of an image: as many as are looked at.
const MAX_SIGNATURES: usize = 256;

/// A private key: ECDSA on P-256 or P-384, RSA or Ed25519, in PKCS #8.
pub struct SigningKey(Kind);

enum Kind {
    Ecdsa(EcdsaKeyPair),
    Rsa(RsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// Why an image is not signed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// The key can't be used.
    #[error("the key {0}")]
    Key(&'static str),
    /// Signing failed.
    #[error("the signature could not be made")]
    Crypto,
    /// The registry doesn't take it.
    #[error(transparent)]
    Registry(#[from] SourceError),
    /// What stands there already can't be added to.
    #[error("`{0}` holds something that is no list of signatures")]
    Beside(String),
}

impl SigningKey {
    /// Reads `-----BEGIN PRIVATE KEY-----`.
    ///
    /// # Errors
    ///
    /// It is none, or is locked by a passphrase.
    pub fn from_pem(text: &[u8]) -> Result<Self, SignError> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(text).map_err(|_| {
            SignError::Key("is no private key in PEM (`-----BEGIN PRIVATE KEY-----`); cosign's own form is locked by a passphrase and not read")
        })?;
        let der = der.secret_pkcs8_der();
        let ecdsa = |algorithm: &'static EcdsaSigningAlgorithm| EcdsaKeyPair::from_pkcs8(algorithm, der).ok();
        let kind = ecdsa(&ECDSA_P256_SHA256_ASN1_SIGNING)
            .or_else(|| ecdsa(&ECDSA_P384_SHA384_ASN1_SIGNING))
            .map(Kind::Ecdsa)
            .or_else(|| RsaKeyPair::from_pkcs8(der).ok().map(Kind::Rsa))
            .or_else(|| Ed25519KeyPair::from_pkcs8(der).ok().map(Kind::Ed25519));
        kind.map(Self).ok_or(SignError::Key(
            "is of a kind that isn't used (hint: ECDSA on P-256 or P-384, RSA or Ed25519)",
        ))
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let random = SystemRandom::new();
        match &self.0 {
            Kind::Ecdsa(key) => key
                .sign(&random, message)
                .map(|signature| signature.as_ref().to_vec())
                .map_err(|_| SignError::Crypto),
            Kind::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .map_err(|_| SignError::Crypto)?;
                Ok(signature)
            }
            Kind::Ed25519(key) => Ok(key.sign(message).as_ref().to_vec()),
        }
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey").finish_non_exhaustive()
    }
}

/// Signs an image of a registry: a simple signature more under cosign's tag, beside those that are there.
///
/// # Errors
///
/// There is no such image, or the registry doesn't take the signature; then nothing has changed.
pub async fn sign(
    remote: &Remote<'_>,
    reference: &Reference,
    key: &SigningKey,
) -> Result<ImageDigest, SignError> {
    let image = remote.manifest(reference.target()).await?;
    let image = image.ok_or_else(|| SourceError::Missing(reference.to_string()))?.digest;
    let tag = image.tag(".sig");
    let mut layers = match remote.manifest(&tag).await? {
        None => Vec::new(),
        Some(manifest) => layers(&manifest.bytes).ok_or_else(|| SignError::Beside(tag.clone()))?,
    };
    if layers.len() >= MAX_SIGNATURES {
        return Err(SourceError::TooMany { what: "signatures", limit: MAX_SIGNATURES }.into());
    }
    let payload = simple_payload(&reference.name(), &image);
    let signature = BASE64.encode(&key.sign(&payload)?);
    let size = payload.len();
    let digest = remote.put_blob(payload).await?;
    layers.push(json!({
        "mediaType": SIMPLE_SIGNING,
        "size": size,
        "digest": digest.as_str(),
        "annotations": { "dev.cosignproject.cosign/signature": signature },
    }));
    let diff_ids: Vec<&Value> = layers.iter().filter_map(|layer| layer.get("digest")).collect();
    let config = json!({
        "architecture": "", "created": "0001-01-01T00:00:00Z", "os": "", "config": {},
        "history": vec![json!({ "created": "0001-01-01T00:00:00Z" }); layers.len()],
        "rootfs": { "type": "layers", "diff_ids": diff_ids },
    });
    let config = config.to_string().into_bytes();
    let config_size = config.len();
    let config = remote.put_blob(config).await?;
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json", "size": config_size, "digest": config.as_str(),
        },
        "layers": layers,
    });
    remote.put_manifest(&tag, MANIFEST, manifest.to_string().into_bytes()).await?;
    Ok(image)
}

fn layers(manifest: &[u8]) -> Option<Vec<Value>> {
    let mut manifest: Value = serde_json::from_slice(manifest).ok()?;
    match manifest.get_mut("layers")?.take() {
        Value::Array(layers) => Some(layers),
        _ => None,
    }
}
