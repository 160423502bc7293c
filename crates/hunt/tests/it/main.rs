//! Queries over a lake that is made here, by this crate and by its program.

mod ballista;
mod duckdb;
mod lake;
mod program;
mod queries;
