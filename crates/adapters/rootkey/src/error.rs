use std::io;
use std::path::PathBuf;

use ringwall_envelope::EnvelopeError;
use thiserror::Error;

/// Why there is no root key, or why it did not wrap or unwrap. None of it shows a secret.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RootKeyError {
    /// The text names no root key. It isn't repeated: who mistakes the form may have put the secret itself into it.
    #[error(
        "the root key's source is wrong: {0} (hint: one of `file:PATH`, `passphrase:file:PATH`, `passphrase:env:NAME`, \
         `pkcs11:token=LABEL;object=LABEL?module-path=PATH&pin-source=file:PATH`)"
    )]
    Source(&'static str),

    /// The file could not be read or written.
    #[error("`{}`: {doing}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },

    /// A root key is never written over.
    #[error(
        "`{}` exists already, and a root key is never written over \
         (hint: what was sealed under it opens with nothing else; move it away if that is what you want)",
        .0.display()
    )]
    Exists(PathBuf),

    /// The last part of the path is a symbolic link.
    #[error(
        "`{}` is a symbolic link, and whoever can change it chooses the secret \
         (hint: name the file itself; in Kubernetes, mount it with `subPath`)",
        .0.display()
    )]
    Link(PathBuf),

    /// A folder, a pipe, a device.
    #[error("`{}` is not a regular file", .0.display())]
    NotAFile(PathBuf),

    /// Others than its owner can read or write it.
    #[error("`{}` can be used by others than its owner, its mode is {mode:04o} (hint: chmod 600)", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },

    /// It belongs to somebody who is neither us nor root.
    #[error(
        "`{}` belongs to user {owner}, who can change it (hint: it has to belong to the user that runs this, or to root)",
        path.display()
    )]
    Owner {
        /// The file.
        path: PathBuf,
        /// The user's number.
        owner: u32,
    },

    /// In the data folder.
    #[error(
        "`{}` lies in the data folder `{}`, and a backup of that would carry the key to itself \
         (hint: keep it elsewhere, for example in /etc/ringwall)",
        path.display(), data.display()
    )]
    InDataFolder {
        /// The file.
        path: PathBuf,
        /// The data folder.
        data: PathBuf,
    },

    /// Not the contents of such a file.
    #[error("`{}`: {why}", path.display())]
    Contents {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },

    /// The environment variable is not set, or is not text.
    #[error("the environment variable `{0}` holds no text")]
    Variable(String),

    /// The passphrase can't be one.
    #[error("the passphrase has {0}")]
    Passphrase(&'static str),

    /// Another kind of root key wrapped it.
    #[error("wrapped by {found}, and this is {expected} (hint: give the root key that was used before)")]
    Kind {
        /// What wrapped it.
        found: &'static str,
        /// What was to unwrap it.
        expected: &'static str,
    },

    /// Another key file wrapped it.
    #[error(
        "wrapped by the root key {found}, and this is {expected} (hint: give the key file that was used before)"
    )]
    OtherKey {
        /// The id of the key that wrapped it.
        found: String,
        /// The id of the key at hand.
        expected: String,
    },

    /// The bytes are nothing that a root key wraps.
    #[error("not a wrapped key: {0}")]
    Malformed(&'static str),

    /// The root key doesn't open it.
    #[error("{by} does not open it: another one wrapped it, or it was changed")]
    Refused {
        /// The root key.
        by: String,
    },

    /// Argon2 could not run: too little memory.
    #[error("the passphrase could not be made a key: {0}")]
    Argon2(argon2::Error),

    /// The token, or what is on it, isn't what was asked for.
    #[error("PKCS#11: {0}")]
    Token(String),

    /// A call of the PKCS#11 module failed.
    #[error("PKCS#11: {doing}: {said}{hint}")]
    Module {
        /// What was tried.
        doing: &'static str,
        /// What the module said.
        said: String,
        /// What to do, if that is known.
        hint: &'static str,
    },

    /// Sealing or opening failed.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
}
