//! What `docker save` writes.

use std::collections::HashMap;
use std::io::Read;
use std::sync::Arc;

use super::archive::Archive;
use super::layout::{Blobs, small};
use super::{Content, Image, Layer};
use crate::digest::Digest;
use crate::error::ImageError;
use crate::limits::MAX_LAYERS;
use crate::manifest::{ArchiveImage, Config, Descriptor};
use crate::platform::{self, Platform};

/// Layers by the digests that the configuration has for them.
struct Layers {
    archive: Blobs,
    paths: HashMap<Digest, String>,
}

impl Content for Layers {
    fn open(&self, content: &Descriptor) -> Result<Box<dyn Read + Send>, ImageError> {
        let path = self.paths.get(&content.digest);
        self.archive.file(path.ok_or_else(|| ImageError::Missing(content.digest.to_string()))?)
    }
}

/// The image of such an archive that has a tag, or the only one.
pub(crate) fn docker(
    name: &str,
    archive: Archive,
    wanted: Option<&str>,
    platform: Option<&Platform>,
) -> Result<Image, ImageError> {
    let archive = Blobs::Archive(archive);
    let broken = |why: String| ImageError::Manifest { spot: "`manifest.json`".to_owned(), why };
    let images: Vec<ArchiveImage> = serde_json::from_slice(&small(&archive, "manifest.json")?)
        .map_err(|error| broken(error.to_string()))?;
    let tags = |image: &ArchiveImage| image.repo_tags.clone().unwrap_or_default();
    let is_wanted = |image: &&ArchiveImage| match wanted {
        Some(wanted) => tags(image)
            .iter()
            .any(|tag| tag == wanted || tag.rsplit_once(':').is_some_and(|(_, short)| short == wanted)),
        None => true,
    };
    let found: Vec<&ArchiveImage> = images.iter().filter(is_wanted).collect();
    let [image] = found.as_slice() else {
        let there = images.iter().flat_map(tags).collect();
        return Err(ImageError::NoImage { layout: name.to_owned(), there });
    };
    let bytes = small(&archive, &image.config)?;
    let config = Config::read(&bytes, &format!("`{}`", image.config))?;
    platform::check(platform, config.platform.as_ref())?;
    if config.diff_ids.len() != image.layers.len() || image.layers.len() > MAX_LAYERS {
        let why = format!(
            "it has {} layers, and the configuration {}; at most {MAX_LAYERS} are read",
            image.layers.len(),
            config.diff_ids.len()
        );
        return Err(broken(why));
    }
    let layers = config
        .diff_ids
        .iter()
        .map(|digest| Layer { descriptor: Descriptor::new("", digest.clone(), 0), is_unpacked: true });
    let layers = layers.collect();
    let paths = config.diff_ids.iter().cloned().zip(image.layers.iter().cloned()).collect();
    Ok(Image {
        name: name.to_owned(),
        digest: None,
        config_digest: Some(Digest::of(&bytes)),
        config,
        layers,
        content: Arc::new(Layers { archive, paths }),
    })
}
