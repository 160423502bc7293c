//! The audit log of a kube-apiserver.

mod event;
mod mend;
mod read;

pub use event::{Body, Event, ObjectRef, Outcome, Status, User};
pub use mend::mend;
pub use read::{Held, MAX_LINE, NotRead, read, read_with_json};
