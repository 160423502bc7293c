//! What Kubernetes audit events tell.

pub mod act;
pub mod audit;
pub mod baseline;
mod body;
mod detector;
mod field;
pub mod finding;
pub mod intel;
mod object;
pub mod rules;
mod seen;
mod tactic;

pub use detector::{Counts, Detector};
pub use field::{Field, Members, Read, Text};
pub use tactic::Tactic;
