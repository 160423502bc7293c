//! What happened: a finding, the events that it rests on, and what is to be done.

mod details;
mod evidence;
mod kind;
mod sequence;
mod store;
mod verdict;

pub(crate) use details::short;
pub use details::{
    Actor, ApiCall, AwsCall, Container, Details, ListMatch, PermissionAsked, RoleBindingMade, RoleMade, Term,
    Workload,
};
pub use evidence::{Evidence, MAX_EVIDENCE, Place};
pub use kind::{DefinedBy, Kind, Log, number};
pub use sequence::{Sequence, SequenceSignal, SignalSource};
pub use store::{Finding, Findings, MAX_FINDINGS, Signal};
pub use verdict::{
    Archived, ByHand, Feedback, MAX_COMMENT, MAX_MARKS, Mark, Marks, NotMarked, Rating, Verdict,
};
