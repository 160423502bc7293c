//! What a manifest says of itself and of others.
//!
//! Sources: OCI *Image Format Specification*, "Image Manifest" and "Image Index"; Docker, *Image Manifest Version 2, Schema 2*.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::digest::Digest;
use crate::error::OciError;
use crate::manifest::{MAX_MANIFEST_BYTES, MAX_REFERENCES};

/// The longest media type and artifact type. Source: RFC 6838, section 4.2: two names of at most 127 characters.
const MAX_TYPE: usize = 255;

/// What a manifest of a media type lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Image,
    Index,
    /// OCI's artifact manifest, which was in no final version of the specification; some clients push it.
    Artifact,
}

const KINDS: [(&str, Kind); 5] = [
    ("application/vnd.oci.image.manifest.v1+json", Kind::Image),
    ("application/vnd.docker.distribution.manifest.v2+json", Kind::Image),
    ("application/vnd.oci.image.index.v1+json", Kind::Index),
    ("application/vnd.docker.distribution.manifest.list.v2+json", Kind::Index),
    ("application/vnd.oci.artifact.manifest.v1+json", Kind::Artifact),
];

/// A manifest that was understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    /// The media type that it was read as.
    pub media_type: String,
    /// Whether it lists manifests rather than blobs.
    pub is_index: bool,
    /// What it lists, config first, each once, with its size in bytes.
    pub references: Vec<(Digest, u64)>,
    /// Of these the ones that have to be in the repository: not layers that are fetched from elsewhere, nor what an index lists.
    pub needed: Vec<(Digest, u64)>,
    /// What it refers to.
    pub subject: Option<Digest>,
    /// `artifactType`, or the media type of its config if it has none.
    pub artifact_type: Option<String>,
    /// Its annotations.
    pub annotations: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    schema_version: Option<u64>,
    media_type: Option<String>,
    artifact_type: Option<String>,
    config: Option<Descriptor>,
    layers: Option<Vec<Descriptor>>,
    blobs: Option<Vec<Descriptor>>,
    manifests: Option<Vec<Descriptor>>,
    subject: Option<Descriptor>,
    annotations: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    #[serde(default)]
    media_type: String,
    digest: String,
    size: u64,
}

impl Descriptor {
    fn digest(&self) -> Result<Digest, OciError> {
        self.digest.parse()
    }

    /// Layers that are not to be distributed: clients fetch them from where the manifest says.
    fn is_elsewhere(&self) -> bool {
        let layer = self.media_type.as_str();
        layer.starts_with("application/vnd.oci.image.layer.nondistributable.")
            || layer.starts_with("application/vnd.docker.image.rootfs.foreign.")
    }
}

/// Reads a manifest under the media type that the client gave for it, if it gave one.
///
/// # Errors
///
/// [`OciError::BadManifest`], [`OciError::BadDigest`], [`OciError::ManifestTooLarge`].
pub fn parse_manifest(bytes: &[u8], given: Option<&str>) -> Result<Parsed, OciError> {
    let bad = |why: String| OciError::BadManifest(why);
    if bytes.len() > MAX_MANIFEST_BYTES {
        return Err(OciError::ManifestTooLarge);
    }
    let wire: Wire = serde_json::from_slice(bytes).map_err(|error| bad(error.to_string()))?;
    if wire.schema_version.is_some_and(|version| version != 2) {
        return Err(bad("its schemaVersion is not 2".to_owned()));
    }
    let media_type = match (given, wire.media_type.as_deref()) {
        (Some(given), Some(own)) if given != own => {
            return Err(bad(format!("it was sent as `{}` and says that it is another", cut(given))));
        }
        (Some(media_type), _) | (None, Some(media_type)) => media_type,
        (None, None) if wire.manifests.is_some() => "application/vnd.oci.image.index.v1+json",
        (None, None) => "application/vnd.oci.image.manifest.v1+json",
    };
    let kind = KINDS.iter().find(|(name, _)| *name == media_type).map(|(_, kind)| *kind);
    let kind = kind.ok_or_else(|| bad(format!("its media type `{}` is not known", cut(media_type))))?;
    // What could be read as either would be another thing to each of two clients: CVE-2021-41190.
    let is_clear = match kind {
        Kind::Image => wire.manifests.is_none() && wire.blobs.is_none(),
        Kind::Index => wire.layers.is_none() && wire.config.is_none() && wire.blobs.is_none(),
        Kind::Artifact => wire.manifests.is_none() && wire.layers.is_none() && wire.config.is_none(),
    };
    if !is_clear {
        return Err(bad("it has parts of another kind of manifest".to_owned()));
    }
    let config_type = wire.config.as_ref().map(|config| config.media_type.clone());
    let listed: Vec<Descriptor> = match kind {
        Kind::Image => {
            let config = wire.config.ok_or_else(|| bad("it has no config".to_owned()))?;
            let layers = wire.layers.ok_or_else(|| bad("it has no layers".to_owned()))?;
            std::iter::once(config).chain(layers).collect()
        }
        Kind::Index => wire.manifests.ok_or_else(|| bad("it has no manifests".to_owned()))?,
        Kind::Artifact => wire.blobs.unwrap_or_default(),
    };
    let mut references: Vec<(Digest, u64)> = Vec::new();
    let mut needed = Vec::new();
    let mut seen = std::collections::HashMap::new();
    for descriptor in listed {
        let digest = descriptor.digest()?;
        match seen.insert(digest.clone(), descriptor.size) {
            None => references.push((digest.clone(), descriptor.size)),
            Some(size) if size == descriptor.size => continue,
            Some(_) => return Err(bad(format!("it gives `{digest}` two sizes"))),
        }
        if references.len() > MAX_REFERENCES {
            return Err(bad(format!("it lists more than {MAX_REFERENCES} others")));
        }
        if kind != Kind::Index && !descriptor.is_elsewhere() {
            needed.push((digest, descriptor.size));
        }
    }
    let artifact_type = wire.artifact_type.filter(|text| !text.is_empty()).or(config_type);
    if artifact_type.as_ref().is_some_and(|text| text.len() > MAX_TYPE) {
        return Err(bad("its artifactType is longer than 255 bytes".to_owned()));
    }
    Ok(Parsed {
        media_type: media_type.to_owned(),
        is_index: kind == Kind::Index,
        references,
        needed,
        subject: wire.subject.map(|subject| subject.digest()).transpose()?,
        artifact_type,
        annotations: wire.annotations.unwrap_or_default(),
    })
}

fn cut(text: &str) -> String {
    text.chars().take(MAX_TYPE).collect()
}

#[cfg(test)]
mod tests;
