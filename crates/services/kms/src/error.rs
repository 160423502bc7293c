use std::io;
use std::path::PathBuf;

use ringwall_awsclient::SetupError;
use ringwall_envelope::EnvelopeError;
use ringwall_rootkey::RootKeyError;
use thiserror::Error;

/// Why a plugin or one of its backends can't be set up, or a keyring's file can't be changed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum KmsError {
    /// The text names no backend.
    #[error(
        "`{text}` is no backend: {why} (hint: `aws-kms:ARN`, `aws-kms:alias/NAME?region=REGION`, \
         `pkcs11:token=LABEL;object=LABEL?module-path=PATH&pin-source=file:PATH`, `keyring:PATH?root-key=SOURCE`)"
    )]
    Source {
        /// The text, which holds no secret.
        text: String,
        /// What is wrong with it.
        why: String,
    },

    /// There is nothing to seal with.
    #[error("no backend is given (hint: --backend)")]
    NoBackend,

    /// AWS can't be called.
    #[error("AWS KMS: {0}")]
    Aws(#[from] SetupError),

    /// A root key or token can't be used.
    #[error(transparent)]
    RootKey(#[from] RootKeyError),

    /// A key could not be made.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),

    /// A keyring's file could not be read or written.
    #[error("`{}`: {doing}: {source}", path.display())]
    Io {
        /// The file or its folder.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },

    /// A keyring's file is never written over by a new one.
    #[error(
        "`{}` exists already (hint: what its keys sealed opens with nothing else; `rotate` adds a key to it)",
        .0.display()
    )]
    Exists(PathBuf),

    /// Not a keyring's file, or not as it was written.
    #[error("`{}`: {why}", path.display())]
    Contents {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },

    /// A key that the keyring doesn't have.
    #[error("the keyring has no key `{0}` (hint: `ringwall kms keyring list`)")]
    NoKey(String),
}
