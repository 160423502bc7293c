//! A registry for one test.

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;
use ringwall_objects::Objects;
use ringwall_oci::{
    Algorithm, ByteStream, Digest, OciError, Push, Pushed, Registry, RepositoryKey, Settings, Tag,
};
use ringwall_store::{Options, Store};
use tempfile::TempDir;

pub(crate) const ACCOUNT: &str = "123456789012";

/// A folder with a store and objects, and a clock that stands still until it is moved.
pub(crate) struct Lab {
    folder: TempDir,
    address: String,
    seconds: Arc<AtomicI64>,
}

impl Lab {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = format!("sqlite:{}", folder.path().join("store.db").display());
        Self { folder, address, seconds: Arc::new(AtomicI64::new(1_700_000_000)) }
    }

    /// The store is in PostgreSQL.
    pub(crate) async fn postgres() -> Self {
        Self { address: crate::server::database().await, ..Self::new() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.seconds.fetch_add(i64::try_from(time.as_secs()).unwrap(), Ordering::SeqCst);
    }

    pub(crate) fn settings(&self) -> Settings {
        let seconds = Arc::clone(&self.seconds);
        Settings {
            clock: Arc::new(move || Timestamp::from_second(seconds.load(Ordering::SeqCst)).unwrap()),
            tag_rule: Arc::new(|_, tag| !tag.starts_with('v')),
            ..Settings::default()
        }
    }

    pub(crate) async fn open_with(&self, settings: Settings, poll: Duration) -> Registry {
        let store = Store::open(&self.address, Options { poll, ..Options::default() }).await.unwrap();
        Registry::open(Objects::folder(&self.path("objects")).unwrap(), store, settings).await.unwrap()
    }

    /// As it is usually opened.
    pub(crate) async fn open(&self) -> Registry {
        self.open_with(self.settings(), Duration::from_secs(1)).await
    }

    /// How many objects there are.
    pub(crate) fn objects(&self) -> usize {
        let folders = std::fs::read_dir(self.path("objects")).unwrap();
        folders.map(|folder| std::fs::read_dir(folder.unwrap().path()).unwrap().count()).sum()
    }
}

pub(crate) fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap().block_on(test)
}

pub(crate) fn key(name: &str) -> RepositoryKey {
    RepositoryKey::new(ACCOUNT, name).unwrap()
}

pub(crate) fn tag(tag: &str) -> Tag {
    tag.parse().unwrap()
}

pub(crate) async fn repository(registry: &Registry, name: &str) -> RepositoryKey {
    let key = key(name);
    registry.create_repository(&key, Default::default()).await.unwrap();
    key
}

/// A body in pieces of so many bytes.
pub(crate) fn body_of(bytes: &[u8], piece: usize) -> ByteStream {
    let pieces: Vec<_> = bytes.chunks(piece.max(1)).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    stream::iter(pieces).boxed()
}

pub(crate) fn body(bytes: &[u8]) -> ByteStream {
    body_of(bytes, 64 << 10)
}

pub(crate) fn nothing() -> ByteStream {
    stream::empty().boxed()
}

/// So many bytes that no other number gives.
pub(crate) fn bytes(number: u64, length: usize) -> Vec<u8> {
    let mut state = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

pub(crate) fn sha256(bytes: &[u8]) -> Digest {
    Algorithm::Sha256.of(bytes)
}

pub(crate) async fn push_blob(registry: &Registry, key: &RepositoryKey, bytes: &[u8]) -> Digest {
    let digest = sha256(bytes);
    registry.push_blob(key, &digest, None, body(bytes)).await.unwrap();
    digest
}

pub(crate) async fn read(
    registry: &Registry,
    key: &RepositoryKey,
    digest: &Digest,
    range: Option<std::ops::Range<u64>>,
) -> Result<Vec<u8>, OciError> {
    let content = registry.read_blob(key, digest, range).await?;
    let pieces: Vec<Bytes> = content.into_stream().try_collect().await.map_err(OciError::Body)?;
    Ok(pieces.concat())
}

pub(crate) const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// An image manifest of a config and layers, given by digest and size.
pub(crate) fn manifest(config: (&Digest, usize), layers: &[(&Digest, usize)]) -> Vec<u8> {
    let layers: Vec<_> = layers
        .iter()
        .map(|(digest, size)| {
            serde_json::json!({
                "mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": digest.as_str(), "size": size,
            })
        })
        .collect();
    let manifest = serde_json::json!({
        "schemaVersion": 2, "mediaType": IMAGE,
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": config.0.as_str(), "size": config.1,
        },
        "layers": layers,
    });
    serde_json::to_vec(&manifest).unwrap()
}

pub(crate) fn push(bytes: &[u8], tags: &[&str]) -> Push {
    Push {
        tags: tags.iter().map(|text| tag(text)).collect(),
        digest: None,
        media_type: None,
        bytes: Bytes::copy_from_slice(bytes),
    }
}

/// An image of one small config and one layer of these bytes.
pub(crate) async fn push_image(
    registry: &Registry,
    key: &RepositoryKey,
    layer: &[u8],
    tags: &[&str],
) -> Result<Pushed, OciError> {
    let config = format!("{{\"layer\":\"{}\"}}", sha256(layer));
    let (config_digest, layer_digest) = (sha256(config.as_bytes()), sha256(layer));
    registry.push_blob(key, &config_digest, None, body(config.as_bytes())).await?;
    registry.push_blob(key, &layer_digest, None, body(layer)).await?;
    let manifest = manifest((&config_digest, config.len()), &[(&layer_digest, layer.len())]);
    registry.push_manifest(key, push(&manifest, tags)).await
}
