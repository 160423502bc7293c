//! Tests of the crate from outside.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "clippy lets unit tests panic, but not the helpers of integration tests"
)]

mod cases;
