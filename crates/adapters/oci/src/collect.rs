//! What nobody needs any more is taken away, while everything goes on.
//!
//! # Why nothing in use is taken
//!
//! Whether a blob is needed is told by other records: a manifest's uses of it, or the repositories that have it. The collector
//! would look for these and then delete, and a push could come between. So it looks twice: it finds none, *marks* the record, which
//! changes its revision, looks again, and deletes the record only at the revision of its mark. A push, a mount or an upload that needs
//! the record requires, in the one batch that makes its own records, the revision at which it read it unmarked, or takes the
//! mark away. The store's commits have one order, so of these two one is first:
//!
//! - the push comes before the mark: then its use is there when the collector looks for the second time, which unmarks it;
//! - the push comes after the mark: then its batch fails, is made anew of what is there now, and unmarks the record, by which the
//!   collector's deletion fails; or the record is gone, and the client is told to send the blob.
//!
//! Who was merely told that a blob is there, and has pushed no manifest yet, holds it by its lease.
//!
//! Bytes are in objects whose names are used once. They go a while after their record, for who reads them still; until then they are
//! listed as doomed in the batch that took the record away, so that a crash forgets none.

use jiff::Timestamp;
use ringwall_objects::Extent;
use ringwall_store::{Batch, Expect, MAX_PAGE, Place, Record, Row, Scan, StoreError};
use serde::{Deserialize, Serialize};

use crate::blob::{BlobRecord, Link};
use crate::change::{Change, KIND};
use crate::error::OciError;
use crate::registry::Registry;

/// What a collection took away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Collected {
    /// Uploads that nobody went on with.
    pub uploads: u64,
    /// Blobs of repositories that no manifest needs.
    pub links: u64,
    /// Blobs that no repository has.
    pub blobs: u64,
    /// Bytes of objects that were deleted.
    pub bytes: u64,
    /// Records of repositories that were deleted, and changes that were kept long enough.
    pub records: u64,
}

/// An object that nothing names any more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Doomed {
    pub(crate) extent: Extent,
    pub(crate) at: Timestamp,
}

/// A repository that was deleted and whose records were not yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Gone {
    pub(crate) name: String,
}

/// Most records that are deleted in one batch, with one more each.
const BATCH: usize = 400;

