//! Records and the files that keep them.

#![expect(
    clippy::unwrap_used,
    clippy::unreachable,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod child;
mod crash;
mod folder;
mod keeping;
mod record;
mod trouble;
