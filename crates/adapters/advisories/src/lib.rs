//! Advisories on disk: imported from OSV exports into one indexed file, looked up offline.
//!
//! [`import`] reads exports of the OSV schema in every form in which databases give them out, and replaces the file in one step.
//! [`Database`] finds the records of a package in it with a few reads, whatever its size. The same records make the same bytes.

mod database;
mod error;
mod format;
mod import;
mod write;

pub use database::Database;
pub use error::{DatabaseError, ImportError};
pub use import::{Imported, Problem, Progress, import};