/// What somebody else did at the same time is left to the next collection.
fn done(result: Result<i64, StoreError>) -> Result<bool, OciError> {
    match result {
        Ok(_) => Ok(true),
        Err(StoreError::Conflict(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

impl Registry {
    /// Takes away what nobody needs. Pushes, mounts and pulls go on meanwhile, in this process and in others.
    ///
    /// # Errors
    ///
    /// Those of store and objects. What was taken away before stays away.
    pub async fn collect(&self) -> Result<Collected, OciError> {
        let mut collected = Collected::default();
        self.collect_gone(&mut collected).await?;
        self.collect_uploads(&mut collected).await?;
        self.collect_links(&mut collected).await?;
        self.collect_blobs(&mut collected).await?;
        self.collect_objects(&mut collected).await?;
        self.collect_changes(&mut collected).await?;
        Ok(collected)
    }

    async fn collect_uploads(&self, collected: &mut Collected) -> Result<(), OciError> {
        let old = self.before(self.inner.settings.upload_grace);
        let mut after: Option<Place> = None;
        loop {
            let page = self.inner.uploads.scan_all(after.as_ref(), MAX_PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.place.clone());
            for upload in page.into_iter().filter(|upload| upload.value.touched_at < old) {
                collected.uploads += u64::from(done(self.drop_upload(&upload).await)?);
            }
        }
    }

    async fn collect_links(&self, collected: &mut Collected) -> Result<(), OciError> {
        let mut after: Option<Place> = None;
        loop {
            let page = self.inner.links.scan_all(after.as_ref(), MAX_PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.place.clone());
            for link in page.into_iter().filter(|link| link.value.lease < self.now()) {
                match self.take_link(&link).await {
                    Ok(taken) => collected.links += u64::from(taken),
                    Err(OciError::Store(StoreError::Conflict(_))) => {}
                    Err(error) => return Err(error),
                }
            }
        }
    }

    /// Takes a blob out of a repository unless a manifest needs it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] if somebody else changed it.
    pub(crate) async fn take_link(&self, link: &Row<Link>) -> Result<bool, OciError> {
        let (account, name) = (link.place.account.as_str(), link.place.name.as_str());
        let table = &self.inner.links;
        let prefix = format!("{name}@");
        let is_used = async || {
            let scan = Scan { prefix: &prefix, limit: 1, ..Scan::default() };
            Ok::<_, OciError>(!self.inner.uses.scan(account, "", scan).await?.is_empty())
        };
        if is_used().await? {
            return Ok(false);
        }
        let mut batch = Batch::new();
        let marked = Link { condemned: true, ..link.value.clone() };
        table.put(&mut batch, account, "", name, &marked, Expect::Revision(link.revision));
        let mark = Expect::Revision(self.inner.store.commit(batch).await?);
        let mut batch = Batch::new();
        let is_used = is_used().await?;
        if is_used {
            let unmarked = Link { condemned: false, ..link.value.clone() };
            table.put(&mut batch, account, "", name, &unmarked, mark);
        } else {
            table.delete(&mut batch, account, "", name, mark);
            if let Some((repository, digest)) = name.split_once('@') {
                let holder = format!("{digest}@{repository}");
                self.inner.holders.delete(&mut batch, account, "", &holder, Expect::Any);
            }
        }
        self.inner.store.commit(batch).await?;
        Ok(!is_used)
    }

    async fn collect_blobs(&self, collected: &mut Collected) -> Result<(), OciError> {
        let mut after: Option<Place> = None;
        loop {
            let page = self.inner.blobs.scan_all(after.as_ref(), MAX_PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.place.clone());
            for blob in page {
                match self.take_blob(&blob).await {
                    Ok(taken) => collected.blobs += u64::from(taken),
                    Err(OciError::Store(StoreError::Conflict(_))) => {}
                    Err(error) => return Err(error),
                }
            }
        }
    }

    /// Takes a blob out of an account unless a repository has it.
    async fn take_blob(&self, blob: &Row<BlobRecord>) -> Result<bool, OciError> {
        let (account, name) = (blob.place.account.as_str(), blob.place.name.as_str());
        let table = &self.inner.blobs;
        let prefix = format!("{name}@");
        let is_held = async || {
            let scan = Scan { prefix: &prefix, limit: 1, ..Scan::default() };
            Ok::<_, OciError>(!self.inner.holders.scan(account, "", scan).await?.is_empty())
        };
        if is_held().await? {
            return Ok(false);
        }
        let mut batch = Batch::new();
        let marked = BlobRecord { condemned: true, ..blob.value.clone() };
        table.put(&mut batch, account, "", name, &marked, Expect::Revision(blob.revision));
        let mark = Expect::Revision(self.inner.store.commit(batch).await?);
        let is_held = is_held().await?;
        let mut batch = Batch::new();
        if is_held {
            let unmarked = BlobRecord { condemned: false, ..blob.value.clone() };
            table.put(&mut batch, account, "", name, &unmarked, mark);
        } else {
            table.delete(&mut batch, account, "", name, mark);
            if blob.value.extents.is_empty() {
                self.inner.inline.delete(&mut batch, account, "", name, Expect::Any);
            }
            self.doom(&mut batch, blob.value.extents.iter().cloned());
        }
        self.inner.store.commit(batch).await?;
        Ok(!is_held)
    }

    async fn collect_objects(&self, collected: &mut Collected) -> Result<(), OciError> {
        let old = self.before(self.inner.settings.reader_grace);
        let mut after: Option<Place> = None;
        loop {
            let page = self.inner.doomed.scan_all(after.as_ref(), BATCH).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.place.clone());
            let mut batch = Batch::new();
            for Row { value: Doomed { extent, .. }, place, .. } in
                page.into_iter().filter(|row| row.value.at <= old)
            {
                self.inner.objects.delete(&extent).await?;
                collected.bytes += extent.bytes;
                batch.delete(place, Expect::Any);
            }
            if !batch.is_empty() {
                self.inner.store.commit(batch).await?;
            }
        }
    }

    /// Deletes what repositories held that were deleted. All that put something into one needed its record, so nothing is added.
    async fn collect_gone(&self, collected: &mut Collected) -> Result<(), OciError> {
        let mut after: Option<Place> = None;
        loop {
            let page = self.inner.gone.scan_all(after.as_ref(), BATCH).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.place.clone());
            for Row { place, .. } in page {
                let (account, id) = (place.account.as_str(), place.name.as_str());
                let (within, tags) = (format!("{id}@"), format!("{id}:"));
                let kinds = [
                    (self.inner.images.kind(), &within),
                    (self.inner.texts.kind(), &within),
                    (self.inner.uses.kind(), &within),
                    (self.inner.tags.kind(), &tags),
                    (self.inner.referrers.kind(), &within),
                    (self.inner.pulled.kind(), &within),
                    (self.inner.links.kind(), &within),
                ];
                for (kind, prefix) in kinds {
                    collected.records += self.delete_all(account, kind, prefix).await?;
                }
                let mut batch = Batch::new();
                batch.delete(place, Expect::Any);
                self.inner.store.commit(batch).await?;
            }
        }
    }

    async fn delete_all(&self, account: &str, kind: &'static str, prefix: &str) -> Result<u64, OciError> {
        let mut deleted = 0;
        loop {
            let scan = Scan { prefix, limit: BATCH, ..Scan::default() };
            let page = self.inner.store.scan(account, "", kind, scan).await?;
            if page.is_empty() {
                return Ok(deleted);
            }
            let mut batch = Batch::new();
            for Record { place, .. } in page {
                if kind == self.inner.links.kind()
                    && let Some((repository, digest)) = place.name.split_once('@')
                {
                    let holder = format!("{digest}@{repository}");
                    self.inner.holders.delete(&mut batch, account, "", &holder, Expect::Any);
                }
                batch.delete(place, Expect::Any);
                deleted += 1;
            }
            self.inner.store.commit(batch).await?;
        }
    }

    async fn collect_changes(&self, collected: &mut Collected) -> Result<(), OciError> {
        let old = self.before(self.inner.settings.keep_changes);
        loop {
            let scan = Scan { limit: BATCH, ..Scan::default() };
            let page = self.inner.store.scan("", "", KIND, scan).await?;
            let mut batch = Batch::new();
            for Record { place, body, .. } in page {
                // What can't be read tells nobody anything.
                if serde_json::from_slice(&body).is_ok_and(|change: Change| change.at >= old) {
                    break;
                }
                batch.delete(place, Expect::Any);
            }
            if batch.is_empty() {
                return Ok(());
            }
            let deleted = batch.len() as u64;
            self.inner.store.commit(batch).await?;
            collected.records += deleted;
        }
    }
}
