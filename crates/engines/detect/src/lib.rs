//! What Kubernetes audit events tell.

pub mod act;
pub mod audit;
mod detector;
mod field;
pub mod finding;
mod object;
pub mod output;
mod rules;
mod seen;
mod tactic;

pub use detector::{Counts, Detector};
pub use field::{Field, Members, Read, Text};
pub use tactic::Tactic;
