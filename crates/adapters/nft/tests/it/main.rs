//! The filter with the packets of namespaces that stand in for pods on a node. Needs root, `nft` and `ip`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests stop at the first thing that is not as expected"
)]

mod corpus;
mod flows;
mod joints;
mod kernel;
mod lab;
mod policy;
mod rules;
