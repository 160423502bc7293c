//! Manifests and tags: pushed, pulled, deleted, listed.

use bytes::Bytes;

use crate::digest::Digest;
use crate::error::OciError;
use crate::image::Image;
use crate::name::{Reference, RepositoryKey, Tag};
use crate::registry::Registry;

/// The largest manifest. Source: botocore's model of ECR, `ImageManifest`; OCI *Distribution Specification*, "Pushing
/// manifests", which asks for at least that.
pub const MAX_MANIFEST_BYTES: usize = 4 << 20;

/// How many different blobs or manifests a manifest may list. An image has at most 127 layers, an index some dozens of
/// images; each is an operation or two of the one batch that a push is.
pub const MAX_REFERENCES: usize = 400;

/// A manifest to be pushed.
#[derive(Debug, Clone)]
pub struct Push {
    /// Its tags: none, one, or several.
    pub tags: Vec<Tag>,
    /// The digest that the client says it has. Without one its SHA-256 names it.
    pub digest: Option<Digest>,
    /// The media type that the client says it has: `Content-Type`, without parameters. Without one its own `mediaType` is.
    pub media_type: Option<String>,
    /// Its bytes, which are kept as they are.
    pub bytes: Bytes,
}

/// What became of a push.
#[derive(Debug, Clone, PartialEq)]
pub struct Pushed {
    /// The image as it is now.
    pub image: Image,
    /// Whether the repository did not have the manifest.
    pub is_new: bool,
    /// The tags that named nothing or another image before, with what they named.
    pub moved: Vec<(Tag, Option<Digest>)>,
}

/// A manifest that is read.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// What is known of it.
    pub image: Image,
    /// Its bytes, as they were pushed.
    pub bytes: Bytes,
}

impl Registry {
    /// Pushes a manifest with its tags, all or nothing. What an image manifest needs has to be in the repository; what an index
    /// lists, and a subject, need not.
    ///
    /// # Errors
    ///
    /// [`OciError::BadManifest`], [`OciError::ManifestTooLarge`], [`OciError::WrongDigest`], [`OciError::MissingBlobs`],
    /// [`OciError::ImmutableTag`], [`OciError::TooManyTags`], [`OciError::NoRepository`], and those of the store.
    pub async fn push_manifest(&self, key: &RepositoryKey, push: Push) -> Result<Pushed, OciError> {
        let _ = (key, push);
        Err(self.unfinished())
    }

    /// The manifest, if there is one. Not a pull: archived ones are told too, and no time is noted.
    ///
    /// # Errors
    ///
    /// [`OciError::NoRepository`], and those of the store.
    pub async fn manifest(
        &self,
        key: &RepositoryKey,
        reference: &Reference,
    ) -> Result<Option<Manifest>, OciError> {
        let _ = (key, reference);
        Err(self.unfinished())
    }

    /// The manifest for somebody who pulls it, which is noted unless `is_noted` says that it doesn't count.
    ///
    /// # Errors
    ///
    /// [`OciError::NoManifest`], [`OciError::Archived`], [`OciError::NoRepository`], and those of the store.
    pub async fn pull_manifest(
        &self,
        key: &RepositoryKey,
        reference: &Reference,
        is_noted: bool,
    ) -> Result<Manifest, OciError> {
        let _ = (key, reference, is_noted);
        Err(self.unfinished())
    }

    /// Deletes an image with all its tags. What it was subject of stays, as OCI asks for. With `keep_parts` an image that an
    /// index lists is not deleted, as ECR does.
    ///
    /// # Errors
    ///
    /// [`OciError::NoManifest`], [`OciError::PartOfIndex`], [`OciError::NoRepository`], and those of the store.
    pub async fn delete_image(
        &self,
        key: &RepositoryKey,
        digest: &Digest,
        keep_parts: bool,
    ) -> Result<Image, OciError> {
        let _ = (key, digest, keep_parts);
        Err(self.unfinished())
    }

    /// Deletes a tag and leaves the image, and tells which one it named.
    ///
    /// # Errors
    ///
    /// [`OciError::NoManifest`], [`OciError::NoRepository`], and those of the store.
    pub async fn delete_tag(&self, key: &RepositoryKey, tag: &Tag) -> Result<Image, OciError> {
        let _ = (key, tag);
        Err(self.unfinished())
    }

    /// Tags in bytewise order, after one, and what each names.
    ///
    /// # Errors
    ///
    /// [`OciError::NoRepository`], and those of the store.
    pub async fn tags(
        &self,
        key: &RepositoryKey,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(Tag, Digest)>, OciError> {
        let _ = (key, after, limit);
        Err(self.unfinished())
    }
}
