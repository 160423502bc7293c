use ringwall_model::Secret;
use thiserror::Error;

use crate::EnvelopeError;

/// The most that [`random_secret`] makes at once. Source: AWS, *KMS API Reference*, GenerateRandom and GenerateDataKey:
/// `NumberOfBytes` is at most 1024.
pub const MAX_RANDOM_BYTES: usize = 1024;

/// A cryptographically secure source of randomness, which an engine is given: it has none of its own.
pub trait Random {
    /// Fills all of `bytes`.
    ///
    /// # Errors
    ///
    /// If the source has failed. What `bytes` then hold must not be used.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError>;
}

/// The source of randomness failed. There is nothing to tell but that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the source of randomness failed")]
pub struct RandomError;

/// So many random bytes: a data key, a password.
///
/// # Errors
///
/// More than [`MAX_RANDOM_BYTES`], or the source failed.
pub fn random_secret(bytes: usize, random: &dyn Random) -> Result<Secret, EnvelopeError> {
    if bytes > MAX_RANDOM_BYTES {
        return Err(EnvelopeError::TooLong { what: "a random secret", limit: MAX_RANDOM_BYTES });
    }
    let mut secret = vec![0; bytes];
    random.fill(&mut secret)?;
    Ok(Secret::new(secret))
}
