//! The network agent of a node: what policies say, made so in its packet filter.
//!
//! It watches pods, namespaces, nodes and policies, asks the engine what the node's filter has to do, and programs that in a
//! table of its own. A pod is isolated before its first container runs, by a chained CNI plugin ([`cni`]).
//!
//! # What holds
//!
//! - *Nothing before all is known*: until every watch has been answered once, what is in the kernel stays as it was found. So a
//!   start without the apiserver changes nothing, and a restart opens nothing.
//! - *The latest counts*: a change is taken in at once; what changes while rules are being computed is taken in after it,
//!   together. There is no timer, and no queue that grows.
//! - *What the kernel has is looked at*: from time to time the table is read back; what differs is put right and told.

mod agent;
pub mod cni;
mod denials;
mod flows;
mod groups;
mod metrics;
mod objects;
mod sandboxes;
mod watches;

pub use agent::{Agent, InForce, Settings, interfaces};
pub use groups::{follow_groups, read_groups};
pub use metrics::Metrics;
pub use watches::{Permission, permissions};
