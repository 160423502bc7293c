//! Digests, and what computes them while bytes stream.
//!
//! Source: OCI *Image Format Specification*, "Descriptors", section "Digests".

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest::{Context, SHA256, SHA512};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

use crate::error::OciError;

/// The algorithms that the specification registers. Others are refused rather than taken unchecked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Algorithm {
    /// SHA-256, which every registry has to know.
    #[default]
    Sha256,
    /// SHA-512.
    Sha512,
}

impl Algorithm {
    /// As it stands before the colon.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    /// The digest of bytes that are all there.
    pub fn of(self, bytes: &[u8]) -> Digest {
        let mut hasher = Hasher::new(self);
        hasher.update(bytes);
        hasher.digest()
    }
}

impl FromStr for Algorithm {
    type Err = OciError;

    fn from_str(text: &str) -> Result<Self, OciError> {
        match text {
            "sha256" => Ok(Self::Sha256),
            "sha512" => Ok(Self::Sha512),
            _ => Err(OciError::BadDigest {
                text: shown(text),
                why: "the algorithm is neither sha256 nor sha512",
            }),
        }
    }
}

/// A digest of the form `sha256:` or `sha512:` and so many lower-case hexadecimal digits; there is no other.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(String);

impl Digest {
    /// Which algorithm it is of.
    pub fn algorithm(&self) -> Algorithm {
        if self.0.starts_with("sha512:") { Algorithm::Sha512 } else { Algorithm::Sha256 }
    }

    /// `sha256:…`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Digest {
    type Err = OciError;

    fn from_str(text: &str) -> Result<Self, OciError> {
        let bad = |why| OciError::BadDigest { text: shown(text), why };
        let (algorithm, _) = text.split_once(':').ok_or_else(|| bad("it has no colon"))?;
        algorithm.parse::<Algorithm>()?;
        match ringwall_registry::Digest::parse(text) {
            Ok(_) => Ok(Self(text.to_owned())),
            Err(_) => Err(bad("it has not as many lower-case hexadecimal digits as its algorithm asks for")),
        }
    }
}

impl TryFrom<String> for Digest {
    type Error = OciError;

    fn try_from(text: String) -> Result<Self, OciError> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What of a caller's text is repeated: no more than a digest has.
fn shown(text: &str) -> String {
    text.chars().take(160).collect()
}

/// Computes a digest piece by piece.
#[derive(Clone)]
pub struct Hasher {
    algorithm: Algorithm,
    context: Context,
}

impl Hasher {
    /// One that has seen nothing.
    pub fn new(algorithm: Algorithm) -> Self {
        let context = Context::new(match algorithm {
            Algorithm::Sha256 => &SHA256,
            Algorithm::Sha512 => &SHA512,
        });
        Self { algorithm, context }
    }

    /// Which digest it makes.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Takes the next piece in.
    pub fn update(&mut self, bytes: &[u8]) {
        self.context.update(bytes);
    }

    /// The digest of all pieces.
    pub fn digest(self) -> Digest {
        Digest(format!("{}:{}", self.algorithm.name(), HEXLOWER.encode(self.context.finish().as_ref())))
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hasher").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}
