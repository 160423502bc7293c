//! Queries over a lake that is made here, by this crate and by its program.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "these are tests")]

mod ballista;
mod duckdb;
mod lake;
mod program;
mod queries;
