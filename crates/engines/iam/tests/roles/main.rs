//! The roles of a snapshot: what each is for, and whether it is kept to that.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests fail loudly")]

mod broad;
mod build;
mod keys;
mod nodes;
mod purposes;
mod trust;
