//! Who may do what in a Kubernetes cluster.

mod aggregation;
mod answer;
mod authorizer;
mod bindings;
mod caller;
mod checks;
mod content;
mod danger;
mod defaults;
pub mod entry;
mod node;
mod question;
mod roles;
mod rule;
mod summary;
mod symbols;
mod text;
mod who;

pub use aggregation::{StaleAggregation, stale_aggregations};
pub use answer::{Scope, WhoCan};
pub use authorizer::{Authorizer, Options};
pub use caller::{PolicyHolder, explain_caller, explain_identity, policy_holders};
pub use checks::authorization;
pub use danger::{Ask, DANGERS, Danger, InNamespaces};
pub use question::{Question, Target};
pub use summary::summary;
