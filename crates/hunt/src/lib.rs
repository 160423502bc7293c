//! SQL over the lake: `ringwall-hunt`.
//!
//! ```text
//! SQL or the name of a query ──▶ context: events, findings, findings_latest over the lake's files ──▶ rows, within limits
//!                                   └── by DataFusion here, or by Ballista's scheduler and executors
//! ```
//!
//! Nothing can be written: statements other than queries are refused, and so is every write to the store that files are read by.

pub mod ballista;
mod error;
mod limits;
pub mod output;
mod queries;
mod run;
mod stores;
mod tables;

pub use self::error::HuntError;
pub use self::limits::Limits;
pub use self::output::Format;
pub use self::queries::{QUERIES, Query};
pub use self::run::{Hunted, hunt, statement};
pub use self::stores::Stores;
pub use self::tables::{context, register};
