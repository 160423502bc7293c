//! How pods get AWS credentials: the cases of `cases/pods/`, whose README describes them.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail loudly")]

mod cases;
mod many;
mod snapshot;
