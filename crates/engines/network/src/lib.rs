//! What reaches what in a Kubernetes cluster, and because of what; and the packet filter of a node that makes exactly that true.

pub mod plan;
mod traffic;
mod who;

pub use traffic::{Span, Traffic};
pub use who::{Port, QuestionError, Who};
