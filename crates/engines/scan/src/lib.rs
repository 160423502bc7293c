//! What is installed in an image, and what is known against it, as values.
//!
//! Files come in as bytes with their path ([`read`]), packages come out ([`package`]). An [`Inventory`] is all that one image or
//! folder holds. Nothing here opens a file, asks the time or the network: an adapter unpacks layers and calls this.
//!
//! ```
//! use ringwall_scan::package::Inventory;
//! use ringwall_scan::read;
//!
//! let path = "var/lib/dpkg/status";
//! let kind = read::wanted(path).ok_or("not a file with packages")?;
//! let text = b"Package: bash\nStatus: install ok installed\nVersion: 5.2.15-2\nArchitecture: amd64\n";
//! let found = read::packages(kind, path, text);
//! let inventory = Inventory::assemble([(path.to_owned(), None, found)]);
//! assert_eq!(inventory.packages[0].version, "5.2.15-2");
//! # Ok::<(), &str>(())
//! ```

pub mod advisory;
pub mod kev;
pub mod matching;
pub mod package;
pub mod purl;
pub mod read;
pub mod report;
pub mod running;
pub mod sbom;
pub mod severity;
pub mod version;
pub mod vex;

pub use package::{Distribution, Inventory, Location, Package, PackageType, SourcePackage};
