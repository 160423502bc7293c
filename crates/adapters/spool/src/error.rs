use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::MAX_ENTRY;

/// A queue can't be opened or read.
#[derive(Debug, thiserror::Error)]
#[error("the spool `{}` can't be used (hint: it may be open in another process, or no spool)", path.display())]
pub struct SpoolError {
    path: PathBuf,
    #[source]
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl SpoolError {
    pub(crate) fn new(path: &Path, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { path: path.to_owned(), source: source.into() }
    }
}

/// Why an entry was not taken.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PushError {
    /// There is no room.
    #[error("the spool is full: it has {held} of {max} bytes")]
    Full {
        /// Bytes that are there.
        held: u64,
        /// The most that may be.
        max: u64,
    },
    /// The entry is longer than entries are.
    #[error("the entry has {0} bytes; at most {MAX_ENTRY} are taken")]
    TooLong(usize),
    /// It could not be written; whether it is there is not known.
    #[error("the entry could not be written: {0}")]
    Failed(Arc<str>),
}

impl PushError {
    pub(crate) fn stopped() -> Self {
        Self::Failed("the spool's writer has ended".into())
    }
}
