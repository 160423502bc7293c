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
//! The webhooks as an apiserver calls them, their sources at work behind them.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "these are tests"
)]

mod access;
mod aws;
mod entries;
mod files;
mod manifests;
mod nodes;
mod support;
mod testbed;
mod tokens;
