//! What reaches what: all pairs against each pair by itself, security groups against a naive twin.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail loudly"
)]

mod clusters;
mod groups;
mod pairs;
