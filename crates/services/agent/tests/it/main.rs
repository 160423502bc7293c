//! The agent against an apiserver of a few lines, and a program in the place of `nft` that keeps what it is given.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends where it fails"
)]

mod api;
#[expect(dead_code, reason = "tests of the client use all of it")]
#[path = "../../../../adapters/kubernetes/tests/it/fake.rs"]
mod fake;
mod loops;
