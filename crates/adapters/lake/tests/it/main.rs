//! The lake on a folder: what is written is what is read, once, whatever happens in between.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "these are tests"
)]

mod compaction;
mod content;
mod partition_names;
mod s3;
mod secrets;
mod support;
mod writing;
