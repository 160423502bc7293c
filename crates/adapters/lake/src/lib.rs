//! Events and findings as OCSF in Parquet, in a folder or in S3, in the layout of Amazon Security Lake.
//!
//! ```no_run
//! # async fn example(events: Vec<(u64, ringwall_lake::Row)>) -> Result<(), Box<dyn std::error::Error>> {
//! use ringwall_lake::{Lake, Location, Partition, Settings};
//!
//! let location = Location::open("/var/lib/ringwall/lake")?;
//! let mut lake = Lake::open(location, Settings::default());
//! let shop = Partition::new("shop", "111122223333", "eu-west-1");
//! // Once, before the first rows: takes back what was written after the last position that was committed.
//! lake.rewind(&shop, 41).await?;
//! for (position, row) in events {
//!     lake.append(&shop, position, row)?;
//!     if lake.is_due() {
//!         lake.flush().await?; // From here on positions up to this one may be committed.
//!     }
//! }
//! lake.flush().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Layout
//!
//! ```text
//! ext/ringwall-events/region=eu-west-1/accountId=111122223333/eventDay=20261127/shop-5f0c….parquet
//! ext/ringwall-findings/…
//! ```
//!
//! Each class of OCSF is a source of its own, as Security Lake asks of custom sources; the day is that of the event, in UTC. A
//! file's name holds the positions that it was made of, so that a replay replaces it rather than doubling its rows.
//!
//! Source: AWS, *Amazon Security Lake User Guide*, "Collecting data from custom sources in Security Lake".
//!
//! # Recall
//!
//! [`recall`] gives events back in the form of their logs, for rules that are tried on what is past.
//!
//! # Compaction
//!
//! [`compact`] makes one file of many, and first writes a list of those that it replaces. [`Visible`] is the lake as it is read: of
//! replaced files it shows nothing, from the moment on at which the new one is there. They are deleted later, when nobody reads
//! them any more.

mod bodies;
mod cloudtrail;
mod compact;
mod error;
mod event;
mod expire;
mod file;
mod finding;
mod layout;
pub mod limits;
mod location;
mod node;
mod recall;
mod row;
mod schema;
mod value;
mod visible;
mod writer;

pub use self::compact::{CompactSettings, Compacted, compact};
pub use self::error::LakeError;
pub use self::expire::{Expired, expire};
pub use self::layout::{Day, Partition};
pub use self::location::Location;
pub use self::recall::{Recalled, recall};
pub use self::row::{Class, Origin, Row};
pub use self::schema::{NAMED_COLUMNS, schema};
pub use self::visible::Visible;
pub use self::writer::{Lake, Settings, Written};
