//! What wrapped bytes begin with: which kind of root key wrapped them.

use ringwall_envelope::{Aad, EnvelopeError};
use ringwall_model::Secret;

use crate::{MAX_WRAPPED_BYTES, RootKeyError};

/// The kinds of root keys. The numbers are those of the first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    File = 1,
    Passphrase = 2,
    Pkcs11 = 3,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::File => "a key file",
            Self::Passphrase => "a passphrase",
            Self::Pkcs11 => "a PKCS#11 token",
        }
    }

    /// What follows the first byte, if it says this kind.
    pub(crate) fn strip(self, wrapped: &[u8]) -> Result<&[u8], RootKeyError> {
        if wrapped.len() > MAX_WRAPPED_BYTES {
            return Err(RootKeyError::Malformed("it is too long"));
        }
        let (&first, rest) = wrapped.split_first().ok_or(RootKeyError::Malformed("it is empty"))?;
        let kinds = [Self::File, Self::Passphrase, Self::Pkcs11];
        match kinds.into_iter().find(|kind| *kind as u8 == first) {
            Some(kind) if kind == self => Ok(rest),
            Some(kind) => Err(RootKeyError::Kind { found: kind.name(), expected: self.name() }),
            None => Err(RootKeyError::Malformed("no kind of root key wrote it that this version knows")),
        }
    }
}

/// Refuses what is too long to be wrapped; its layout adds less than half of the limit.
pub(crate) fn check_length(secret: &Secret) -> Result<(), RootKeyError> {
    let limit = MAX_WRAPPED_BYTES / 2;
    if secret.len() > limit {
        return Err(EnvelopeError::TooLong { what: "the key to wrap", limit }.into());
    }
    Ok(())
}

/// What a key is wrapped for. What stands before the sealed part need not be in it: each bit of that is checked, or makes
/// another key.
pub(crate) fn aad(purpose: &str) -> Aad {
    Aad::new("rootkey/wrap", [purpose])
}

/// A blob that doesn't open tells which root key it was.
pub(crate) fn refused(error: EnvelopeError, by: &str) -> RootKeyError {
    match error {
        EnvelopeError::Refused => RootKeyError::Refused { by: by.to_owned() },
        other => other.into(),
    }
}
