use jiff::Timestamp;
use ringwall_registry::lifecycle::{self, ImageFacts};

use crate::digest::Digest;
use crate::error::OciError;
use crate::image::{Image, StorageClass};
use crate::name::RepositoryKey;
use crate::registry::Registry;

/// Images of one request to the store.
const PAGE: usize = 1_000;

impl Registry {
    /// All images of a repository, in order of their digests.
    ///
    /// # Errors
    ///
    /// Those of [`Registry::images`].
    pub async fn all_images(&self, key: &RepositoryKey) -> Result<Vec<Image>, OciError> {
        let mut images: Vec<Image> = Vec::new();
        loop {
            let after = images.last().map(|image| image.digest.clone());
            let page = self.images(key, after.as_ref(), PAGE).await?;
            let is_last = page.len() < PAGE;
            images.extend(page);
            if is_last {
                return Ok(images);
            }
        }
    }

    /// What a lifecycle policy has to know of a repository: for a preview and for carrying it out alike. `in_use` tells which
    /// digests a cluster runs and are to be kept.
    ///
    /// # Errors
    ///
    /// Those of [`Registry::images`].
    pub async fn lifecycle_facts(
        &self,
        key: &RepositoryKey,
        in_use: impl Fn(&Digest) -> bool,
    ) -> Result<Vec<ImageFacts>, OciError> {
        let images = self.all_images(key).await?;
        let milliseconds = |time: Option<Timestamp>| time.map(Timestamp::as_millisecond);
        let facts = images.iter().map(|image| ImageFacts {
            tags: image.tags.clone(),
            pulled_at: milliseconds(image.pulled_at),
            restored_at: milliseconds(image.activated_at),
            class: match image.storage_class {
                StorageClass::Standard => lifecycle::StorageClass::Standard,
                StorageClass::Archive => lifecycle::StorageClass::Archive,
            },
            archived_at: milliseconds(image.archived_at),
            references: lists(image),
            subject: image.subject.as_ref().map(|subject| subject.as_str().to_owned()),
            in_use: in_use(&image.digest),
            ..ImageFacts::new(image.digest.as_str(), image.pushed_at.as_millisecond())
        });
        Ok(facts.collect())
    }
}

/// The images that an index lists; an image lists blobs, which no policy asks about.
fn lists(image: &Image) -> Vec<String> {
    let listed = image.references.iter().filter(|_| image.is_index);
    listed.map(|digest| digest.as_str().to_owned()).collect()
}
