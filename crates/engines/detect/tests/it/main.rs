//! Tests of the crate from outside.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "clippy lets unit tests panic, but not the helpers of integration tests"
)]

#[path = "../../../../../fuzz/baseline.rs"]
mod baseline;
mod cases;
mod corpus;
#[path = "../../../../../fuzz/detect.rs"]
mod detect;
mod hostile;
mod pages;
