//! Layouts made for a test.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use ringwall_image::{Digest, ImageError, Platform, ScanOptions, Scanned, Target, scan, scan_folder};
use serde_json::{Value, json};

pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub(crate) const GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut output = GzEncoder::new(Vec::new(), Compression::fast());
    output.write_all(bytes).unwrap();
    output.finish().unwrap()
}

/// An OCI layout in a folder of its own.
pub(crate) struct Layout {
    pub(crate) folder: tempfile::TempDir,
}

impl Layout {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("blobs/sha256")).unwrap();
        fs::write(folder.path().join("oci-layout"), r#"{"imageLayoutVersion": "1.0.0"}"#).unwrap();
        Self { folder }
    }

    /// One with a single image of these layers, gzipped.
    pub(crate) fn of(layers: &[Vec<u8>]) -> Self {
        let layout = Self::new();
        let image = layout.image(layers, "amd64");
        layout.index(&[image]);
        layout
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn blob_path(&self, digest: &str) -> PathBuf {
        self.path().join("blobs").join(digest.replace(':', "/"))
    }

    pub(crate) fn blob(&self, media_type: &str, bytes: &[u8]) -> Value {
        let digest = Digest::of(bytes);
        fs::write(self.blob_path(digest.as_str()), bytes).unwrap();
        json!({"mediaType": media_type, "digest": digest.as_str(), "size": bytes.len()})
    }

    pub(crate) fn image(&self, layers: &[Vec<u8>], architecture: &str) -> Value {
        let diff_ids: Vec<String> = layers.iter().map(|layer| Digest::of(layer).to_string()).collect();
        let history: Vec<Value> =
            (0..layers.len()).map(|at| json!({"created_by": format!("step {at}")})).collect();
        let config = json!({"os": "linux", "architecture": architecture, "created": "2026-01-01T00:00:00Z",
            "rootfs": {"type": "layers", "diff_ids": diff_ids}, "history": history});
        let config = self.blob("application/vnd.oci.image.config.v1+json", config.to_string().as_bytes());
        let layers: Vec<Value> = layers.iter().map(|layer| self.blob(GZIP, &gzip(layer))).collect();
        let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers});
        let mut image = self.blob(MANIFEST, manifest.to_string().as_bytes());
        image["platform"] = json!({"os": "linux", "architecture": architecture});
        image
    }

    pub(crate) fn index(&self, manifests: &[Value]) {
        let index = json!({"schemaVersion": 2, "manifests": manifests});
        fs::write(self.path().join("index.json"), index.to_string()).unwrap();
    }

    pub(crate) fn name(&self) -> String {
        self.path().display().to_string()
    }

    pub(crate) fn scan(&self) -> Result<Scanned, ImageError> {
        scan_target(&self.name(), None, &ScanOptions::default())
    }
}

/// Scans what a name leads to, which is no registry's image.
pub(crate) fn scan_target(
    name: &str,
    platform: Option<&str>,
    options: &ScanOptions,
) -> Result<Scanned, ImageError> {
    let platform: Option<Platform> = platform.map(|text| text.parse().unwrap());
    match Target::find(name, platform.as_ref())? {
        Target::Image(image) => scan(&image, options),
        Target::Folder(folder) => scan_folder(&folder, options),
        Target::Registry(_) | Target::Sbom(_) => panic!("`{name}` is something else"),
    }
}

/// `name version path@layer`, the layer by its number.
pub(crate) fn told(scanned: &Scanned) -> Vec<String> {
    let number = |layer: &Option<String>| match layer {
        Some(layer) => {
            let of = |facts: &ringwall_image::LayerFacts| {
                facts.diff_id.as_ref().unwrap_or(&facts.digest).as_str() == layer
            };
            scanned.layers.iter().position(of).map_or("?".to_owned(), |number| number.to_string())
        }
        None => "-".to_owned(),
    };
    let packages = scanned.inventory.packages.iter().flat_map(|package| {
        let places = package.locations.iter();
        places.map(move |place| {
            format!("{} {} {}@{}", package.name, package.version, place.path, number(&place.layer))
        })
    });
    packages.collect()
}

/// A lock file of Cargo with these crates.
pub(crate) fn lock(crates: &[(&str, &str)]) -> String {
    let mut text = "version = 4\n".to_owned();
    for (name, version) in crates {
        text.push_str(&format!(
            "\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n"
        ));
    }
    text
}

/// dpkg's database with these packages.
pub(crate) fn status(packages: &[(&str, &str)]) -> String {
    let one = |(name, version): &(&str, &str)| {
        format!(
            "Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: {version}\nMaintainer: nobody\nDescription: x\n\n"
        )
    };
    packages.iter().map(one).collect()
}
