use ringwall_model::Secret;

use crate::{Aad, EncryptionContext, EnvelopeError, Key, Random};

/// The longest name of a KMS key in a ciphertext. A key's ARN has about 90 bytes; with this, the ciphertext of the
/// largest plaintext (4096) stays below the 6144 bytes that Decrypt takes (AWS, *KMS API Reference*, Encrypt, Decrypt).
pub const MAX_KEY_NAME_BYTES: usize = 256;

const FORMAT: u8 = 1;
const PURPOSE: &str = "kms/ciphertext";

/// Seals for KMS: the blob names the KMS key (its ARN or id) and the version of its material, so that Decrypt finds both
/// by itself, also after a rotation. The name, the version and the encryption context are authenticated.
///
/// # Errors
///
/// A name longer than [`MAX_KEY_NAME_BYTES`], a plaintext longer than [`crate::MAX_PLAINTEXT_BYTES`], or no randomness.
pub fn seal_with_context(
    material: &Key,
    key: &str,
    version: u32,
    context: &EncryptionContext,
    plaintext: &[u8],
    random: &dyn Random,
) -> Result<Vec<u8>, EnvelopeError> {
    let too_long = EnvelopeError::TooLong { what: "the name of the key", limit: MAX_KEY_NAME_BYTES };
    if key.len() > MAX_KEY_NAME_BYTES {
        return Err(too_long);
    }
    let length = u16::try_from(key.len()).map_err(|_| too_long)?;
    let mut head = vec![FORMAT];
    head.extend_from_slice(&length.to_be_bytes());
    head.extend_from_slice(key.as_bytes());
    head.extend_from_slice(&version.to_be_bytes());
    material.seal_after(&head, &Aad::with_context(PURPOSE, context), plaintext, random)
}

/// A KMS ciphertext, read but not opened: until it is, the names in it are no more than its sender's claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CiphertextBlob<'a> {
    key: &'a str,
    version: u32,
    head: &'a [u8],
    sealed: &'a [u8],
}

impl<'a> CiphertextBlob<'a> {
    /// Reads the names. Any bytes may be given.
    ///
    /// # Errors
    ///
    /// If it isn't what [`seal_with_context`] makes.
    pub fn parse(blob: &'a [u8]) -> Result<Self, EnvelopeError> {
        let malformed = EnvelopeError::Malformed;
        let (&format, rest) = blob.split_first().ok_or(malformed("it is empty"))?;
        if format != FORMAT {
            return Err(EnvelopeError::UnknownFormat(format));
        }
        let (length, rest) = rest.split_first_chunk().ok_or(malformed("it ends within the key's name"))?;
        let length = usize::from(u16::from_be_bytes(*length));
        if length > MAX_KEY_NAME_BYTES {
            return Err(EnvelopeError::TooLong { what: "the name of the key", limit: MAX_KEY_NAME_BYTES });
        }
        let (key, rest) = rest.split_at_checked(length).ok_or(malformed("it ends within the key's name"))?;
        let key = std::str::from_utf8(key).map_err(|_| malformed("the key's name is not UTF-8"))?;
        let (version, sealed) = rest.split_first_chunk().ok_or(malformed("it ends within the version"))?;
        let head = blob.split_at(blob.len() - sealed.len()).0;
        Ok(Self { key, version: u32::from_be_bytes(*version), head, sealed })
    }

    /// The ARN or id of the KMS key that it says it was sealed with.
    pub fn key(&self) -> &'a str {
        self.key
    }

    /// The version of that key's material.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// Opens it with the material of the key and version that it names.
    ///
    /// # Errors
    ///
    /// If the material or the encryption context is another one, or the blob was changed.
    pub fn open(&self, material: &Key, context: &EncryptionContext) -> Result<Secret, EnvelopeError> {
        material.open_after(self.head, &Aad::with_context(PURPOSE, context), self.sealed)
    }
}
