//! An OCI layout in a folder, as `skopeo copy`, `cosign save` and others write it.
//!
//! Source: OCI Image Format 1.1, *Image Layout*.

use std::path::PathBuf;

use serde::Deserialize;

use super::{MAX_MANIFEST_BYTES, Manifest, Referrer, Source};
use crate::digest::ImageDigest;
use crate::error::SourceError;

const REF_NAME: &str = "org.opencontainers.image.ref.name";
/// What cosign calls the manifests of a layout that it writes. Source: cosign, `pkg/oci/layout`.
const COSIGN_KIND: &str = "kind";
const COSIGN_KINDS: [(&str, &str); 2] =
    [(".sig", "dev.cosignproject.cosign/sigs"), (".att", "dev.cosignproject.cosign/atts")];
const COSIGN_IMAGES: [&str; 2] = ["dev.cosignproject.cosign/image", "dev.cosignproject.cosign/imageIndex"];
/// Most manifests of a layout that are looked at for the one that they refer to.
const MAX_MANIFESTS: usize = 1000;

/// A folder with `oci-layout`, `index.json` and `blobs/`.
#[derive(Clone, Debug)]
pub struct Layout {
    folder: PathBuf,
    manifests: Vec<Descriptor>,
}

#[derive(Deserialize)]
struct Index {
    #[serde(default)]
    manifests: Vec<Descriptor>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    digest: String,
    #[serde(default)]
    annotations: std::collections::BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Referring {
    subject: Option<Descriptor>,
    artifact_type: Option<String>,
}

impl Layout {
    /// Reads the folder's index.
    ///
    /// # Errors
    ///
    /// It is no layout.
    pub fn open(folder: PathBuf) -> Result<Self, SourceError> {
        let path = folder.join("index.json");
        let text = ringwall_files::read(&path, limit(MAX_MANIFEST_BYTES))
            .map_err(|source| SourceError::Read { path, source })?;
        let index: Index = serde_json::from_slice(&text).map_err(|error| SourceError::Content {
            place: folder.display().to_string(),
            what: "index.json".to_owned(),
            why: format!("can't be read: {error}"),
        })?;
        if index.manifests.len() > MAX_MANIFESTS {
            return Err(SourceError::TooMany { what: "manifests", limit: MAX_MANIFESTS });
        }
        Ok(Self { folder, manifests: index.manifests })
    }

    /// The one image that it has, if it has one: by the descriptor of its index that is no signature's.
    pub fn only_image(&self) -> Option<ImageDigest> {
        let is_image = |one: &&Descriptor| {
            let name = one.annotations.get(REF_NAME).map_or("", String::as_str);
            match one.annotations.get(COSIGN_KIND) {
                Some(kind) => COSIGN_IMAGES.contains(&kind.as_str()),
                None => !(name.starts_with("sha256-") || name.starts_with("sha512-")) && !self.refers(one),
            }
        };
        let mut images = self.manifests.iter().filter(is_image);
        let image = images.next()?;
        // The same image under several tags is one.
        images.all(|other| other.digest == image.digest).then(|| image.digest.parse().ok())?
    }

    fn refers(&self, one: &Descriptor) -> bool {
        let digest: Option<ImageDigest> = one.digest.parse().ok();
        let bytes = digest.and_then(|digest| self.read(&digest, MAX_MANIFEST_BYTES).ok().flatten());
        bytes
            .and_then(|bytes| serde_json::from_slice::<Referring>(&bytes).ok())
            .is_some_and(|read| read.subject.is_some())
    }

    fn read(&self, digest: &ImageDigest, most: usize) -> Result<Option<Vec<u8>>, SourceError> {
        let path = self.folder.join("blobs").join(digest.algorithm()).join(digest.hex());
        let bytes = ringwall_files::read_if_there(&path, limit(most));
        let Some(bytes) = bytes.map_err(|source| SourceError::Read { path, source })? else {
            return Ok(None);
        };
        if !digest.is_of(&bytes) {
            return Err(SourceError::Content {
                place: self.folder.display().to_string(),
                what: digest.to_string(),
                why: "has another digest".to_owned(),
            });
        }
        Ok(Some(bytes))
    }

    fn named(&self, reference: &str) -> Option<ImageDigest> {
        if let Ok(digest) = reference.parse() {
            return Some(digest);
        }
        let by = |key: &str, value: &str| {
            let mut found = self.manifests.iter();
            found.find(|one| one.annotations.get(key).is_some_and(|named| named == value))
        };
        let found = by(REF_NAME, reference).or_else(|| {
            let image = self.only_image()?;
            let (_, kind) = COSIGN_KINDS.iter().find(|(ending, _)| image.tag(ending) == reference)?;
            by(COSIGN_KIND, kind)
        });
        found?.digest.parse().ok()
    }
}

impl Source for Layout {
    async fn manifest(&self, reference: &str) -> Result<Option<Manifest>, SourceError> {
        let Some(digest) = self.named(reference) else { return Ok(None) };
        let bytes = self.read(&digest, MAX_MANIFEST_BYTES)?;
        Ok(bytes.map(|bytes| Manifest { digest, bytes }))
    }

    async fn blob(&self, digest: &ImageDigest, most: usize) -> Result<Vec<u8>, SourceError> {
        self.read(digest, most)?.ok_or_else(|| SourceError::Missing(digest.to_string()))
    }

    async fn referrers(&self, digest: &ImageDigest) -> Result<Vec<Referrer>, SourceError> {
        let mut found = Vec::new();
        for descriptor in &self.manifests {
            let Ok(own) = descriptor.digest.parse::<ImageDigest>() else { continue };
            let Some(bytes) = self.read(&own, MAX_MANIFEST_BYTES)? else { continue };
            let Ok(read) = serde_json::from_slice::<Referring>(&bytes) else { continue };
            if read.subject.is_some_and(|subject| subject.digest == digest.as_str()) {
                found.push(Referrer { digest: own, artifact_type: read.artifact_type.unwrap_or_default() });
            }
        }
        Ok(found)
    }
}

fn limit(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}
