//! AWS identities let into a cluster: the tokens that kubectl sends, verified by STS, mapped to users, and authorized by access
//! policies.
//!
//! A token is a presigned request to STS. What can be told of it offline is told by [`token`]; who signed it is told by STS itself,
//! whom [`sts::Verifier`] asks. Who that is to the cluster is told by [`sources`], in their order; and [`Authn`] answers the
//! apiserver's TokenReviews and SubjectAccessReviews with it.
//!
//! # What holds
//!
//! - Nobody gets in by a source that is not known, nor past one. A source that fails keeps what it knew, and tells.
//! - What is not certain lets nobody in: the engine's `unknown` is a no.
//! - Access policies are earned by having been let in by an access entry, never by fields of a request that somebody else can set.
//! - A token is in no log, no error and no answer.

mod authorize;
#[doc(hidden)]
pub mod fuzz;
mod mapper;
mod metrics;
mod random;
mod service;
pub mod sources;
pub mod sts;
pub mod token;
mod webhook;

use std::sync::Arc;

pub use authorize::{HOLDS, KEY_BYTES, PASS};
pub use mapper::{Ask, InstanceError};
pub use service::{Authn, Parts, Settings};
pub use webhook::Verify;

/// The time, in Unix seconds.
pub type Now = Arc<dyn Fn() -> i64 + Send + Sync>;
