//! What Kubernetes audit events tell.

pub mod audit;
mod field;
mod object;

pub use field::{Field, Members, Read, Text};
