//! Identities for pods: what is injected, served and published.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod bucket;
mod corpus;
mod injections;
mod issuer;
mod issuer_keys;
mod mutations;
mod reasons;
mod signer;
