use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use ringwall_model::Secret;

use crate::file::FileKey;
use crate::passphrase::Passphrase;
use crate::pkcs11::{Pkcs11Key, Pkcs11Uri};
use crate::{RootKey, RootKeyError, private};

/// The longest text of a source: that of a URI with a path or two in it.
const MAX_SOURCE_BYTES: usize = 4096;

/// Which root key there is to be, as settings say it. It holds no secret; the crate's documentation has the forms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// `file:PATH`.
    File(PathBuf),
    /// `passphrase:`, then where the passphrase is.
    Passphrase(SecretSource),
    /// `pkcs11:`, a URI of RFC 7512.
    Pkcs11(Pkcs11Uri),
}

impl Source {
    /// Makes the root key: the file, or the key on the token. For a passphrase there is nothing to make.
    ///
    /// # Errors
    ///
    /// If there is one already, it would lie in the data folder, or it can't be made.
    pub fn create(&self, data: &Path) -> Result<Box<dyn RootKey>, RootKeyError> {
        Ok(match self {
            Self::File(path) => Box::new(FileKey::create(path, data)?),
            Self::Passphrase(source) => Box::new(Passphrase::open(source, data)?),
            Self::Pkcs11(uri) => Box::new(Pkcs11Key::create(uri, data)?),
        })
    }

    /// Opens the root key that is there.
    ///
    /// # Errors
    ///
    /// If it isn't there, lies in the data folder, or others than its owner can get at it.
    pub fn open(&self, data: &Path) -> Result<Box<dyn RootKey>, RootKeyError> {
        Ok(match self {
            Self::File(path) => Box::new(FileKey::open(path, data)?),
            Self::Passphrase(source) => Box::new(Passphrase::open(source, data)?),
            Self::Pkcs11(uri) => Box::new(Pkcs11Key::open(uri, data)?),
        })
    }
}

impl FromStr for Source {
    type Err = RootKeyError;

    fn from_str(text: &str) -> Result<Self, RootKeyError> {
        if text.len() > MAX_SOURCE_BYTES {
            return Err(RootKeyError::Source("it is too long"));
        }
        match text.split_once(':') {
            Some(("file", path)) => absolute(path).map(Self::File),
            Some(("passphrase", source)) => source.parse().map(Self::Passphrase),
            Some(("pkcs11", _)) => text.parse().map(Self::Pkcs11),
            _ => Err(RootKeyError::Source("it begins with no kind of root key")),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Passphrase(source) => write!(f, "passphrase:{source}"),
            Self::Pkcs11(uri) => uri.fmt(f),
        }
    }
}

/// Where a passphrase or a PIN is. Never on a command line, where every user of the machine can read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// `file:PATH`, of which one line end after it is no part.
    File(PathBuf),
    /// `env:NAME`, an environment variable.
    Env(String),
}

impl SecretSource {
    pub(crate) fn read(&self, data: &Path) -> Result<Secret, RootKeyError> {
        match self {
            Self::File(path) => {
                let read = private::read(path, data)?;
                let bytes = read.expose();
                let line = bytes.strip_suffix(b"\n").unwrap_or(bytes);
                Ok(Secret::new(line.strip_suffix(b"\r").unwrap_or(line).to_vec()))
            }
            Self::Env(name) => {
                std::env::var(name).map(Secret::from).map_err(|_| RootKeyError::Variable(name.clone()))
            }
        }
    }
}

impl FromStr for SecretSource {
    type Err = RootKeyError;

    fn from_str(text: &str) -> Result<Self, RootKeyError> {
        match text.split_once(':') {
            Some(("file", path)) => absolute(path).map(Self::File),
            Some(("env", name)) if is_variable(name) => Ok(Self::Env(name.to_owned())),
            Some(("env", _)) => Err(RootKeyError::Source("that is not the name of an environment variable")),
            _ => Err(RootKeyError::Source("it says neither `file:` nor `env:` before where the secret is")),
        }
    }
}

impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Env(name) => write!(f, "env:{name}"),
        }
    }
}

/// A service has no working folder to speak of.
pub(crate) fn absolute(path: &str) -> Result<PathBuf, RootKeyError> {
    let path = PathBuf::from(path);
    if path.is_absolute() { Ok(path) } else { Err(RootKeyError::Source("the path is not absolute")) }
}

fn is_variable(name: &str) -> bool {
    let starts = name.starts_with(|first: char| first == '_' || first.is_ascii_alphabetic());
    starts && name.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric())
}
