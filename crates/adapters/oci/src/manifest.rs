//! Manifests and tags: pushed, pulled, deleted, listed.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use ringwall_store::{Batch, Expect, Row, Scan};
use serde::{Deserialize, Serialize};

use crate::blob::within;
use crate::change::Event;
use crate::digest::{Algorithm, Digest};
use crate::error::OciError;
use crate::image::{Image, Referrer, StorageClass};
use crate::name::{Reference, RepositoryKey, Tag};
use crate::parse::{Parsed, parse_manifest};
use crate::registry::{Registry, Tries};
use crate::repository::Repository;

/// The largest manifest. Source: botocore's model of ECR, `ImageManifest`; OCI *Distribution Specification*, "Pushing
/// manifests", which asks for at least that.
pub const MAX_MANIFEST_BYTES: usize = 4 << 20;

/// How many different blobs or manifests a manifest may list. An image has at most 127 layers, an index some dozens of
/// images; each is an operation or two of the one batch that a push is.
pub const MAX_REFERENCES: usize = 400;

/// How many tags an image may have. ECR's quota is 1,000; deleting an image takes all its tags away in one batch.
pub const MAX_TAGS: usize = 500;

/// Characters of a manifest's text in one record: as JSON they are at most twice as long, and a record has at most 1 MiB.
const TEXT_BYTES: usize = 256 << 10;

/// Referrers with larger annotations are told from their manifests, since a record has at most 1 MiB.
const MAX_KEPT_ANNOTATIONS: usize = 128 << 10;

