//! Images: what is known of each manifest.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::digest::Digest;
use crate::error::OciError;
use crate::name::{Reference, RepositoryKey};
use crate::registry::Registry;

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
}

impl Registry {
    /// What is known of an image, if there is one.
    ///
    /// # Errors
    ///
    /// [`OciError::NoRepository`], and those of the store.
    pub async fn image(&self, key: &RepositoryKey, reference: &Reference) -> Result<Option<Image>, OciError> {
        let _ = (key, reference);
        Err(self.unfinished())
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
        let _ = (key, after, limit);
        Err(self.unfinished())
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
        let _ = (key, subject, artifact_type, after, limit);
        Err(self.unfinished())
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
        let _ = (key, digest, limit);
        Err(self.unfinished())
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
        let _ = (key, digest, class);
        Err(self.unfinished())
    }
}
