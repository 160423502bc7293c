use thiserror::Error;

use crate::{KeyId, RandomError};

/// Why something could not be sealed or opened. None of it tells anything about a plaintext or a key.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EnvelopeError {
    /// The bytes have not the layout of what was to be opened.
    #[error("not a sealed blob: {0}")]
    Malformed(&'static str),

    /// A format that this version doesn't know.
    #[error(
        "a sealed blob of format {0}, which this version does not know (hint: a newer Ringwall wrote it)"
    )]
    UnknownFormat(u8),

    /// Sealed with a key that the keyring doesn't have, or no longer.
    #[error("sealed with the key `{0}`, which the keyring does not have")]
    UnknownKey(KeyId),

    /// The tag doesn't match. Which of the causes it is cannot be told.
    #[error(
        "the sealed blob does not open: it was changed, or sealed with another key or for another purpose or place"
    )]
    Refused,

    /// The caller gave more than is taken.
    #[error("{what} is longer than the {limit} bytes that are taken")]
    TooLong {
        /// What is too long.
        what: &'static str,
        /// The limit.
        limit: usize,
    },

    /// The caller gave more of something than is taken.
    #[error("more {what} than the {limit} that are taken")]
    TooMany {
        /// What there are too many of.
        what: &'static str,
        /// The limit.
        limit: usize,
    },

    /// A key has another length than AES-256 takes.
    #[error("a key has {0} bytes, not 32")]
    KeyLength(usize),

    /// The keyring's current key can't be taken away.
    #[error("`{0}` is the current key (hint: rotate first)")]
    CurrentKey(KeyId),

    /// No randomness, so no sealing.
    #[error(transparent)]
    Random(#[from] RandomError),

    /// The library refused to seal, which it does for no input that passes the limits.
    #[error("the cryptographic library refused to seal")]
    Library,
}
