//! Manifests, indexes and configurations of images, as OCI and Docker write them.

use serde::Deserialize;

use crate::digest::Digest;
use crate::error::ImageError;
use crate::limits::{MAX_LAYERS, MAX_MANIFESTS};
use crate::platform::Platform;

/// Media types of lists of manifests.
pub(crate) const INDEX: [&str; 2] =
    ["application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json"];
/// Media types of manifests.
pub(crate) const MANIFEST: [&str; 2] =
    ["application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json"];

/// A reference to content.
///
/// Source: OCI image-spec, "Content Descriptors".
#[derive(Clone, Debug)]
pub struct Descriptor {
    /// What the content is.
    pub media_type: String,
    /// Its digest.
    pub digest: Digest,
    /// Its length in bytes.
    pub size: u64,
    /// For which platform it is, if that is said.
    pub platform: Option<Platform>,
    /// The name under which it lies in a layout.
    pub name: Option<String>,
    pub(crate) is_attestation: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireDescriptor {
    #[serde(default)]
    media_type: String,
    digest: String,
    size: u64,
    #[serde(default)]
    platform: Option<WirePlatform>,
    #[serde(default)]
    annotations: Option<Annotations>,
}

#[derive(Deserialize)]
struct Annotations {
    #[serde(rename = "org.opencontainers.image.ref.name", default)]
    name: Option<String>,
    #[serde(rename = "io.containerd.image.name", default)]
    containerd: Option<String>,
    #[serde(rename = "vnd.docker.reference.type", default)]
    reference_type: Option<String>,
}

#[derive(Deserialize, Default)]
struct WirePlatform {
    #[serde(default)]
    os: String,
    #[serde(default)]
    architecture: String,
    #[serde(default)]
    variant: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireManifest {
    #[serde(default)]
    media_type: String,
    #[serde(default)]
    config: Option<WireDescriptor>,
    #[serde(default)]
    layers: Option<Vec<WireDescriptor>>,
    #[serde(default)]
    manifests: Option<Vec<WireDescriptor>>,
}

/// What a digest of a manifest leads to.
#[derive(Debug)]
pub(crate) enum Manifest {
    Index(Vec<Descriptor>),
    Image { config: Descriptor, layers: Vec<Descriptor> },
}

impl Manifest {
    /// Reads one, whatever its media type is said to be: what it holds decides, and what holds both is refused, since readers
    /// would differ on it.
    ///
    /// Source: OCI image-spec, "Image Manifest", and CVE-2021-41190.
    pub(crate) fn read(bytes: &[u8], spot: &str) -> Result<Self, ImageError> {
        let broken = |why: String| ImageError::Manifest { spot: spot.to_owned(), why };
        let wire: WireManifest = serde_json::from_slice(bytes).map_err(|error| broken(error.to_string()))?;
        let said = wire.media_type.as_str();
        match (wire.manifests, wire.config, wire.layers) {
            (Some(manifests), None, None) if !MANIFEST.contains(&said) => {
                if manifests.len() > MAX_MANIFESTS {
                    return Err(broken(format!("it lists more than {MAX_MANIFESTS} manifests")));
                }
                let manifests = manifests.into_iter().map(|wire| Descriptor::of(wire, spot));
                Ok(Self::Index(manifests.collect::<Result<_, _>>()?))
            }
            (None, Some(config), Some(layers)) if !INDEX.contains(&said) => {
                if layers.len() > MAX_LAYERS {
                    return Err(broken(format!("it has more than {MAX_LAYERS} layers")));
                }
                let layers = layers.into_iter().map(|wire| Descriptor::of(wire, spot));
                Ok(Self::Image {
                    config: Descriptor::of(config, spot)?,
                    layers: layers.collect::<Result<_, _>>()?,
                })
            }
            (None, None, None) if said.is_empty() => {
                Err(broken("it is neither an index nor an image's manifest".to_owned()))
            }
            _ => Err(broken(format!("it is not, or not only, what its media type `{said}` says"))),
        }
    }
}

impl Descriptor {
    /// Of content of which no more is known.
    pub fn new(media_type: impl Into<String>, digest: Digest, size: u64) -> Self {
        let media_type = media_type.into();
        Self { media_type, digest, size, platform: None, name: None, is_attestation: false }
    }

    fn of(wire: WireDescriptor, spot: &str) -> Result<Self, ImageError> {
        let digest = wire.digest.parse().map_err(|error: crate::digest::DigestError| {
            ImageError::Manifest { spot: spot.to_owned(), why: error.to_string() }
        })?;
        let platform = wire.platform.map(|wire| Platform {
            os: wire.os,
            architecture: wire.architecture,
            variant: wire.variant.filter(|variant| !variant.is_empty()),
        });
        let annotations = wire.annotations;
        let is_attestation = annotations.as_ref().is_some_and(|all| all.reference_type.is_some())
            || platform.as_ref().is_some_and(|platform| platform.os == "unknown");
        let name = annotations.and_then(|all| all.name.or(all.containerd));
        Ok(Self { media_type: wire.media_type, digest, size: wire.size, platform, name, is_attestation })
    }
}

/// What is wanted of an image's configuration.
///
/// Source: OCI image-spec, "Image Configuration".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// The platform it is for.
    pub platform: Option<Platform>,
    /// When it was made, as it is written.
    pub created: Option<String>,
    /// Digests of the layers, not compressed.
    pub diff_ids: Vec<Digest>,
    /// What made each layer, in order; none where that isn't said.
    pub made_by: Vec<Option<String>>,
}

#[derive(Deserialize)]
struct WireConfig {
    #[serde(default)]
    created: Option<String>,
    #[serde(flatten)]
    platform: WirePlatform,
    #[serde(default)]
    rootfs: Option<WireRoot>,
    #[serde(default)]
    history: Option<Vec<WireHistory>>,
}

#[derive(Deserialize)]
struct WireRoot {
    #[serde(default)]
    diff_ids: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct WireHistory {
    #[serde(default)]
    created_by: Option<String>,
    #[serde(default)]
    empty_layer: bool,
}

impl Config {
    /// Reads one.
    pub(crate) fn read(bytes: &[u8], spot: &str) -> Result<Self, ImageError> {
        let broken = |why: String| ImageError::Manifest { spot: spot.to_owned(), why };
        let wire: WireConfig = serde_json::from_slice(bytes).map_err(|error| broken(error.to_string()))?;
        let diff_ids = wire.rootfs.and_then(|root| root.diff_ids).unwrap_or_default();
        let diff_ids = diff_ids.iter().map(|text| text.parse()).collect::<Result<Vec<_>, _>>();
        let history = wire.history.unwrap_or_default();
        let WirePlatform { os, architecture, variant } = wire.platform;
        Ok(Self {
            platform: Some(Platform { os, architecture, variant }).filter(|found| !found.os.is_empty()),
            created: wire.created,
            diff_ids: diff_ids.map_err(|error: crate::digest::DigestError| broken(error.to_string()))?,
            made_by: history
                .into_iter()
                .filter(|step| !step.empty_layer)
                .map(|step| step.created_by)
                .collect(),
        })
    }
}

/// An image of Docker's archive.
///
/// Source: Docker, "Image Specification v1.2.0", `manifest.json`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ArchiveImage {
    pub(crate) config: String,
    #[serde(default)]
    pub(crate) repo_tags: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) layers: Vec<String>,
}
