//! The IAM policy language: whether a principal may do an action on a resource, and because of which statement.

mod assumption;
mod condition;
mod context;
mod decide;
pub mod inventory;
mod key;
mod layers;
pub mod limits;
pub mod line;
mod pattern;
mod pattern_set;
mod policy;
mod principal;
mod request;
mod resource;
pub mod roles;
mod special;
mod verdict;
mod wildcard;

pub use assumption::Assumption;
pub use condition::{Comparison, Condition, Operator, SetOperator};
pub use context::Context;
pub use decide::decide;
pub use key::Key;
pub use layers::{Layer, Level, Policies, Unread};
pub use pattern::Pattern;
pub use policy::{
    ActionElement, Effect, Policy, PolicyKind, PrincipalElement, ResourceElement, Statement, Version,
};
pub use principal::{AwsPrincipal, AwsPrincipalKind, InvalidPrincipal, Principal};
pub use request::{Action, InvalidRequest, Request, Resource, View};
pub use verdict::{Deciding, OpenCondition, Outcome, Verdict};
