//! What a registry keeps: blobs, uploads, manifests, tags and who refers to whom.

mod blob;
mod change;
mod collect;
pub mod control;
mod digest;
mod error;
mod image;
mod manifest;
mod name;
mod parse;
mod pulls;
mod registry;
mod repository;
mod sessions;
mod upload;

pub use self::blob::{Blob, Content};
pub use self::change::{Change, Changes, Event};
pub use self::collect::Collected;
pub use self::digest::{Algorithm, Digest, Hasher};
pub use self::error::OciError;
pub use self::image::{Image, ImageStatus, Referrer, StorageClass};
pub use self::manifest::{MAX_MANIFEST_BYTES, MAX_REFERENCES, MAX_TAGS, Manifest, Push, Pushed};
pub use self::name::{MAX_REPOSITORY_NAME, MAX_TAG, Reference, RepositoryKey, Tag};
pub use self::registry::{Clock, Registry, Settings, TagRule};
pub use self::repository::Repository;
pub use self::upload::{ByteStream, Upload};
