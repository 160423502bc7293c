//! What Kubernetes audit events tell.

#[cfg(test)]
extern crate self as ringwall_detect;

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
pub use rules::ANOMALOUS_BEHAVIOR;
pub use tactic::Tactic;
