//! The network engine against its rules: written cases, the published ones, and naive twins on generated clusters.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail loudly"
)]

mod ask;
mod build;
mod checklist;
mod checks;
mod clusters;
mod diff;
mod exposure;
mod groups;
mod naive;
mod pairs;
mod plan;
mod published;
mod services;
mod suggest;
mod twin;
