//! What key ids, annotations and ciphertexts look like, and what binds them to each other.

use std::fmt;

use ringwall_envelope::{Aad, EnvelopeError, Key, Random};
use ringwall_model::Secret;

/// The annotation that holds the local KEK, as the backend sealed it. Kubernetes wants a domain's name in lower case.
pub const ANNOTATION: &str = "kek.kms.ringwall.github.io";

/// The longest key id. Source: k8s.io/apiserver, envelope/kmsv2/envelope.go, `KeyIDMaxSize`.
pub(super) const MAX_KEY_ID_BYTES: usize = 1024;

/// The longest ciphertext. Source: the same, `encryptedDEKSourceMaxSize`.
pub(super) const MAX_CIPHERTEXT_BYTES: usize = 1024;

/// The most bytes of annotations. Source: the same, `annotationsMaxSize`.
pub(super) const MAX_ANNOTATION_BYTES: usize = 32 * 1024;

/// The first byte of our ciphertexts. Not `1` (0x31), which is aws-encryption-provider's.
const FORMAT: u8 = 1;

/// The most that fits into a ciphertext: the format, a salt of 32 bytes and a tag of 16 go with it. The apiserver's seeds
/// have 32 bytes.
pub(super) const MAX_PLAINTEXT_BYTES: usize = MAX_CIPHERTEXT_BYTES - 1 - 32 - 16;

const PURPOSE: &str = "kms/seed";

/// A key id, taken apart: `KEY#VERSION`, or `KEY` alone for a key without versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyIdParts<'a> {
    /// The backend's name of the key.
    pub key: &'a str,
    /// The version of its material.
    pub version: Option<&'a str>,
}

impl<'a> KeyIdParts<'a> {
    /// Takes a key id apart. Any text may be given.
    pub fn of(key_id: &'a str) -> Self {
        match key_id.split_once('#') {
            Some((key, version)) => Self { key, version: Some(version) },
            None => Self { key: key_id, version: None },
        }
    }
}

impl fmt::Display for KeyIdParts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key)?;
        self.version.map_or(Ok(()), |version| write!(f, "#{version}"))
    }
}

/// Seals a seed for a key id and the sealed local KEK that goes along with it.
pub(crate) fn seal(
    kek: &Key,
    key_id: &str,
    annotation: &[u8],
    seed: &[u8],
    random: &dyn Random,
) -> Result<Vec<u8>, EnvelopeError> {
    let sealed = kek.seal(&aad(key_id, annotation), seed, random)?;
    Ok([[FORMAT].as_slice(), &sealed].concat())
}

/// Opens what [`seal`] made for the same key id and annotation.
pub(crate) fn open(
    kek: &Key,
    key_id: &str,
    annotation: &[u8],
    ciphertext: &[u8],
) -> Result<Secret, EnvelopeError> {
    match ciphertext.split_first() {
        Some((&FORMAT, sealed)) => kek.open(&aad(key_id, annotation), sealed),
        Some((&format, _)) => Err(EnvelopeError::UnknownFormat(format)),
        None => Err(EnvelopeError::Malformed("it is empty")),
    }
}

fn aad(key_id: &str, annotation: &[u8]) -> Aad {
    Aad::new(PURPOSE, [[FORMAT].as_slice(), key_id.as_bytes(), ANNOTATION.as_bytes(), annotation])
}
