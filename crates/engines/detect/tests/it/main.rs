//! Findings as other programs read them.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "these are tests")]

mod output;
