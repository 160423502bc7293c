//! What the reader makes of texts, and what it says of those it can't read.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod corpus;
mod documents;
mod embedded;
mod hostile;
mod json;
mod properties;
mod read;
mod scalars;
