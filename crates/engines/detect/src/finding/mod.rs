//! What happened: a finding, the events that it rests on, and what is to be done.

mod custom;
mod details;
mod evidence;
mod kind;
mod sequence;
mod store;
mod verdict;

pub use custom::{CUSTOM_KINDS, CustomRule};
pub use details::{
    Actor, ApiCall, AwsCall, Container, Details, ListMatch, PermissionAsked, RoleBindingMade, RoleMade, Term,
    Workload,
};
pub(crate) use details::{MAX_LISTED, short};
pub use evidence::{Evidence, MAX_EVIDENCE, MAX_EVIDENCE_FILES, Place};
pub use kind::{DefinedBy, Kind, Log, number};
pub use sequence::{Sequence, SequenceSignal, SignalSource};
pub use store::{Finding, Findings, Lost, MAX_BYTES, MAX_FINDINGS, Signal};
pub use verdict::{
    Archived, ByHand, Feedback, MAX_COMMENT, MAX_MARKS, Mark, Marks, NotMarked, Rating, Verdict,
};
