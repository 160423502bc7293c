//! The network engine against its rules: written cases and naive twins on generated clusters.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail loudly"
)]

mod clusters;
mod groups;
mod pairs;
mod plan;
