//! One image, and all that belongs to it, to another registry.

use std::io;

use bytes::Bytes;
use ringwall_oci::{ByteStream, Digest, OciError, Reference, Registry, RepositoryKey};

use crate::remote::{Blob, Remote, RemoteError};

/// How deep indexes of indexes are followed: clients know one level, the specification sets none.
const MAX_DEPTH: u32 = 4;

/// Why an image was not copied.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The other registry.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// The registry here.
    #[error(transparent)]
    Oci(#[from] OciError),
}

/// A blob here.
struct Local<'a> {
    registry: &'a Registry,
    key: &'a RepositoryKey,
    blob: ringwall_oci::Blob,
}

impl Blob for Local<'_> {
    fn digest(&self) -> &Digest {
        &self.blob.digest
    }

    fn size(&self) -> u64 {
        self.blob.size
    }

    async fn read(&self, from: u64) -> io::Result<ByteStream> {
        let range = from..self.blob.size;
        let content = self.registry.read_blob(self.key, &self.blob.digest, Some(range)).await;
        content.map(ringwall_oci::Content::into_stream).map_err(io::Error::other)
    }
}

/// Copies an image with all that it lists to the repository of the same name, and gives it a tag there. What is there already is
/// not sent. An image that is gone here by now is not copied, and neither is a tag that names another one.
///
/// # Errors
///
/// Those of both registries; what was sent stays there.
pub async fn copy_image(
    registry: &Registry,
    key: &RepositoryKey,
    digest: &str,
    tag: Option<&str>,
    remote: &Remote,
) -> Result<(), CopyError> {
    let digest: Digest = digest.parse()?;
    if let Some(tag) = tag {
        let named = registry.image(key, &Reference::Tag(tag.parse()?)).await?;
        if named.is_none_or(|image| image.digest != digest) {
            return Ok(());
        }
    }
    copy_manifest(registry, key, &digest, tag, remote, MAX_DEPTH).await
}

async fn copy_manifest(
    registry: &Registry,
    key: &RepositoryKey,
    digest: &Digest,
    tag: Option<&str>,
    remote: &Remote,
    depth: u32,
) -> Result<(), CopyError> {
    let reference = tag.unwrap_or(digest.as_str());
    if remote.digest(key.name(), reference).await?.as_deref() == Some(digest.as_str()) {
        return Ok(());
    }
    let Some(manifest) = registry.manifest(key, &Reference::Digest(digest.clone())).await? else {
        return Ok(());
    };
    let image = &manifest.image;
    for part in &image.references {
        if !image.is_index {
            // What is not here, a foreign layer, is not there either.
            if let Some(blob) = registry.stat_blob(key, part).await? {
                remote.push_blob(key.name(), &Local { registry, key, blob }, None).await?;
            }
        } else if depth > 0 {
            Box::pin(copy_manifest(registry, key, part, None, remote, depth - 1)).await?;
        }
    }
    let bytes: Bytes = manifest.bytes.clone();
    Ok(remote.put_manifest(key.name(), reference, &image.media_type, bytes).await?)
}
