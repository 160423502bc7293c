//! Images and folders as files of packages: layouts, archives, registries; layers, whiteouts, package databases.
//!
//! ```no_run
//! use ringwall_image::{ScanOptions, Target, scan};
//!
//! # fn example() -> Result<(), ringwall_image::ImageError> {
//! if let Target::Image(image) = Target::find("layout:web", None)? {
//!     let scanned = scan(&image, &ScanOptions::default())?;
//!     println!("{} packages", scanned.inventory.packages.len());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! A layer streams: it is compared with its digest, decompressed, and taken apart as a tar file, several layers at a time. Of its
//! files only those are held, one by one, that `ringwall_scan::read` wants. What a layer holds is kept by its digest in a
//! [`Cache`], so that a scan after advisories have changed reads no layer.
//!
//! An image may be made to do harm: every size, depth and count has a limit in [`limits`]. A layer that can't be read whole makes
//! the scan fail, since what is missing could be all that matters; a file that can't be is told as a problem.

mod budget;
mod cache;
mod compress;
mod digest;
mod error;
mod folder;
mod layer;
pub mod limits;
mod manifest;
mod merge;
mod path;
mod platform;
mod reference;
pub mod registry;
mod scan;
mod source;
mod tar;
mod target;
mod view;

#[cfg(test)]
#[path = "../tests/it/tarball.rs"]
mod tarball;

pub use budget::Progress;
pub use cache::Cache;
pub use digest::{Digest, DigestError};
pub use error::ImageError;
pub use manifest::{Config, Descriptor};
pub use platform::{Platform, PlatformError};
pub use reference::{ImageReference, ReferenceError};
pub use scan::{LayerFacts, ScanOptions, Scanned, scan, scan_folder};
pub use source::{Content, Image, Layer, image};
pub use target::Target;
