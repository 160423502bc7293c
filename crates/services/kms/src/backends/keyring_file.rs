//! A keyring in a file, sealed under a root key: written whole or not at all, and read again when it changed.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use ringwall_envelope::{KeyId, Keyring, Random as _};
use ringwall_rootkey::{RootKeyError, SealedKeyring, Source as RootKeySource, SystemRandom};
use serde::{Deserialize, Serialize};

use crate::KmsError;

/// A full keyring has 16 KiB; the rest is names.
const MAX_FILE_BYTES: u64 = 64 * 1024;

const FORMAT: &str = "ringwall-kms-keyring v1";

const ID_BYTES: usize = 8;

/// A keyring's file, and the root key that it is sealed under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyringFile {
    path: PathBuf,
    root: RootKeySource,
}

/// A key of a keyring, without the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyringKey {
    /// Its id, as it stands in key ids after the `#`.
    pub id: String,
    /// Whether it seals.
    pub current: bool,
}

/// A keyring that was read.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) id: String,
    pub(super) keyring: Keyring,
}

/// What tells whether a file is the one that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    inode: u64,
    length: u64,
    changed: (i64, i64),
}

/// What stands in the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Contents {
    format: String,
    /// Which keyring it is: copies on several machines have the same.
    id: String,
    keyring: SealedKeyring,
}

impl Contents {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let contents: Self =
            serde_json::from_slice(bytes).map_err(|error| format!("it is no keyring: {error}"))?;
        if contents.format != FORMAT {
            return Err("it has a format that this version does not know".to_owned());
        }
        if contents.id.len() != ID_BYTES * 2 || HEXLOWER.decode(contents.id.as_bytes()).is_err() {
            return Err("its id is none".to_owned());
        }
        Ok(contents)
    }
}

