//! CloudTrail: what was asked of AWS's APIs.

mod call;
mod policy;
mod read;
mod record;
mod rules;
mod tactic;
mod watch;
mod whereabouts;

pub(crate) use call::session_of;
pub use call::{Call, Caller, Origin};
pub use read::{Held, MAX_INPUT, NotRead, read, read_with_json};
pub use record::{
    Flag, Identity, InScopeOf, Record, Resource, SessionAttributes, SessionContext, SessionIssuer,
    TlsDetails, WebIdFederation,
};
pub use rules::KINDS;
pub(crate) use rules::{actor, anomaly, aws_call, may_be_anomaly};
pub use tactic::Tactic;
pub(crate) use watch::Watch;
