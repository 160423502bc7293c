//! Blobs: whether they are there, reading, mounting, deleting.
//!
//! A blob's bytes are kept once an account, in extents that have names of their own, never in a place that is named by the digest:
//! so what is deleted is never what somebody else has just written anew.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use data_encoding::BASE64;
use jiff::Timestamp;
use ringwall_objects::Extent;
use ringwall_store::{Batch, Expect, Row, Scan};
use serde::{Deserialize, Serialize};

use crate::collect::Doomed;
use crate::digest::Digest;
use crate::error::OciError;
use crate::image::StorageClass;
use crate::name::RepositoryKey;
use crate::registry::{Registry, Tries};
use crate::repository::Repository;
use crate::upload::{ByteStream, UploadRecord};

/// The largest blob that is kept in the store rather than in an object: one wait for the disk rather than three.
pub(crate) const MAX_INLINE: usize = 32 << 10;

/// A blob of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// Its digest.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
}

/// What is read of a blob.
#[derive(Debug)]
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

/// A blob of an account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct BlobRecord {
    pub(crate) size: u64,
    /// None if its bytes are in the store.
    pub(crate) extents: Vec<Extent>,
    /// The collector found nobody who has it, and is about to look again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) condemned: bool,
}

/// A blob of a repository.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Link {
    pub(crate) size: u64,
    /// Until when it is kept although no manifest needs it.
    pub(crate) lease: Timestamp,
    /// The collector found no manifest that needs it, and is about to look again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) condemned: bool,
    /// An image that needs it was archived, so that it may be that all are.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) archived: bool,
}

/// Where the bytes of a new blob are.
pub(crate) enum Bytesource {
    Memory(Vec<u8>),
    Extents(Vec<Extent>),
}

pub(crate) fn within(repository: &str, digest: &Digest) -> String {
    format!("{repository}@{digest}")
}

impl Registry {
    pub(crate) async fn link(
        &self,
        account: &str,
        repository: &str,
        digest: &Digest,
    ) -> Result<Option<Arc<Row<Link>>>, OciError> {
        Ok(self.inner.links.get(account, "", &within(repository, digest)).await?)
    }

    /// The blob, if the repository has it. From now on it is kept for as long as a push takes, also if no manifest needs it
    /// yet: who is told that it is there won't send it again.
    ///
    /// # Errors
    ///
    /// [`OciError::NoRepository`], and those of the store.
    pub async fn stat_blob(&self, key: &RepositoryKey, digest: &Digest) -> Result<Option<Blob>, OciError> {
        let mut tries = Tries::default();
        loop {
            let repository = self.known(key).await?;
            let Some(link) = self.link(key.account(), &repository.value.id, digest).await? else {
                return Ok(None);
            };
            let blob = Blob { digest: digest.clone(), size: link.value.size };
            // The collector keeps its hands off for half of the time at least.
            if !link.value.condemned && link.value.lease > self.after(self.inner.settings.grace / 2) {
                return Ok(Some(blob));
            }
            let mut batch = Batch::new();
            self.renew(&mut batch, &link);
            match self.inner.store.commit(batch).await {
                Ok(_) => return Ok(Some(blob)),
                Err(error) => tries.again(self, error.into()).await?,
            }
        }
    }

    /// Lets a link live for another while.
    fn renew(&self, batch: &mut Batch, link: &Row<Link>) {
        let lease = self.after(self.inner.settings.grace);
        let renewed = Link { lease, condemned: false, ..link.value.clone() };
        let (account, name) = (&link.place.account, &link.place.name);
        self.inner.links.put(batch, account, "", name, &renewed, Expect::Revision(link.revision));
    }

    /// Lets a batch be made only if a blob stays in its repository: the collector, which marks what it is about to take, and looks
    /// again after that who needs it, either sees the batch or is seen by it.
    pub(crate) fn hold_link(&self, batch: &mut Batch, link: &Row<Link>) {
        if link.value.condemned {
            self.renew(batch, link);
        } else {
            batch.require(link.place.clone(), Expect::Revision(link.revision));
        }
    }

