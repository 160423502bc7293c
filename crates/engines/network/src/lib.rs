//! What reaches what in a Kubernetes cluster, and because of what; and the packet filter of a node that makes exactly that true.
//!
//! [`Network::new`] finds out who there is: [`PodEntry`] (living pods, and templates of workloads without any), [`NodeEntry`],
//! [`NamespaceEntry`], [`PolicyEntry`]. [`Network::selecting`] tells which policies speak of a pod, in the order in which they are asked,
//! [`Network::select`] which pods a scope of a rule means, [`Network::holders`] who has an address. [`Network::traffic`] answers for two
//! [`Party`]s what policies let pass, as a set of ports.

pub mod checks;
mod decide;
mod diff;
mod evaluate;
mod exposure;
pub mod groups;
mod network;
mod owners;
mod pairs;
mod party;
pub mod plan;
mod rules;
mod select;
mod services;
mod suggest;
mod traffic;
mod warnings;
mod who;

pub use diff::{Change, Diff, DiffParty, Turn, diff};
pub use evaluate::{Allowed, direction};
pub use exposure::{Exposed, NewNamespace, NewPods, exposure};
pub use network::{Direction, Network};
pub use pairs::{AddressRange, Class, Edge, Folded, FoldedLink, FoldedParty, Member, ModelPod, Reach};
pub use party::{
    End, EndKind, Labels, NamespaceEntry, NamespaceId, NodeEntry, NodeId, Origin, Party, PodEntry, PodId,
    PolicyEntry, PolicyId,
};
pub use rules::{Match, Matched, peer_matches, ports_match, rule_matches, rules, scope_matches};
pub use services::{Endpoint, Facing};
pub use suggest::{Beyond, Evidence, LeftOut, Manifest, Seen, Suggestion, suggest};
pub use traffic::{Span, Traffic};
pub use warnings::{Warning, WarningKind};
pub use who::{Port, QuestionError, Who};
