//! Images: what is known of each manifest.

use std::sync::Arc;

use jiff::Timestamp;
use ringwall_store::{Batch, Expect, Row, Scan};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::blob::{Link, within};
use crate::change::Event;
use crate::digest::Digest;
use crate::error::OciError;
use crate::name::{Reference, RepositoryKey};
use crate::parse::parse_manifest;
use crate::registry::{Registry, Tries};

/// Where ECR keeps an image. Source: botocore's model of ECR, `TargetStorageClass` and `ImageStatus`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum StorageClass {
    /// It can be pulled.
    #[default]
    Standard,
    /// It can't, until it is activated.
    Archive,
}

/// The same word for word of ECR's API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ImageStatus {
    /// It can be pulled.
    #[default]
    Active,
    /// It is archived.
    Archived,
    /// It is on its way back.
    Activating,
}

/// What is known of a manifest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Image {
    /// Its digest.
    pub digest: Digest,
    /// Its tags, in bytewise order.
    pub tags: Vec<String>,
    /// The media type under which it was pushed.
    pub media_type: String,
    /// `artifactType`, or the media type of its config if it has none.
    pub artifact_type: Option<String>,
    /// Its own size in bytes.
    pub manifest_size: u64,
    /// The size in bytes of what it lists, each thing once, as ECR tells an image's size.
    pub content_size: u64,
    /// What it refers to.
    pub subject: Option<Digest>,
    /// Whether it lists manifests rather than blobs.
    pub is_index: bool,
    /// Its config, and then its layers or manifests, each once.
    pub references: Vec<Digest>,
    /// When it was first pushed to this repository.
    pub pushed_at: Timestamp,
    /// When it was last pulled, to a minute.
    pub pulled_at: Option<Timestamp>,
    /// Where it is kept.
    pub storage_class: StorageClass,
    /// Since when.
    pub archived_at: Option<Timestamp>,
    /// Since when it is active again, if it was archived.
    pub activated_at: Option<Timestamp>,
}

impl Image {
    /// The word for its storage class.
    pub fn status(&self) -> ImageStatus {
        match self.storage_class {
            StorageClass::Standard => ImageStatus::Active,
            StorageClass::Archive => ImageStatus::Archived,
        }
    }
}

/// Something that has an image as its subject.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Referrer {
    /// Its digest.
    pub digest: Digest,
    /// Its media type.
    pub media_type: String,
    /// Its size in bytes.
    pub size: u64,
    /// `artifactType`, or the media type of its config.
    pub artifact_type: Option<String>,
    /// Its annotations.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub annotations: Map<String, Value>,
    /// The annotations are too large to be kept here: they are in the manifest.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_cut: bool,
}

/// When an image was last pulled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Pulled {
    pub(crate) at: Timestamp,
}

impl Registry {
    pub(crate) async fn image_row(
        &self,
        account: &str,
        id: &str,
        reference: &Reference,
    ) -> Result<Option<Arc<Row<Image>>>, OciError> {
        let digest = match reference {
            Reference::Digest(digest) => digest.clone(),
            Reference::Tag(tag) => {
                let tagged = self.inner.tags.get(account, "", &format!("{id}:{tag}")).await?;
                let Some(tagged) = tagged else { return Ok(None) };
                tagged.value.digest.clone()
            }
        };
        Ok(self.inner.images.get(account, "", &within(id, &digest)).await?)
    }

    /// The image with the time of its last pull, which is kept apart from it.
    pub(crate) async fn with_pull(&self, account: &str, id: &str, image: Image) -> Result<Image, OciError> {
        let pulled = self.inner.pulled.get(account, "", &within(id, &image.digest)).await?;
        Ok(Image { pulled_at: pulled.map(|row| row.value.at), ..image })
    }

    /// What is known of an image, if there is one.
    ///
    /// # Errors
    ///
    /// [`OciError::NoRepository`], and those of the store.
    pub async fn image(&self, key: &RepositoryKey, reference: &Reference) -> Result<Option<Image>, OciError> {
        let repository = self.known(key).await?;
        let id = repository.value.id.as_str();
        match self.image_row(key.account(), id, reference).await? {
            Some(row) => self.with_pull(key.account(), id, row.value.clone()).await.map(Some),
            None => Ok(None),
        }
    }

    /// Images of a repository in order of their digests, after one.
    ///
    /// # Errors
    ///
    /// [`OciError::NoRepository`], and those of the store.
    pub async fn images(
        &self,
        key: &RepositoryKey,
        after: Option<&Digest>,
        limit: usize,
    ) -> Result<Vec<Image>, OciError> {
        let repository = self.known(key).await?;
        let id = repository.value.id.as_str();
        let prefix = format!("{id}@");
        let after = after.map(|digest| within(id, digest));
        let scan = Scan { prefix: &prefix, after: after.as_deref(), limit };
        let mut images = Vec::new();
        for row in self.inner.images.scan(key.account(), "", scan).await? {
            images.push(self.with_pull(key.account(), id, row.value).await?);
        }
        Ok(images)
    }

