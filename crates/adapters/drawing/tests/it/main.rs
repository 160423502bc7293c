//! Graphs drawn: folding is exact, names stay names, and the same graph gives the same bytes.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests fail loudly")]

mod drawn;
mod exact;
mod hostile;
mod shop;
