//! What reaches what: all pairs against each pair by itself.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests fail loudly")]

mod clusters;
mod pairs;