impl KeyringFile {
    /// Names the file and the root key. Nothing is read.
    pub fn new(path: PathBuf, root: RootKeySource) -> Self {
        Self { path, root }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes a keyring with one key, and the root key unless it is there.
    ///
    /// # Errors
    ///
    /// If there is a file already, the root key would lie in the same folder, or something can't be written.
    pub fn create(&self) -> Result<KeyringKey, KmsError> {
        let _lock = self.lock()?;
        if self.path.symlink_metadata().is_ok() {
            return Err(KmsError::Exists(self.path.clone()));
        }
        let folder = self.folder()?;
        let root = match self.root.create(folder) {
            Err(RootKeyError::Exists(_)) => self.root.open(folder)?,
            Err(RootKeyError::Token(_)) if matches!(self.root, RootKeySource::Pkcs11(_)) => {
                self.root.open(folder)?
            }
            other => other?,
        };
        let keyring = Keyring::generate(&SystemRandom)?;
        let mut id = [0; ID_BYTES];
        SystemRandom.fill(&mut id).map_err(ringwall_envelope::EnvelopeError::from)?;
        let contents = Contents {
            format: FORMAT.to_owned(),
            id: HEXLOWER.encode(&id),
            keyring: SealedKeyring::seal(&keyring, &*root)?,
        };
        self.write(&contents, true)?;
        Ok(KeyringKey { id: keyring.current().to_string(), current: true })
    }

    /// Its name in key ids, and its keys.
    ///
    /// # Errors
    ///
    /// If it can't be read or opened.
    pub fn list(&self) -> Result<(String, Vec<KeyringKey>), KmsError> {
        let Loaded { id, keyring } = self.load()?.1;
        let current = keyring.current();
        let keys = keyring.ids().map(|id| KeyringKey { id: id.to_string(), current: id == current });
        Ok((name(&id), keys.collect()))
    }

    /// Adds a key that seals from now on.
    ///
    /// # Errors
    ///
    /// If it can't be read, opened or written; then nothing is changed.
    pub fn rotate(&self) -> Result<KeyringKey, KmsError> {
        self.change(|keyring| Ok(keyring.rotate(&SystemRandom)?))
            .map(|id| KeyringKey { id: id.to_string(), current: true })
    }

    /// Adds a key that only opens until [`KeyringFile::seal_with`].
    ///
    /// # Errors
    ///
    /// As of [`KeyringFile::rotate`].
    pub fn add(&self) -> Result<KeyringKey, KmsError> {
        self.change(|keyring| Ok(keyring.add(&SystemRandom)?))
            .map(|id| KeyringKey { id: id.to_string(), current: false })
    }

    /// Makes a key the one that seals.
    ///
    /// # Errors
    ///
    /// As of [`KeyringFile::rotate`], or if there is no such key.
    pub fn seal_with(&self, id: &str) -> Result<(), KmsError> {
        self.change(|keyring| {
            let id = find(keyring, id)?;
            Ok(keyring.seal_with(id)?)
        })
    }

    /// Takes a key away for good, once nothing is left that it sealed.
    ///
    /// # Errors
    ///
    /// As of [`KeyringFile::rotate`], or if there is no such key, or it is the one that seals.
    pub fn retire(&self, id: &str) -> Result<(), KmsError> {
        self.change(|keyring| {
            let id = find(keyring, id)?;
            Ok(keyring.retire(id)?)
        })
    }

    fn change<T>(&self, work: impl FnOnce(&mut Keyring) -> Result<T, KmsError>) -> Result<T, KmsError> {
        let _lock = self.lock()?;
        let Loaded { id, mut keyring } = self.load()?.1;
        let done = work(&mut keyring)?;
        let keyring = SealedKeyring::seal(&keyring, &*self.root.open(self.folder()?)?)?;
        self.write(&Contents { format: FORMAT.to_owned(), id, keyring }, false)?;
        Ok(done)
    }

    /// Reads and opens it. Slow with a passphrase, on purpose.
    pub(super) fn load(&self) -> Result<(Stamp, Loaded), KmsError> {
        let (stamp, contents) = self.read()?;
        let keyring = contents.keyring.open(&*self.root.open(self.folder()?)?)?;
        Ok((stamp, Loaded { id: contents.id, keyring }))
    }

    /// Whether it is still the one that was read.
    pub(super) fn stamp(&self) -> io::Result<Stamp> {
        Ok(Stamp::of(&fs::metadata(&self.path)?))
    }

    fn read(&self) -> Result<(Stamp, Contents), KmsError> {
        let file = File::open(&self.path).map_err(self.io("opening it"))?;
        let metadata = file.metadata().map_err(self.io("looking at it"))?;
        let wrong = |why: &str| KmsError::Contents { path: self.path.clone(), why: why.to_owned() };
        if metadata.mode() & 0o022 != 0 {
            return Err(wrong("others than its owner can write it (hint: chmod 600)"));
        }
        let bytes = ringwall_files::read_from(file, MAX_FILE_BYTES).map_err(|error| match error.kind() {
            io::ErrorKind::FileTooLarge => wrong("it is too long to be a keyring"),
            _ => self.io("reading it")(error),
        })?;
        Ok((Stamp::of(&metadata), Contents::parse(&bytes).map_err(|why| wrong(&why))?))
    }

    /// A reader sees the old file or the new one, and so does a restart after a power failure.
    fn write(&self, contents: &Contents, new: bool) -> Result<(), KmsError> {
        let mut text = serde_json::to_string_pretty(contents)
            .map_err(|error| KmsError::Contents { path: self.path.clone(), why: error.to_string() })?;
        text.push('\n');
        let put = if new { ringwall_files::create } else { ringwall_files::replace };
        put(&self.path, text.as_bytes(), ringwall_files::PRIVATE).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => KmsError::Exists(self.path.clone()),
            _ => self.io("writing it")(error),
        })
    }

    /// Two changes at once would each leave out the other's key.
    fn lock(&self) -> Result<File, KmsError> {
        let folder = File::open(self.folder()?).map_err(self.io("opening its folder"))?;
        rustix::fs::flock(&folder, rustix::fs::FlockOperation::LockExclusive)
            .map_err(|error| self.io("locking its folder")(error.into()))?;
        Ok(folder)
    }

    fn folder(&self) -> Result<&Path, KmsError> {
        self.path.parent().filter(|_| self.path.is_absolute()).ok_or_else(|| KmsError::Contents {
            path: self.path.clone(),
            why: "it is not an absolute path".to_owned(),
        })
    }

    fn io(&self, doing: &'static str) -> impl Fn(io::Error) -> KmsError {
        let path = self.path.clone();
        move |source| KmsError::Io { path: path.clone(), doing, source }
    }
}

impl Stamp {
    fn of(metadata: &fs::Metadata) -> Self {
        let changed = (metadata.ctime(), metadata.ctime_nsec());
        Self { inode: metadata.ino(), length: metadata.len(), changed }
    }
}

fn find(keyring: &Keyring, id: &str) -> Result<KeyId, KmsError> {
    keyring.ids().find(|key| key.to_string() == id).ok_or_else(|| KmsError::NoKey(id.to_owned()))
}

/// The keyring's name in key ids.
pub(super) fn name(id: &str) -> String {
    format!("keyring:{id}")
}
