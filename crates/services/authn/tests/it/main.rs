//! Tokens and STS in the same process, and the webhooks as an apiserver calls them with their sources at work behind them.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test fails by panicking"
)]

mod access;
mod answers;
mod aws;
mod checks;
mod corpus;
mod entries;
mod files;
mod harness;
mod hosts;
mod manifests;
mod mutants;
mod mutations;
mod naive;
mod nodes;
mod properties;
mod support;
mod testbed;
mod tokens;
mod verifier;
