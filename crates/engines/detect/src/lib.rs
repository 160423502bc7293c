//! What Kubernetes audit events and CloudTrail records tell.

pub mod act;
mod actor;
pub mod audit;
pub mod baseline;
mod body;
pub mod cloudtrail;
mod detector;
mod field;
pub mod filter;
pub mod finding;
pub mod intel;
mod keep;
mod keyed;
mod kinds;
mod object;
pub mod output;
mod recent;
pub mod rules;
mod seen;
pub mod sequence;
mod tactic;
pub mod timeline;

pub use actor::Identity;
pub use detector::{Counts, Detector, MAX_STATE, StateError};
pub use field::{Field, Members, Read, Text};
pub use tactic::Tactic;
