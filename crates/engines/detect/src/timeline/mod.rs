//! One timeline: what somebody did, in Kubernetes and in AWS, through whatever names he went.
//!
//! It takes two passes over the logs, in any order of events. The first ([`Identities`]) gathers which names belong together and
//! why; [`Identities::follow`] goes from one of them as far as they reach. The second ([`Followed`]) picks the events that those
//! names did.
//!
//! A link holds from when it was made: who enters a pod is not to blame for what the pod did before.

mod follow;
mod links;
mod origins;
mod roots;
mod story;
mod words;

pub use follow::{Followed, MAX_FOLLOWED};
pub use links::{Identities, Link, MAX_LINKS, Strength, Why};
pub use story::{Entry, Known, MAX_ENTRIES, Story};
