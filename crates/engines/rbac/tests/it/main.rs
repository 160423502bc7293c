//! The authorizer against its rules: written cases, a naive twin on generated clusters, a real release's roles.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail loudly"
)]

mod cases;
mod covers;
mod generate;
mod naive;
mod objects;
mod properties;
