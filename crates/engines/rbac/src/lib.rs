//! Who may do what in a Kubernetes cluster.

mod aggregation;
mod answer;
mod authorizer;
mod bindings;
mod content;
mod danger;
mod defaults;
mod node;
mod question;
mod roles;
mod rule;
mod symbols;
mod text;
mod who;

pub use aggregation::{StaleAggregation, stale_aggregations};
pub use answer::{Scope, WhoCan};
pub use authorizer::{Authorizer, Options};
pub use danger::{Ask, DANGERS, Danger, InNamespaces};
pub use question::{Question, Target};
