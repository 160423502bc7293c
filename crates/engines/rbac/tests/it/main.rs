//! The engine as its users call it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "these are tests"
)]

mod cases;
mod generated;
mod naive;
mod twins;
