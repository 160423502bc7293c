//! Identities for pods: what is injected, served and published.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod corpus;
mod injections;
mod mutations;
mod reasons;
