//! Uploads: begun, grown by pieces that are on the disk before they are answered, finished or cancelled.

use std::io;
use std::pin::Pin;

use bytes::Bytes;
use futures_util::Stream;
use jiff::Timestamp;

use crate::blob::Blob;
use crate::digest::{Algorithm, Digest};
use crate::error::OciError;
use crate::name::RepositoryKey;
use crate::registry::Registry;

/// Bytes as they come.
pub type ByteStream = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;

/// How far an upload is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Its id: 32 hexadecimal digits that can't be guessed.
    pub id: String,
    /// How many bytes are on the disk.
    pub offset: u64,
    /// When it was begun.
    pub started_at: Timestamp,
}

impl Registry {
    /// Begins an upload. The algorithm is a guess at which digest comes at the end: with the right one nothing is read again.
    ///
    /// # Errors
    ///
    /// [`OciError::NoRepository`], and those of the store.
    pub async fn begin_upload(&self, key: &RepositoryKey, algorithm: Algorithm) -> Result<Upload, OciError> {
        let _ = (key, algorithm);
        Err(self.unfinished())
    }

    /// How far an upload is, in this process or after another one.
    ///
    /// # Errors
    ///
    /// [`OciError::NoUpload`], [`OciError::NoRepository`], and those of the store.
    pub async fn upload(&self, key: &RepositoryKey, id: &str) -> Result<Upload, OciError> {
        let _ = (key, id);
        Err(self.unfinished())
    }

    /// Appends a piece, which is on the disk when this returns. `offset` is where the client says that it begins, and
    /// `length` how long it says it is. Of a stream that breaks nothing is kept.
    ///
    /// # Errors
    ///
    /// [`OciError::OutOfOrder`], [`OciError::WrongSize`], [`OciError::UploadBusy`], [`OciError::Body`],
    /// [`OciError::BlobTooLarge`], [`OciError::NoUpload`], [`OciError::NoRepository`], and those of store and objects.
    pub async fn append_upload(
        &self,
        key: &RepositoryKey,
        id: &str,
        offset: Option<u64>,
        length: Option<u64>,
        body: ByteStream,
    ) -> Result<Upload, OciError> {
        let _ = (key, id, offset, length, body);
        Err(self.unfinished())
    }

    /// Appends the last piece, which may be empty, and makes a blob of the upload if all of it has this digest. If it has
    /// another one the upload is over.
    ///
    /// # Errors
    ///
    /// [`OciError::WrongDigest`], and those of [`Registry::append_upload`].
    pub async fn finish_upload(
        &self,
        key: &RepositoryKey,
        id: &str,
        digest: &Digest,
        offset: Option<u64>,
        length: Option<u64>,
        body: ByteStream,
    ) -> Result<Blob, OciError> {
        let _ = (key, id, digest, offset, length, body);
        Err(self.unfinished())
    }

    /// A whole blob in one request.
    ///
    /// # Errors
    ///
    /// Those of [`Registry::finish_upload`].
    pub async fn push_blob(
        &self,
        key: &RepositoryKey,
        digest: &Digest,
        length: Option<u64>,
        body: ByteStream,
    ) -> Result<Blob, OciError> {
        let _ = (key, digest, length, body);
        Err(self.unfinished())
    }

    /// Ends an upload and forgets what came.
    ///
    /// # Errors
    ///
    /// [`OciError::NoUpload`], [`OciError::NoRepository`], and those of the store.
    pub async fn cancel_upload(&self, key: &RepositoryKey, id: &str) -> Result<(), OciError> {
        let _ = (key, id);
        Err(self.unfinished())
    }
}
