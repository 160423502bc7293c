//! Findings as other programs read them.

#![expect(clippy::unwrap_used, reason = "these are tests")]

mod output;
