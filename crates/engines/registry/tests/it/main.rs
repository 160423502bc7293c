//! The cases of `cases/registry`, lifecycle against its naive twin, and the fuzz target's corpus.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod corpus;
mod lifecycle;
mod naive;
mod properties;
