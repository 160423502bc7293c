//! Digests of content, compared while it streams.

use std::fmt;
use std::io::{self, Read};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_lc_rs::digest::{self, Context, SHA256, SHA512};

/// A digest of SHA-256 or SHA-512, as `sha256:…`.
///
/// Source: OCI image-spec, "Digests": other algorithms are not registered, or lend no trust.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest(String);

/// Not a digest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no digest of sha256 or sha512")]
pub struct DigestError(String);

impl Digest {
    /// Of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self::made("sha256", digest::digest(&SHA256, bytes).as_ref())
    }

    fn made(algorithm: &str, value: &[u8]) -> Self {
        Self(format!("{algorithm}:{}", data_encoding::HEXLOWER.encode(value)))
    }

    /// The algorithm and the value in hexadecimal digits.
    pub fn parts(&self) -> (&str, &str) {
        self.0.split_once(':').unwrap_or_default()
    }

    /// As `sha256:…`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn is_sha512(&self) -> bool {
        self.parts().0 == "sha512"
    }

    /// Whether it is that of these bytes.
    pub(crate) fn is_of(&self, bytes: &[u8]) -> bool {
        let algorithm = if self.is_sha512() { &SHA512 } else { &SHA256 };
        Self::made(self.parts().0, digest::digest(algorithm, bytes).as_ref()) == *self
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let (value, length) = match text.split_once(':') {
            Some(("sha256", value)) => (value, 64),
            Some(("sha512", value)) => (value, 128),
            _ => ("", 1),
        };
        if value.len() == length && value.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            Ok(Self(text.to_owned()))
        } else {
            Err(DigestError(text.chars().take(200).collect()))
        }
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Content that is not what its digest says.
#[derive(Debug, thiserror::Error)]
#[error("its content has the digest `{found}`")]
pub(crate) struct Mismatch {
    found: Digest,
}

/// Bytes as they come, with an error in the place of their end if they aren't those of a digest.
pub(crate) struct Verified<R> {
    inner: R,
    context: Option<Context>,
    expected: Digest,
    whole: Arc<AtomicBool>,
}

impl<R: Read> Verified<R> {
    pub(crate) fn new(inner: R, expected: Digest) -> Self {
        let algorithm = if expected.is_sha512() { &SHA512 } else { &SHA256 };
        Self { inner, context: Some(Context::new(algorithm)), expected, whole: Arc::default() }
    }

    /// Tells, once all was read, that it was, and that the digest is right.
    pub(crate) fn whole(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.whole)
    }
}

impl<R: Read> Read for Verified<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        if read > 0 {
            if let (Some(context), Some(bytes)) = (&mut self.context, buffer.get(..read)) {
                context.update(bytes);
            }
        } else if !buffer.is_empty()
            && let Some(context) = self.context.take()
        {
            let found = Digest::made(self.expected.parts().0, context.finish().as_ref());
            if found != self.expected {
                return Err(io::Error::new(io::ErrorKind::InvalidData, Mismatch { found }));
            }
            self.whole.store(true, Ordering::Release);
        }
        Ok(read)
    }
}
