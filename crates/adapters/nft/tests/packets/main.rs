//! The verdict of the analysis is the verdict of the packet: network namespaces as pods on nodes, the rules that a plan makes, and probes.
//!
//! Needs root, `nft`, `ip` and `conntrack`: `cargo xtask packets`. Everything happens in namespaces that a test makes and removes.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail loudly"
)]

mod bridge;
mod enforce;
mod failures;
mod generated;
mod lab;
mod naive;
mod probe;
mod published;
mod random;
mod scenario;
mod swaps;
mod trial;
mod verdict;
mod world;
