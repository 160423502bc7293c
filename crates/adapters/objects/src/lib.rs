//! Objects in a folder or in S3-compatible storage, durable before they are answered.
//!
//! ```
//! use bytes::Bytes;
//! use futures_util::TryStreamExt as _;
//! use ringwall_objects::Objects;
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let place = folder.path().join("blobs").display().to_string();
//! let objects = Objects::open(&place)?; // or s3://BUCKET/PREFIX
//!
//! // Written piece by piece, never whole in memory, and on the disk when `sync` returns.
//! let mut writer = objects.writer("5f0c2a");
//! writer.write(vec![Bytes::from_static(b"large "), Bytes::from_static(b"objects")]).await?;
//! let extent = writer.sync().await?;
//!
//! // Read the same way, all or a range, of one extent or of several that follow each other.
//! let content = objects.read(&[extent.clone()], 2..9).await?;
//! let pieces: Vec<Bytes> = content.into_stream().try_collect().await?;
//! assert_eq!(pieces.concat(), b"rge obj");
//! objects.delete(&extent).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # What holds
//!
//! - **Durable.** What [`Writer::sync`] and the object store's `put` have returned from is on the disk: the file, and the names
//!   of it and of the folders that it is in.
//! - **Bounded.** A writer holds at most [`PIECE_BYTES`] in memory, a reader a few buffers of [`READ_BYTES`].
//! - **Never replaced.** Each extent has a name that is used once, so that who reads one never sees another's bytes. Names are
//!   chosen by who writes.

mod content;
mod error;
mod folder;
mod place;
mod s3;
mod writer;

pub use self::content::{Content, FileRange, READ_BYTES};
pub use self::error::ObjectsError;
pub use self::place::{Objects, store_of};
pub use self::writer::{Extent, PIECE_BYTES, Writer};
