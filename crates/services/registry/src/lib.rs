//! The OCI registry over HTTP, with the rules of its owner enforced.
//!
//! [`Service`] answers the requests of OCI's *Distribution Specification* (1.1, and what is in its `dev` version: uploads
//! that are cancelled, `digest-algorithm`, tags as parameters of a push by digest) from the content of a
//! [`ringwall_oci::Registry`]. It decides nothing by itself: who asks and what they may do is said by a [`Gate`], on each
//! request.
//!
//! # What holds
//!
//! - Nothing is served, and nothing is told to be there or not, before the gate has permitted it.
//! - Blobs are neither read nor written whole in memory.
//! - A bearer token ([`Tokens`]) is a sealed credential with an end and scopes: it can do less than the credential and
//!   never more, and a credential that is revoked revokes it too.
//! - What a client sends is bounded: names, pages, scopes, tags of a push, manifests.

mod answer;
mod error;
mod gate;
mod http;
mod token;

pub mod cache;
pub mod fuzz;
pub mod guard;
pub mod lifecycle;
pub mod remote;
pub mod replicate;

pub use self::gate::{Action, Ask, Authenticated, Caller, Created, Credentials, Gate, Unrecorded, Verdict};
pub use self::http::{Challenge, Service, Settings};
pub use self::token::{Scope, TOKEN_LIFETIME, Tokens};
