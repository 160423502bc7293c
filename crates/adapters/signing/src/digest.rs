//! Digests of content, as manifests name it.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest::{Algorithm, SHA256, SHA512, digest};
use data_encoding::HEXLOWER;

/// A digest by which an image is named: `sha256:` or `sha512:` and lower-case hexadecimal digits.
///
/// Source: OCI Image Format 1.1, *Content Descriptors*, "Registered algorithms".
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ImageDigest(String);

/// A text that is no digest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no digest: it has to be `sha256:` and 64 hexadecimal digits, or `sha512:` and 128")]
pub struct DigestError(String);

const KNOWN: [(&str, &Algorithm, usize); 2] = [("sha256", &SHA256, 64), ("sha512", &SHA512, 128)];

impl ImageDigest {
    /// The SHA-256 digest of content.
    pub fn of(content: &[u8]) -> Self {
        Self(format!("sha256:{}", HEXLOWER.encode(digest(&SHA256, content).as_ref())))
    }

    /// Whether it is the content's.
    pub fn is_of(&self, content: &[u8]) -> bool {
        KNOWN.iter().any(|(name, algorithm, _)| {
            *name == self.algorithm() && HEXLOWER.encode(digest(algorithm, content).as_ref()) == self.hex()
        })
    }

    /// `sha256` or `sha512`.
    pub fn algorithm(&self) -> &str {
        self.0.split_once(':').map_or("", |(algorithm, _)| algorithm)
    }

    /// Its hexadecimal digits.
    pub fn hex(&self) -> &str {
        self.0.split_once(':').map_or("", |(_, hex)| hex)
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The tag that is the digest with an ending: how signatures are found in registries without referrers.
    ///
    /// Source: cosign, `specs/SIGNATURE_SPEC.md`, "Tag-based Discovery"; OCI Distribution 1.1, "Referrers Tag Schema".
    pub fn tag(&self, ending: &str) -> String {
        format!("{}-{}{ending}", self.algorithm(), self.hex())
    }
}

impl FromStr for ImageDigest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let refuse = || DigestError(text.chars().take(160).collect());
        let (name, hex) = text.split_once(':').ok_or_else(refuse)?;
        let known = KNOWN.iter().find(|(known, ..)| *known == name).ok_or_else(refuse)?;
        let digits = hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if hex.len() == known.2 && digits { Ok(Self(text.to_owned())) } else { Err(refuse()) }
    }
}

impl fmt::Display for ImageDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
