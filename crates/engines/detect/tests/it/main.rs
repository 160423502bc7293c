//! The detection engine against its cases: events in, findings out.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests fail loudly")]

mod cloudtrail;
mod corpus;
mod documents;
mod sequences;
mod story;
