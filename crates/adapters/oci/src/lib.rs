//! What a registry keeps: blobs, uploads, manifests, tags and who refers to whom.
//!
//! ```
//! use bytes::Bytes;
//! use futures_util::stream::{self, StreamExt as _};
//! use ringwall_objects::Objects;
//! use ringwall_oci::{Algorithm, Push, Registry, RepositoryKey, Settings};
//! use ringwall_store::Store;
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let address = format!("sqlite:{}/store.db", folder.path().display());
//! # let place = folder.path().join("blobs").display().to_string();
//! let store = Store::open(&address, Default::default()).await?;
//! let registry = Registry::open(Objects::open(&place)?, store, Settings::default()).await?;
//! let app = RepositoryKey::new("123456789012", "team/app")?;
//! registry.create_repository(&app, Default::default()).await?;
//!
//! // Piece by piece: each is on the disk when it is answered, and another process could go on.
//! let upload = registry.begin_upload(&app, Algorithm::Sha256).await?;
//! let piece = stream::iter([Ok(Bytes::from_static(b"{}"))]).boxed();
//! let upload = registry.append_upload(&app, &upload.id, Some(0), None, piece).await?;
//! let config = Algorithm::Sha256.of(b"{}");
//! let nothing = stream::empty().boxed();
//! registry.finish_upload(&app, &upload.id, &config, Some(upload.offset), None, nothing).await?;
//!
//! // What a manifest needs has to be there, and stays there from then on.
//! let text = format!(
//!     r#"{{"schemaVersion":2,"config":{{"mediaType":"a/b","digest":"{config}","size":2}},"layers":[]}}"#
//! );
//! let push = Push { tags: vec!["latest".parse()?], digest: None, media_type: None, bytes: text.into() };
//! let pushed = registry.push_manifest(&app, push).await?;
//! let pulled = registry.pull_manifest(&app, &"latest".parse()?, true).await?;
//! assert_eq!(pulled.image.digest, pushed.image.digest);
//!
//! registry.collect().await?; // Whenever one likes.
//! assert_eq!(registry.changes(0, 10).await?.changes.len(), 2);
//! # Ok(())
//! # }
//! ```
//!
//! Source: OCI, *Distribution Specification* 1.1 and its development version; botocore's model of ECR for what images and repositories
//! have beside that.
//!
//! # What holds
//!
//! - **Durable.** What is answered is on the disk: bytes of blobs first, then the records that tell of them, each push in one
//!   commit. A test reads it from a trace of the system's calls, another kills the process under load.
//! - **Whole.** A blob is there when all of it came and has its digest; a manifest when all that it needs is there; a tag names a
//!   manifest that is there.
//! - **Needed things stay.** The collector runs beside pushes of all processes: its module says why it takes nothing in use.
//! - **Tags keep the rule.** Whether a tag may move is asked in the one place where tags are set, and the commit holds only with the
//!   repository's settings as they were then.
//! - **Bounded.** Of a blob a request holds half a mebibyte or two in memory, of a manifest all of its four.
//!
//! # Where things are
//!
//! Small blobs and manifests are in the store, larger blobs in objects. A process that writes an upload keeps its file open and its
//! digest so far; another one goes on with a file of its own, and reads all of it once for the digest.

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
pub use self::name::{Reference, RepositoryKey, Tag};
pub use self::parse::{Parsed, parse_manifest};
pub use self::registry::{Clock, Registry, Settings, TagRule};
pub use self::repository::Repository;
pub use self::upload::{ByteStream, Upload};
