//! An OCI layout: `oci-layout`, `index.json` and `blobs/`.
//!
//! Source: OCI image-spec, "OCI Image Layout".

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;

use ringwall_files::read_from;

use super::archive::Archive;
use super::{Content, Image, Layer};
use crate::digest::Digest;
use crate::error::ImageError;
use crate::limits::{MAX_INDEX_DEPTH, MAX_MANIFEST};
use crate::manifest::{Config, Descriptor, INDEX, Manifest};
use crate::platform::{self, Platform};

/// Where a layout's files are.
pub(crate) enum Blobs {
    Folder(PathBuf),
    Archive(Archive),
}

impl Blobs {
    pub(crate) fn file(&self, path: &str) -> Result<Box<dyn Read + Send>, ImageError> {
        match self {
            Self::Folder(folder) => {
                let path = folder.join(path);
                let file = File::open(&path).map_err(|error| match error.kind() {
                    std::io::ErrorKind::NotFound => ImageError::Missing(path.display().to_string()),
                    _ => ImageError::read(&path)(error),
                })?;
                Ok(Box::new(file))
            }
            Self::Archive(archive) => archive.open(path),
        }
    }
}

impl Content for Blobs {
    fn open(&self, content: &Descriptor) -> Result<Box<dyn Read + Send>, ImageError> {
        let (algorithm, value) = content.digest.parts();
        self.file(&format!("blobs/{algorithm}/{value}"))
    }
}

/// Reads a small file whole.
pub(super) fn small(blobs: &Blobs, path: &str) -> Result<Vec<u8>, ImageError> {
    read_from(blobs.file(path)?, MAX_MANIFEST)
        .map_err(|source| ImageError::Read { path: path.to_owned(), source })
}

/// Reads small content whole, and compares it with its digest.
pub(crate) fn checked(content: &dyn Content, descriptor: &Descriptor) -> Result<Vec<u8>, ImageError> {
    let spot = descriptor.digest.to_string();
    let bytes = read_from(content.open(descriptor)?, MAX_MANIFEST)
        .map_err(|source| ImageError::Read { path: spot.clone(), source })?;
    if descriptor.digest.is_of(&bytes) {
        Ok(bytes)
    } else {
        let why = format!("its content has the digest `{}`", Digest::of(&bytes));
        Err(ImageError::Manifest { spot: format!("`{spot}`"), why })
    }
}

/// The image of a layout that has a name there, or a manifest's digest; without either, the only one.
pub(crate) fn layout(
    name: &str,
    blobs: Blobs,
    wanted: Option<&str>,
    platform: Option<&Platform>,
) -> Result<Image, ImageError> {
    let Manifest::Index(manifests) = Manifest::read(&small(&blobs, "index.json")?, "`index.json`")? else {
        let why = "it is no index".to_owned();
        return Err(ImageError::Manifest { spot: "`index.json`".to_owned(), why });
    };
    let is_wanted = |manifest: &&Descriptor| match wanted {
        Some(wanted) => {
            manifest.digest.as_str() == wanted
                || manifest.name.as_deref().is_some_and(|name| {
                    // What containerd writes is a whole reference, of which the tag may be meant.
                    name == wanted || name.rsplit_once(':').is_some_and(|(_, tag)| tag == wanted)
                })
        }
        None => true,
    };
    let found: Vec<Descriptor> = manifests.iter().filter(is_wanted).cloned().collect();
    let names = || {
        let names = manifests
            .iter()
            .map(|manifest| manifest.name.clone().unwrap_or_else(|| manifest.digest.to_string()));
        names.collect::<Vec<_>>()
    };
    let root = match found.as_slice() {
        [only] => only,
        // A name, or several without one, of one image for several platforms.
        [first, rest @ ..] if rest.iter().all(|other| other.name == first.name) => {
            platform::choose(&found, platform)?
        }
        _ => return Err(ImageError::NoImage { layout: name.to_owned(), there: names() }),
    };
    image(name, Arc::new(blobs), root.clone(), platform)
}

/// The image that a manifest or an index leads to: of an index, that for a platform.
///
/// # Errors
///
/// Content is missing, isn't what its digest says, or can't be read; or there is none for the platform.
pub fn image(
    name: &str,
    content: Arc<dyn Content>,
    mut root: Descriptor,
    platform: Option<&Platform>,
) -> Result<Image, ImageError> {
    for _ in 0..MAX_INDEX_DEPTH {
        let spot = format!("`{}`", root.digest);
        match Manifest::read(&checked(content.as_ref(), &root)?, &spot)? {
            Manifest::Index(manifests) => {
                root = platform::choose(&manifests, platform)?.clone();
                // Both kinds lie at the same place of a registry, and only the media type tells them apart there.
                if root.media_type.is_empty() {
                    root.media_type = INDEX.first().copied().unwrap_or_default().to_owned();
                }
            }
            Manifest::Image { config, layers } => {
                let bytes = checked(content.as_ref(), &config)?;
                let parsed = Config::read(&bytes, &format!("`{}`", config.digest))?;
                platform::check(platform, parsed.platform.as_ref())?;
                let layers = layers.into_iter().map(|descriptor| Layer { descriptor, is_unpacked: false });
                return Ok(Image {
                    name: name.to_owned(),
                    digest: Some(root.digest),
                    config_digest: Some(config.digest),
                    config: parsed,
                    layers: layers.collect(),
                    content,
                });
            }
        }
    }
    let why = format!("indexes lie more than {MAX_INDEX_DEPTH} deep in one another");
    Err(ImageError::Manifest { spot: format!("`{}`", root.digest), why })
}