    /// What has this digest as its subject, in order of digests, after one; of one artifact type if it is given. The subject
    /// need not be there.
    ///
    /// # Errors
    ///
    /// [`OciError::NoRepository`], and those of the store.
    pub async fn referrers(
        &self,
        key: &RepositoryKey,
        subject: &Digest,
        artifact_type: Option<&str>,
        after: Option<&Digest>,
        limit: usize,
    ) -> Result<Vec<Referrer>, OciError> {
        let account = key.account();
        let repository = self.known(key).await?;
        let id = repository.value.id.as_str();
        let prefix = format!("{id}@{subject}@");
        let mut after = after.map(|digest| format!("{prefix}{digest}"));
        let mut referrers = Vec::new();
        while referrers.len() < limit {
            let scan = Scan { prefix: &prefix, after: after.as_deref(), ..Scan::default() };
            let page = self.inner.referrers.scan(account, "", scan).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.place.name.clone());
            for row in page {
                if referrers.len() >= limit {
                    break;
                }
                if artifact_type.is_none_or(|wanted| row.value.artifact_type.as_deref() == Some(wanted)) {
                    referrers.push(self.whole(account, id, row.value).await?);
                }
            }
        }
        Ok(referrers)
    }

    /// A referrer with its annotations.
    async fn whole(&self, account: &str, id: &str, referrer: Referrer) -> Result<Referrer, OciError> {
        if !referrer.is_cut {
            return Ok(referrer);
        }
        let reference = Reference::Digest(referrer.digest.clone());
        let Some(row) = self.image_row(account, id, &reference).await? else { return Ok(referrer) };
        let Some(text) = self.text(account, id, &row.value).await? else { return Ok(referrer) };
        let annotations = parse_manifest(&text, Some(&row.value.media_type))?.annotations;
        Ok(Referrer { annotations, is_cut: false, ..referrer })
    }

    /// The indices that list an image; at most so many.
    ///
    /// # Errors
    ///
    /// [`OciError::NoRepository`], and those of the store.
    pub async fn indices_of(
        &self,
        key: &RepositoryKey,
        digest: &Digest,
        limit: usize,
    ) -> Result<Vec<Digest>, OciError> {
        let repository = self.known(key).await?;
        let prefix = format!("{}@{digest}@", repository.value.id);
        let scan = Scan { prefix: &prefix, limit, ..Scan::default() };
        let rows = self.inner.uses.scan(key.account(), "", scan).await?;
        rows.iter().map(|row| row.place.name.strip_prefix(&prefix).unwrap_or_default().parse()).collect()
    }

    /// Archives an image or activates it.
    ///
    /// # Errors
    ///
    /// [`OciError::NoManifest`], [`OciError::NoRepository`], and those of the store.
    pub async fn set_storage_class(
        &self,
        key: &RepositoryKey,
        digest: &Digest,
        class: StorageClass,
    ) -> Result<Image, OciError> {
        let mut tries = Tries::default();
        loop {
            match self.try_set_storage_class(key, digest, class).await {
                Err(error) => tries.again(self, error).await?,
                done => return done,
            }
        }
    }

    async fn try_set_storage_class(
        &self,
        key: &RepositoryKey,
        digest: &Digest,
        class: StorageClass,
    ) -> Result<Image, OciError> {
        let account = key.account();
        let repository = self.known(key).await?;
        let id = repository.value.id.as_str();
        let name = within(id, digest);
        let found = self.inner.images.get(account, "", &name).await?;
        let row = found.ok_or_else(|| OciError::NoManifest(digest.to_string()))?;
        if row.value.storage_class == class {
            return self.with_pull(account, id, row.value.clone()).await;
        }
        let mut image = row.value.clone();
        image.storage_class = class;
        let mut batch = Batch::new();
        self.require_repository(&mut batch, &repository);
        match class {
            StorageClass::Archive => {
                image.archived_at = Some(self.now());
                // From now on who reads one of its blobs looks whether other images have it.
                for reference in image.references.iter().filter(|_| !image.is_index) {
                    let Some(link) = self.link(account, id, reference).await? else { continue };
                    let marked = Link { archived: true, ..link.value.clone() };
                    let expect = Expect::Revision(link.revision);
                    self.inner.links.put(&mut batch, account, "", &link.place.name, &marked, expect);
                }
            }
            StorageClass::Standard => image.activated_at = Some(self.now()),
        }
        self.inner.images.put(&mut batch, account, "", &name, &image, Expect::Revision(row.revision));
        let event = Event::Moved { digest: digest.clone(), to: class };
        self.tell(&mut batch, account, &repository.value, event)?;
        self.inner.store.commit(batch).await?;
        self.with_pull(account, id, image).await
    }
}
