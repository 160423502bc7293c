//! A snapshot, a folder with what is known of a cluster, read into a [`Cluster`].
//!
//! ```
//! # let folder = std::env::temp_dir().join("ringwall-snapshot-doc");
//! # std::fs::create_dir_all(folder.join("kubernetes")).unwrap();
//! # std::fs::write(folder.join("kubernetes/all.yaml"), "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n").unwrap();
//! let snapshot = ringwall_snapshot::read(&folder, &ringwall_snapshot::Options::default())?;
//! assert_eq!(&*snapshot.cluster.namespaces[0].name, "shop");
//! assert!(snapshot.problems.is_empty());
//! # Ok::<(), ringwall_snapshot::SnapshotError>(())
//! ```
//!
//! `docs/reference/snapshot.md` describes the folder for those who make one. What can't be read is told as a
//! [`Problem`] with its file and line and costs nothing but itself; [`read`] fails only if there is no snapshot at
//! all. The same folder gives the same result, byte for byte, whatever the number of threads.

mod address;
mod aws;
mod aws_auth;
mod aws_export;
mod bytes;
mod cluster_yaml;
mod error;
mod fields;
pub mod limits;
mod load;
mod logs;
mod network;
mod objects;
mod pod;
mod rbac;
mod rbac_subject;
mod refused;
mod scans;
mod selector;
mod typed;
mod walk;

use std::path::Path;

use ringwall_model::{Cluster, Problem};

pub use aws::percent_decoded;
pub use error::SnapshotError;
pub use load::{cluster_of, exports_of};
pub use logs::read_log;
pub use objects::{Objects, objects_of};

/// How a snapshot is read.
#[derive(Clone, Copy, Default)]
pub struct Options<'o> {
    /// Is told after each file how far reading has come.
    pub progress: Option<&'o dyn Fn(Progress)>,
}

/// How far reading has come, in bytes on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes read.
    pub done: u64,
    /// Bytes to read in all.
    pub total: u64,
}

/// A snapshot as it was read.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// What could be read.
    pub cluster: Cluster,
    /// What could not, and what means other than it seems; sorted by file and line.
    pub problems: Vec<Problem>,
}

/// Reads the snapshot in a folder.
///
/// # Errors
///
/// If the folder can't be read, or holds no part of a snapshot.
pub fn read(folder: &Path, options: &Options<'_>) -> Result<Snapshot, SnapshotError> {
    let walk = walk::walk(folder)?;
    Ok(load::load(walk, options))
}