    /// The same for a blob in its account.
    fn hold_blob(&self, batch: &mut Batch, blob: &Row<BlobRecord>) {
        if blob.value.condemned {
            let held = BlobRecord { condemned: false, ..blob.value.clone() };
            let (account, name) = (&blob.place.account, &blob.place.name);
            self.inner.blobs.put(batch, account, "", name, &held, Expect::Revision(blob.revision));
        } else {
            batch.require(blob.place.clone(), Expect::Revision(blob.revision));
        }
    }

    /// Puts a blob of the account into a repository.
    fn put_link(
        &self,
        batch: &mut Batch,
        account: &str,
        repository: &Repository,
        digest: &Digest,
        size: u64,
    ) {
        let lease = self.after(self.inner.settings.grace);
        let link = Link { size, lease, condemned: false, archived: false };
        let name = within(&repository.id, digest);
        self.inner.links.put(batch, account, "", &name, &link, Expect::Any);
        let name = format!("{digest}@{}", repository.id);
        self.inner.holders.put(batch, account, "", &name, &repository.name, Expect::Any);
    }

    /// Makes what was uploaded a blob of the repository, and ends its upload. If the account has the blob already, what came now
    /// is not needed.
    pub(crate) async fn keep_blob(
        &self,
        key: &RepositoryKey,
        blob: Blob,
        source: Bytesource,
        upload: Option<&Row<UploadRecord>>,
    ) -> Result<Blob, OciError> {
        let (account, digest) = (key.account(), blob.digest.as_str());
        let mut tries = Tries::default();
        loop {
            let repository = self.known(key).await?;
            if let Some(upload) = upload
                && upload.value.repository != repository.value.id
            {
                return Err(OciError::NoUpload(upload.place.name.clone()));
            }
            let mut batch = Batch::new();
            self.require_repository(&mut batch, &repository);
            self.put_link(&mut batch, account, &repository.value, &blob.digest, blob.size);
            let mut kept: &[Extent] = &[];
            match (self.inner.blobs.get(account, "", digest).await?, &source) {
                (Some(row), _) => self.hold_blob(&mut batch, &row),
                (None, Bytesource::Memory(bytes)) => {
                    let record = BlobRecord { size: blob.size, extents: Vec::new(), condemned: false };
                    self.inner.blobs.put(&mut batch, account, "", digest, &record, Expect::Absent);
                    let text = BASE64.encode(bytes);
                    self.inner.inline.put(&mut batch, account, "", digest, &text, Expect::Any);
                }
                (None, Bytesource::Extents(extents)) => {
                    kept = extents;
                    let record = BlobRecord { size: blob.size, extents: extents.clone(), condemned: false };
                    self.inner.blobs.put(&mut batch, account, "", digest, &record, Expect::Absent);
                }
            }
            if let Some(upload) = upload {
                self.inner.uploads.delete(
                    &mut batch,
                    account,
                    "",
                    &upload.place.name,
                    Expect::Revision(upload.revision),
                );
                if let Bytesource::Extents(extents) = &source
                    && kept.is_empty()
                {
                    self.doom(&mut batch, extents.iter().cloned());
                }
                // Of an extent that was planned and not needed there is no object.
            }
            match self.inner.store.commit(batch).await {
                Ok(_) => return Ok(blob),
                Err(error) => tries.again(self, error.into()).await?,
            }
        }
    }

