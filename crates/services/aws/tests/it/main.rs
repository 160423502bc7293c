//! The endpoint from the outside: real signatures, a real store, real records.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail loudly"
)]

mod harness;
mod iam;
mod kms;
mod sts;
mod xml;
