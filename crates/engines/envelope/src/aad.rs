use std::collections::BTreeMap;
use std::fmt;

use crate::EnvelopeError;

/// The most bytes of keys and values in an encryption context. Our own bound: it is authenticated with each call, and
/// stands in each CloudTrail record.
pub const MAX_CONTEXT_BYTES: usize = 8 * 1024;

/// The most pairs in an encryption context. Our own bound, for the same reason.
pub const MAX_CONTEXT_PAIRS: usize = 256;

/// What a blob is sealed for: a purpose and associated data. It isn't in the blob; who opens says it again.
///
/// The purpose tells kinds of blobs apart (`secretsmanager/value`), the parts say which one of the kind it is (account,
/// region, name). Both are authenticated, and different purposes have different keys, so that nothing sealed for one
/// place opens in another.
#[derive(Clone, PartialEq, Eq)]
pub struct Aad {
    purpose: String,
    parts: Vec<u8>,
}

impl Aad {
    /// A purpose and the parts that name the place. The parts are kept apart: `["ab", "c"]` is not `["a", "bc"]`.
    pub fn new(purpose: &str, parts: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Self {
        let mut encoded = Vec::new();
        for part in parts {
            append(&mut encoded, part.as_ref());
        }
        Self { purpose: purpose.to_owned(), parts: encoded }
    }

    /// A purpose with an encryption context for its only part.
    pub fn with_context(purpose: &str, context: &EncryptionContext) -> Self {
        Self::new(purpose, [context.encode()])
    }

    pub(crate) fn purpose(&self) -> &str {
        &self.purpose
    }

    pub(crate) fn parts(&self) -> &[u8] {
        &self.parts
    }
}

impl fmt::Debug for Aad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Aad").field("purpose", &self.purpose).finish_non_exhaustive()
    }
}

/// A KMS encryption context: keys and values that are not secret, in no order, and that must be the same to decrypt.
///
/// Keys and values are compared exactly: case counts, and no normalisation is done. No context and an empty one are the
/// same. Source: AWS, *KMS Developer Guide*, "Encryption context".
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EncryptionContext(BTreeMap<String, String>);

impl EncryptionContext {
    /// Takes the pairs.
    ///
    /// # Errors
    ///
    /// More than [`MAX_CONTEXT_PAIRS`] pairs or [`MAX_CONTEXT_BYTES`] bytes.
    pub fn new(pairs: BTreeMap<String, String>) -> Result<Self, EnvelopeError> {
        if pairs.len() > MAX_CONTEXT_PAIRS {
            let what = "pairs in the encryption context";
            return Err(EnvelopeError::TooMany { what, limit: MAX_CONTEXT_PAIRS });
        }
        let bytes: usize = pairs.iter().map(|(key, value)| key.len().saturating_add(value.len())).sum();
        if bytes > MAX_CONTEXT_BYTES {
            let what = "the encryption context";
            return Err(EnvelopeError::TooLong { what, limit: MAX_CONTEXT_BYTES });
        }
        Ok(Self(pairs))
    }

    /// The pairs, in the order of their keys' bytes.
    pub fn pairs(&self) -> &BTreeMap<String, String> {
        &self.0
    }

    /// The canonical form: each key and each value after its length in 8 bytes, in the order of the keys' bytes. Two
    /// contexts have the same form only if they are the same.
    pub fn encode(&self) -> Vec<u8> {
        let mut encoded = Vec::new();
        for (key, value) in &self.0 {
            append(&mut encoded, key.as_bytes());
            append(&mut encoded, value.as_bytes());
        }
        encoded
    }
}

/// Appends a part after its length, so that where one ends is never a question of what it holds.
pub(crate) fn append(encoded: &mut Vec<u8>, part: &[u8]) {
    encoded.extend_from_slice(&(part.len() as u64).to_be_bytes());
    encoded.extend_from_slice(part);
}