    /// Has objects deleted when nobody reads them any more.
    pub(crate) fn doom(&self, batch: &mut Batch, extents: impl Iterator<Item = Extent>) {
        for extent in extents {
            let name = extent.name.clone();
            self.inner.doomed.put(batch, "", "", &name, &Doomed { extent, at: self.now() }, Expect::Any);
        }
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
        let account = key.account();
        let repository = self.known(key).await?;
        let missing = || OciError::NoBlob(digest.clone());
        let link = self.link(account, &repository.value.id, digest).await?.ok_or_else(missing)?;
        if link.value.archived && self.is_archived(account, &repository.value.id, digest).await? {
            return Err(OciError::Archived(digest.clone()));
        }
        let row = self.inner.blobs.get(account, "", digest.as_str()).await?.ok_or_else(missing)?;
        let blob = Blob { digest: digest.clone(), size: row.value.size };
        let range = range.unwrap_or(0..blob.size);
        if range.start > range.end || range.end > blob.size {
            return Err(OciError::BadRange { size: blob.size });
        }
        let source = if row.value.extents.is_empty() {
            let broken = || OciError::Broken(format!("the bytes of blob `{digest}` are not there"));
            let text = self.inner.inline.get(account, "", digest.as_str()).await?.ok_or_else(broken)?;
            let bytes = Bytes::from(BASE64.decode(text.value.as_bytes()).map_err(|_| broken())?);
            let part = usize::try_from(range.start).ok().zip(usize::try_from(range.end).ok());
            let (start, end) = part.filter(|(_, end)| *end <= bytes.len()).ok_or_else(broken)?;
            ringwall_objects::Content::Memory(bytes.slice(start..end))
        } else {
            self.inner.objects.read(&row.value.extents, range.clone()).await?
        };
        Ok(Content { blob, range, source })
    }

    /// Whether there are images that need a blob, and all of them are archived.
    async fn is_archived(&self, account: &str, repository: &str, digest: &Digest) -> Result<bool, OciError> {
        let prefix = format!("{repository}@{digest}@");
        let mut after = None;
        let mut found = false;
        loop {
            let scan = Scan { prefix: &prefix, after: after.as_deref(), ..Scan::default() };
            let page = self.inner.uses.scan(account, "", scan).await?;
            let Some(last) = page.last() else { return Ok(found) };
            for row in &page {
                let Some(by) = row.place.name.strip_prefix(&prefix) else { continue };
                let image = self.inner.images.get(account, "", &format!("{repository}@{by}")).await?;
                if image.is_some_and(|image| image.value.storage_class == StorageClass::Standard) {
                    return Ok(false);
                }
                found = true;
            }
            after = Some(last.place.name.clone());
        }
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
        let prefix = format!("{digest}@");
        let rows =
            self.inner.holders.scan(account, "", Scan { prefix: &prefix, limit, ..Scan::default() }).await?;
        let mut holders = Vec::new();
        for row in rows {
            let key = RepositoryKey::new(account, row.value)?;
            // Of a repository that was deleted a while ago it may not be gone yet.
            let id = row.place.name.strip_prefix(&prefix).unwrap_or_default();
            if self.repository(&key).await?.is_some_and(|repository| repository.id == id) {
                holders.push(key);
            }
        }
        Ok(holders)
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
        let account = to.account();
        let mut tries = Tries::default();
        loop {
            let repository = self.known(to).await?;
            if from.account() != account {
                return Ok(None);
            }
            let source = match self.known(from).await {
                Ok(source) => source,
                Err(OciError::NoRepository(_)) => return Ok(None),
                Err(error) => return Err(error),
            };
            if self.link(account, &source.value.id, digest).await?.is_none() {
                return Ok(None);
            }
            let Some(row) = self.inner.blobs.get(account, "", digest.as_str()).await? else {
                return Ok(None);
            };
            let size = row.value.size;
            let mut batch = Batch::new();
            self.require_repository(&mut batch, &repository);
            self.hold_blob(&mut batch, &row);
            self.put_link(&mut batch, account, &repository.value, digest, size);
            match self.inner.store.commit(batch).await {
                Ok(_) => return Ok(Some(Blob { digest: digest.clone(), size })),
                Err(error) => tries.again(self, error.into()).await?,
            }
        }
    }

    /// Takes a blob out of the repository.
    ///
    /// # Errors
    ///
    /// [`OciError::NoBlob`], [`OciError::BlobInUse`], [`OciError::NoRepository`], and those of the store.
    pub async fn delete_blob(&self, key: &RepositoryKey, digest: &Digest) -> Result<(), OciError> {
        let mut tries = Tries::default();
        loop {
            let repository = self.known(key).await?;
            let link = self.link(key.account(), &repository.value.id, digest).await?;
            let link = link.ok_or_else(|| OciError::NoBlob(digest.clone()))?;
            match self.take_link(&link).await {
                Ok(true) => return Ok(()),
                Ok(false) => return Err(OciError::BlobInUse(digest.clone())),
                Err(error) => tries.again(self, error).await?,
            }
        }
    }
}
