//! Tests of the crate from outside.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "clippy lets unit tests panic, but not the helpers of integration tests"
)]

mod cases;
mod corpus;
mod mutations;
mod naive;
mod peer;
mod properties;
mod refused;
mod request;
mod s3;
mod times;
