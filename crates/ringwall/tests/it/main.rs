//! The real binary on snapshots that each test writes.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "these are tests")]

mod aws;
mod batch;
mod can;
mod checks;
mod corpus;
mod errors;
mod examples;
mod iam_eval;
mod iam_lint;
mod installation;
mod serve;
mod snapshot;
mod token_verify;
mod who_can;
