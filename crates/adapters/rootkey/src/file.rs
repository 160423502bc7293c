//! A root key in a file of two lines: what it is, with the key's id, and the key.

use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::{BASE64, HEXLOWER};
use ringwall_envelope::Key;
use ringwall_model::Secret;
use zeroize::Zeroizing;

use crate::wrapped::{self, Kind};
use crate::{RootKey, RootKeyError, SystemRandom, private};

const HEADER: &str = "ringwall-root-key v1 ";

const ID_BYTES: usize = 8;

pub(crate) struct FileKey {
    path: PathBuf,
    key: Key,
    id: [u8; ID_BYTES],
}

impl FileKey {
    pub(crate) fn create(path: &Path, data: &Path) -> Result<Self, RootKeyError> {
        let created = Self::new(path, Key::generate(&SystemRandom)?);
        let base64 = Zeroizing::new(BASE64.encode(created.key.secret().expose()));
        let text = Zeroizing::new(format!("{HEADER}{}\n{}\n", HEXLOWER.encode(&created.id), *base64));
        private::create(path, data, text.as_bytes())?;
        Ok(created)
    }

    pub(crate) fn open(path: &Path, data: &Path) -> Result<Self, RootKeyError> {
        let contents = private::read(path, data)?;
        Self::parse(path, &contents).map_err(|why| RootKeyError::Contents { path: path.to_owned(), why })
    }

    fn parse(path: &Path, contents: &Secret) -> Result<Self, &'static str> {
        const OTHER: &str = "it is not a root key's file (hint: it is made by `ringwall init`)";
        const DAMAGED: &str = "the root key in it is damaged (hint: take your copy of it)";
        if contents.is_empty() {
            return Err(
                "it is empty: making it was interrupted (hint: nothing was sealed under it, remove it)",
            );
        }
        let text = contents.expose_text().and_then(|text| text.strip_prefix(HEADER)).ok_or(OTHER)?;
        let mut lines = text.lines();
        let (Some(id), Some(key), None) = (lines.next(), lines.next(), lines.next()) else {
            return Err(DAMAGED);
        };
        let key = BASE64.decode(key.as_bytes()).map_err(|_| DAMAGED)?;
        let key = Key::new(Secret::new(key)).map_err(|_| DAMAGED)?;
        let read = Self::new(path, key);
        if HEXLOWER.encode(&read.id) != id {
            return Err(DAMAGED);
        }
        Ok(read)
    }

    fn new(path: &Path, key: Key) -> Self {
        Self { path: path.to_owned(), id: id(&key), key }
    }
}

/// Tells keys apart, and finds a typing error. A hash of 256 random bits gives nothing of them away.
fn id(key: &Key) -> [u8; ID_BYTES] {
    let hashed = Zeroizing::new([b"ringwall root key id".as_slice(), key.secret().expose()].concat());
    digest(&SHA256, &hashed).as_ref().first_chunk().copied().unwrap_or_default()
}

impl RootKey for FileKey {
    fn describe(&self) -> String {
        format!("the root key {} in `{}`", HEXLOWER.encode(&self.id), self.path.display())
    }

    fn wrap(&self, purpose: &str, secret: &Secret) -> Result<Vec<u8>, RootKeyError> {
        wrapped::check_length(secret)?;
        let mut out = vec![Kind::File as u8];
        out.extend_from_slice(&self.id);
        let sealed = self.key.seal(&wrapped::aad(purpose), secret.expose(), &SystemRandom)?;
        out.extend_from_slice(&sealed);
        Ok(out)
    }

    fn unwrap(&self, purpose: &str, wrapped: &[u8]) -> Result<Secret, RootKeyError> {
        let rest = Kind::File.strip(wrapped)?;
        let (found, sealed) =
            rest.split_first_chunk::<ID_BYTES>().ok_or(RootKeyError::Malformed("it ends within the id"))?;
        if *found != self.id {
            let (found, expected) = (HEXLOWER.encode(found), HEXLOWER.encode(&self.id));
            return Err(RootKeyError::OtherKey { found, expected });
        }
        self.key
            .open(&wrapped::aad(purpose), sealed)
            .map_err(|error| wrapped::refused(error, &self.describe()))
    }
}
