use std::io;

use crate::limits::{MAX_ENTRIES, MAX_IMAGE_BYTES, MAX_NAMES};
use crate::platform::Platform;

/// Why an image could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    /// A file or folder can't be read.
    #[error("`{path}` can't be read")]
    Read {
        /// Which.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// There is nothing of that name, and it is no image of a registry either.
    #[error("`{target}` is no file or folder, and no image of a registry: {why}")]
    Target {
        /// What was asked for.
        target: String,
        /// Why it is no image's name.
        why: String,
    },
    /// A file is nothing that can be looked into.
    #[error("`{0}` is neither an image nor an SBOM")]
    Unknown(String),
    /// A layout has several images, and none was named; or none of the name.
    #[error("`{layout}` has no image of that name; it has {}", list(.there))]
    NoImage {
        /// The layout.
        layout: String,
        /// The names of its images.
        there: Vec<String>,
    },
    /// There is no image for a platform.
    #[error("there is no image for `{wanted}`; there is one for {}", list(.there))]
    NoPlatform {
        /// Which was wanted.
        wanted: Platform,
        /// Which there are.
        there: Vec<String>,
    },
    /// A manifest, an index or a configuration can't be used.
    #[error("{spot} can't be used: {why}")]
    Manifest {
        /// Which one.
        spot: String,
        /// Why.
        why: String,
    },
    /// Content is missing.
    #[error("`{0}` is missing")]
    Missing(String),
    /// A layer can't be read.
    #[error("layer `{layer}` can't be read{}", spot(.entry.as_deref()))]
    Layer {
        /// Its digest.
        layer: String,
        /// The last entry that could be.
        entry: Option<String>,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// More entries than are read.
    #[error("it has more than {MAX_ENTRIES} files, folders and links")]
    Entries,
    /// Longer names than are read.
    #[error("the names of its files have more than {} MiB together", MAX_NAMES >> 20)]
    Names,
    /// More bytes than are read.
    #[error("more than {} GiB come out of its layers", MAX_IMAGE_BYTES >> 30)]
    Bytes,
    /// A registry could not be asked, or what it answered can't be used.
    #[error(transparent)]
    Registry(#[from] crate::registry::RegistryError),
    /// Reading was given up, since something else failed.
    #[error("it was given up")]
    GivenUp,
}

impl ImageError {
    pub(crate) fn read(path: &std::path::Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.display().to_string();
        |source| Self::Read { path, source }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::NoImage { .. } => "name one: LAYOUT:NAME, or LAYOUT@sha256:…",
            Self::NoPlatform { .. } => "choose one with --platform",
            Self::Target { .. } => "write ./NAME for a file, HOST/REPOSITORY:TAG for an image",
            Self::Unknown(_) => {
                "images are OCI layouts and archives of Docker, SBOMs are CycloneDX or SPDX as JSON"
            }
            Self::Missing(_) => "the image was not copied whole: copy it again",
            Self::Layer { .. } => {
                "the layer is damaged, or made to do harm: nothing of the image was reported"
            }
            Self::Entries | Self::Names | Self::Bytes => "scan its parts as folders",
            Self::Registry(error) => return error.hint(),
            Self::Read { .. } | Self::Manifest { .. } | Self::GivenUp => return None,
        })
    }
}

fn list(there: &[String]) -> String {
    const SHOWN: usize = 20;
    if there.is_empty() {
        return "none".to_owned();
    }
    let mut text = there.iter().take(SHOWN).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if there.len() > SHOWN {
        text.push_str(&format!(" and {} more", there.len() - SHOWN));
    }
    text
}

fn spot(entry: Option<&str>) -> String {
    entry.map(|entry| format!(" after `{entry}`")).unwrap_or_default()
}
