//! Blobs: whether they are there, reading, mounting, deleting.

use std::ops::Range;

use crate::digest::Digest;
use crate::error::OciError;
use crate::name::RepositoryKey;
use crate::registry::Registry;
use crate::upload::ByteStream;

/// A blob of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// Its digest.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
}

/// What is read of a blob.
pub struct Content {
    /// The blob.
    pub blob: Blob,
    /// Which bytes of it.
    pub range: Range<u64>,
    /// Where they come from: [`ringwall_objects::Content::Files`] of a folder can be sent by whatever is quickest.
    pub source: ringwall_objects::Content,
}

impl Content {
    /// The bytes, in pieces of bounded size.
    pub fn into_stream(self) -> ByteStream {
        self.source.into_stream()
    }
}

impl Registry {
    /// The blob, if the repository has it. From now on it is kept for as long as a push takes, also if no manifest needs it
    /// yet: who is told that it is there won't send it again.
    ///
    /// # Errors
    ///
    /// [`OciError::NoRepository`], and those of the store.
    pub async fn stat_blob(&self, key: &RepositoryKey, digest: &Digest) -> Result<Option<Blob>, OciError> {
        let _ = (key, digest);
        Err(self.unfinished())
    }

    /// The blob's bytes, all or a range of them.
    ///
    /// # Errors
    ///
    /// [`OciError::NoBlob`], [`OciError::BadRange`], [`OciError::Archived`] if all images that need it are archived,
    /// [`OciError::NoRepository`], and those of store and objects.
    pub async fn read_blob(
        &self,
        key: &RepositoryKey,
        digest: &Digest,
        range: Option<Range<u64>>,
    ) -> Result<Content, OciError> {
        let _ = (key, digest, range);
        Err(self.unfinished())
    }

    /// Names of the registry's repositories that have the blob, for a mount that names none; at most so many.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn blob_holders(
        &self,
        account: &str,
        digest: &Digest,
        limit: usize,
    ) -> Result<Vec<RepositoryKey>, OciError> {
        let _ = (account, digest, limit);
        Err(self.unfinished())
    }

    /// Makes a blob of another repository of the same registry one of this too; `None` if it is not there.
    ///
    /// # Errors
    ///
    /// [`OciError::NoRepository`] if there is none to mount to, and those of the store.
    pub async fn mount_blob(
        &self,
        from: &RepositoryKey,
        to: &RepositoryKey,
        digest: &Digest,
    ) -> Result<Option<Blob>, OciError> {
        let _ = (from, to, digest);
        Err(self.unfinished())
    }

    /// Takes a blob out of the repository.
    ///
    /// # Errors
    ///
    /// [`OciError::NoBlob`], [`OciError::BlobInUse`], [`OciError::NoRepository`], and those of the store.
    pub async fn delete_blob(&self, key: &RepositoryKey, digest: &Digest) -> Result<(), OciError> {
        let _ = (key, digest);
        Err(self.unfinished())
    }
}