/// What a tag names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tagged {
    pub(crate) digest: Digest,
    /// Since when.
    pub(crate) at: Timestamp,
}

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
        if push.bytes.len() > MAX_MANIFEST_BYTES {
            return Err(OciError::ManifestTooLarge);
        }
        let algorithm = push.digest.as_ref().map_or(Algorithm::Sha256, Digest::algorithm);
        let digest = algorithm.of(&push.bytes);
        if let Some(given) = push.digest.filter(|given| *given != digest) {
            return Err(OciError::WrongDigest { given, found: digest });
        }
        let parsed = parse_manifest(&push.bytes, push.media_type.as_deref())?;
        let text =
            std::str::from_utf8(&push.bytes).map_err(|error| OciError::BadManifest(error.to_string()))?;
        let mut tries = Tries::default();
        loop {
            match self.try_push(key, &digest, &parsed, text, &push.tags).await {
                Err(error) => tries.again(self, error).await?,
                done => return done,
            }
        }
    }

    async fn try_push(
        &self,
        key: &RepositoryKey,
        digest: &Digest,
        parsed: &Parsed,
        text: &str,
        tags: &[Tag],
    ) -> Result<Pushed, OciError> {
        let account = key.account();
        let repository = self.known(key).await?;
        let id = repository.value.id.as_str();
        let mut batch = Batch::new();
        self.require_repository(&mut batch, &repository);
        let name = within(id, digest);
        let found = self.inner.images.get(account, "", &name).await?;
        let is_new = found.is_none();
        let mut image = match &found {
            Some(row) => row.value.clone(),
            None => {
                self.hold_needed(&mut batch, account, id, parsed).await?;
                self.put_manifest(&mut batch, account, id, digest, parsed, text);
                new_image(digest, parsed, text.len() as u64, self.now())
            }
        };
        let moved = self.move_tags(&mut batch, account, &repository.value, &mut image, tags).await?;
        let expect = found.as_ref().map_or(Expect::Absent, |row| Expect::Revision(row.revision));
        if is_new || !moved.is_empty() {
            self.inner.images.put(&mut batch, account, "", &name, &image, expect);
            let event = Event::Pushed {
                digest: digest.clone(),
                media_type: image.media_type.clone(),
                tags: moved.iter().map(|(tag, _)| tag.to_string()).collect(),
                is_new,
                subject: image.subject.clone(),
            };
            self.tell(&mut batch, account, &repository.value, event)?;
        } else {
            // It is answered as if it was written, so it has to be there.
            self.inner.images.require(&mut batch, account, "", &name, expect);
        }
        self.inner.store.commit(batch).await?;
        let image = self.with_pull(account, id, image).await?;
        Ok(Pushed { image, is_new, moved })
    }

    /// Lets the batch be made only if all that the manifest needs is in the repository and stays there.
    async fn hold_needed(
        &self,
        batch: &mut Batch,
        account: &str,
        id: &str,
        parsed: &Parsed,
    ) -> Result<(), OciError> {
        let mut missing = Vec::new();
        for (digest, size) in &parsed.needed {
            match self.link(account, id, digest).await? {
                None => missing.push(digest.clone()),
                Some(link) if link.value.size != *size => {
                    let why = format!("blob `{digest}` has {} bytes, and it says {size}", link.value.size);
                    return Err(OciError::BadManifest(why));
                }
                Some(link) => self.hold_link(batch, &link),
            }
        }
        if missing.is_empty() { Ok(()) } else { Err(OciError::MissingBlobs(missing)) }
    }

    /// What is written of a manifest that the repository does not have, but for its image.
    fn put_manifest(
        &self,
        batch: &mut Batch,
        account: &str,
        id: &str,
        digest: &Digest,
        parsed: &Parsed,
        text: &str,
    ) {
        for (number, piece) in pieces(text).enumerate() {
            let name = format!("{id}@{digest}@{number:04}");
            self.inner.texts.put(batch, account, "", &name, &piece.to_owned(), Expect::Any);
        }
        for (reference, _) in &parsed.references {
            let name = format!("{id}@{reference}@{digest}");
            self.inner.uses.put(batch, account, "", &name, &(), Expect::Any);
        }
        if let Some(subject) = &parsed.subject {
            let size = serde_json::to_string(&parsed.annotations).map_or(usize::MAX, |text| text.len());
            let is_kept = size <= MAX_KEPT_ANNOTATIONS;
            let referrer = Referrer {
                digest: digest.clone(),
                media_type: parsed.media_type.clone(),
                size: text.len() as u64,
                artifact_type: parsed.artifact_type.clone(),
                annotations: if is_kept { parsed.annotations.clone() } else { Default::default() },
                is_cut: !is_kept,
            };
            let name = format!("{id}@{subject}@{digest}");
            self.inner.referrers.put(batch, account, "", &name, &referrer, Expect::Any);
        }
    }

    /// Makes tags name an image, and tells which did not before. Images know their tags, so that those which lose one change too.
    async fn move_tags(
        &self,
        batch: &mut Batch,
        account: &str,
        repository: &Repository,
        image: &mut Image,
        tags: &[Tag],
    ) -> Result<Vec<(Tag, Option<Digest>)>, OciError> {
        let id = repository.id.as_str();
        let mut losers: BTreeMap<Digest, Arc<Row<Image>>> = BTreeMap::new();
        let mut moved: Vec<(Tag, Option<Digest>)> = Vec::new();
        for tag in tags {
            if moved.iter().any(|(seen, _)| seen == tag) {
                continue;
            }
            let name = format!("{id}:{tag}");
            let row = self.inner.tags.get(account, "", &name).await?;
            let before = row.as_ref().map(|row| row.value.digest.clone());
            if before.as_ref() == Some(&image.digest) {
                continue;
            }
            if let Some(before) = &before {
                if !(self.inner.settings.tag_rule)(repository, tag.as_str()) {
                    return Err(OciError::ImmutableTag { tag: tag.to_string(), digest: before.clone() });
                }
                if !losers.contains_key(before)
                    && let Some(loser) = self.inner.images.get(account, "", &within(id, before)).await?
                {
                    losers.insert(before.clone(), loser);
                }
            }
            let tagged = Tagged { digest: image.digest.clone(), at: self.now() };
            let expect = row.map_or(Expect::Absent, |row| Expect::Revision(row.revision));
            self.inner.tags.put(batch, account, "", &name, &tagged, expect);
            image.tags.push(tag.to_string());
            moved.push((tag.clone(), before));
        }
        image.tags.sort();
        image.tags.dedup();
        if image.tags.len() > MAX_TAGS {
            return Err(OciError::TooManyTags { limit: MAX_TAGS });
        }
        for (digest, row) in losers {
            let mut loser = row.value.clone();
            loser.tags.retain(|tag| !moved.iter().any(|(moved, _)| moved.as_str() == tag));
            let expect = Expect::Revision(row.revision);
            self.inner.images.put(batch, account, "", &within(id, &digest), &loser, expect);
        }
        Ok(moved)
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
        let repository = self.known(key).await?;
        let id = repository.value.id.as_str();
        let Some(row) = self.image_row(key.account(), id, reference).await? else { return Ok(None) };
        let bytes = self.text(key.account(), id, &row.value).await?;
        let image = self.with_pull(key.account(), id, row.value.clone()).await?;
        Ok(bytes.map(|bytes| Manifest { image, bytes }))
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
        let found = self.manifest(key, reference).await?;
        let manifest = found.ok_or_else(|| OciError::NoManifest(reference.to_string()))?;
        if manifest.image.storage_class == StorageClass::Archive {
            return Err(OciError::Archived(manifest.image.digest));
        }
        if is_noted && let Some(repository) = self.repository(key).await? {
            let image = &manifest.image;
            self.note_pull(key.account(), &repository.id, &image.digest, image.pulled_at);
        }
        Ok(manifest)
    }

    /// A manifest's bytes; none if it was deleted just now.
    pub(crate) async fn text(
        &self,
        account: &str,
        id: &str,
        image: &Image,
    ) -> Result<Option<Bytes>, OciError> {
        let size = usize::try_from(image.manifest_size).unwrap_or(usize::MAX);
        let mut text = String::with_capacity(size.min(MAX_MANIFEST_BYTES));
        for number in 0.. {
            let name = format!("{id}@{}@{number:04}", image.digest);
            let Some(piece) = self.inner.texts.get(account, "", &name).await? else { return Ok(None) };
            text.push_str(&piece.value);
            if text.len() >= size {
                break;
            }
        }
        Ok(Some(Bytes::from(text)))
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
        let mut tries = Tries::default();
        loop {
            if keep_parts && let Some(index) = self.indices_of(key, digest, 1).await?.pop() {
                return Err(OciError::PartOfIndex { digest: digest.clone(), index });
            }
            match self.try_delete_image(key, digest).await {
                Err(error) => tries.again(self, error).await?,
                done => return done,
            }
        }
    }

    /// Whoever gives the image a tag changes its record, so at its revision its tags are all that there are.
    async fn try_delete_image(&self, key: &RepositoryKey, digest: &Digest) -> Result<Image, OciError> {
        let account = key.account();
        let repository = self.known(key).await?;
        let id = repository.value.id.as_str();
        let name = within(id, digest);
        let found = self.inner.images.get(account, "", &name).await?;
        let row = found.ok_or_else(|| OciError::NoManifest(digest.to_string()))?;
        let image = &row.value;
        let mut batch = Batch::new();
        self.require_repository(&mut batch, &repository);
        self.inner.images.delete(&mut batch, account, "", &name, Expect::Revision(row.revision));
        self.inner.pulled.delete(&mut batch, account, "", &name, Expect::Any);
        for tag in &image.tags {
            self.inner.tags.delete(&mut batch, account, "", &format!("{id}:{tag}"), Expect::Any);
        }
        for reference in &image.references {
            let name = format!("{id}@{reference}@{digest}");
            self.inner.uses.delete(&mut batch, account, "", &name, Expect::Any);
        }
        if let Some(subject) = &image.subject {
            let name = format!("{id}@{subject}@{digest}");
            self.inner.referrers.delete(&mut batch, account, "", &name, Expect::Any);
        }
        let prefix = format!("{name}@");
        let scan = Scan { prefix: &prefix, ..Scan::default() };
        for text in self.inner.store.scan(account, "", self.inner.texts.kind(), scan).await? {
            batch.delete(text.place, Expect::Any);
        }
        let event = Event::Deleted { digest: digest.clone(), tags: image.tags.clone() };
        self.tell(&mut batch, account, &repository.value, event)?;
        let image = self.with_pull(account, id, image.clone()).await?;
        self.inner.store.commit(batch).await?;
        Ok(image)
    }

    /// Deletes a tag and leaves the image, and tells which one it named.
    ///
    /// # Errors
    ///
    /// [`OciError::NoManifest`], [`OciError::NoRepository`], and those of the store.
    pub async fn delete_tag(&self, key: &RepositoryKey, tag: &Tag) -> Result<Image, OciError> {
        let mut tries = Tries::default();
        loop {
            match self.try_delete_tag(key, tag).await {
                Err(error) => tries.again(self, error).await?,
                done => return done,
            }
        }
    }

    async fn try_delete_tag(&self, key: &RepositoryKey, tag: &Tag) -> Result<Image, OciError> {
        let account = key.account();
        let repository = self.known(key).await?;
        let id = repository.value.id.as_str();
        let unknown = || OciError::NoManifest(tag.to_string());
        let name = format!("{id}:{tag}");
        let tagged = self.inner.tags.get(account, "", &name).await?.ok_or_else(unknown)?;
        let digest = &tagged.value.digest;
        let row = self.inner.images.get(account, "", &within(id, digest)).await?.ok_or_else(unknown)?;
        let mut image = row.value.clone();
        image.tags.retain(|other| other != tag.as_str());
        let mut batch = Batch::new();
        self.require_repository(&mut batch, &repository);
        self.inner.tags.delete(&mut batch, account, "", &name, Expect::Revision(tagged.revision));
        let expect = Expect::Revision(row.revision);
        self.inner.images.put(&mut batch, account, "", &within(id, digest), &image, expect);
        let event = Event::Untagged { digest: digest.clone(), tag: tag.to_string() };
        self.tell(&mut batch, account, &repository.value, event)?;
        self.inner.store.commit(batch).await?;
        self.with_pull(account, id, image).await
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
        let repository = self.known(key).await?;
        let prefix = format!("{}:", repository.value.id);
        let after = after.map(|tag| format!("{prefix}{tag}"));
        let scan = Scan { prefix: &prefix, after: after.as_deref(), limit };
        let rows = self.inner.tags.scan(key.account(), "", scan).await?;
        let tag = |row: Row<Tagged>| {
            let tag = row.place.name.strip_prefix(&prefix).unwrap_or_default().parse()?;
            Ok((tag, row.value.digest))
        };
        rows.into_iter().map(tag).collect()
    }
}

fn new_image(digest: &Digest, parsed: &Parsed, manifest_size: u64, now: Timestamp) -> Image {
    Image {
        digest: digest.clone(),
        tags: Vec::new(),
        media_type: parsed.media_type.clone(),
        artifact_type: parsed.artifact_type.clone(),
        manifest_size,
        content_size: parsed.references.iter().fold(0, |sum, (_, size)| u64::saturating_add(sum, *size)),
        subject: parsed.subject.clone(),
        is_index: parsed.is_index,
        references: parsed.references.iter().map(|(digest, _)| digest.clone()).collect(),
        pushed_at: now,
        pulled_at: None,
        storage_class: StorageClass::Standard,
        archived_at: None,
        activated_at: None,
    }
}

/// A text in pieces that fit into records, cut between characters.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest.take()?;
        let end = text.floor_char_boundary(TEXT_BYTES);
        let (piece, after) = text.split_at_checked(end).unwrap_or((text, ""));
        rest = (!after.is_empty()).then_some(after);
        Some(piece)
    })
}
