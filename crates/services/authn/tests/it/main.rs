//! Tokens, and STS in the same process.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test fails by panicking"
)]

mod answers;
mod checks;
mod corpus;
mod harness;
mod hosts;
mod mutations;
mod naive;
mod properties;
mod verifier;
