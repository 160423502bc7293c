//! What the reader makes of texts, and what it says of those it can't read.

mod corpus;
mod documents;
mod embedded;
mod hostile;
mod json;
mod properties;
mod read;
mod scalars;
