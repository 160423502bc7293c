//! Audit logs and CloudTrail, in every form in which they lie in files, to one event after the other.
//!
//! A log may come from the apiserver itself, from CloudWatch (exported to S3, or as the AWS CLI prints it, or delivered by Kinesis
//! or Firehose), or from CloudTrail (delivered to S3, or as the AWS CLI prints it); compressed or not, an event a line or laid out
//! over many. Nothing needs to be said of that: it is told by what is there.
//!
//! ```text
//! files, folders, - ──find──▶ LogFile ──read──▶ bytes ──Splitter──▶ lines and values ──▶ Entry
//! ```
//!
//! What can't be read is counted with its spot and never ends the rest: see [`Tally`].

mod entry;
mod find;
mod flows;
mod follow;
pub mod limits;
mod members;
mod open;
mod read;
mod scan;
mod split;
mod stream;
mod tally;

pub use entry::{End, Entry, EntryKind, Sink};
pub use find::{Found, LogFile, NotFound, STDIN, find, find_flows};
pub use flows::{Flow, FlowKey, FlowProblem, Flows, MAX_FLOW_LINE, MAX_FLOWS};
pub use follow::{Follower, Mark, Polled, Start};
pub use open::Refusal;
pub use read::{Reader, read, read_from};
pub use stream::ControlPlaneLog;
pub use tally::{Spot, Tally};
