use std::io;

use object_store::path::Path;

/// Why objects can't be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ObjectsError {
    /// The place is none.
    #[error("`{place}` is no place for objects: {why}")]
    Place {
        /// As it was named.
        place: String,
        /// Why.
        why: String,
    },
    /// AWS's settings can't be used.
    #[error("S3 can't be used")]
    Setup(#[from] ringwall_awsclient::SetupError),
    /// A name is none: names are letters, digits and `-`.
    #[error("`{0}` is no name of an object")]
    Name(String),
    /// A file can't be written, read or deleted.
    #[error("`{name}` can't be {doing}")]
    File {
        /// Its name.
        name: String,
        /// What was to be done with it.
        doing: &'static str,
        /// What the system says.
        #[source]
        cause: io::Error,
    },
    /// The storage did not do it.
    #[error("`{path}` can't be {doing}")]
    Storage {
        /// The object's path.
        path: String,
        /// What was to be done with it.
        doing: &'static str,
        /// What it says.
        #[source]
        cause: object_store::Error,
    },
    /// Objects hold less than what was written.
    #[error("`{0}` is shorter than what was written")]
    Short(String),
    /// The range is not within the extents.
    #[error("the range is not within the object")]
    Range,
}

impl ObjectsError {
    /// For `map_err`: what was done with the file when it failed.
    pub(crate) fn file(name: &str, doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |cause| Self::File { name: name.to_owned(), doing, cause }
    }

    /// For `map_err`: what was done with the object when it failed.
    pub(crate) fn storage(path: &Path, doing: &'static str) -> impl FnOnce(object_store::Error) -> Self {
        move |cause| Self::Storage { path: path.to_string(), doing, cause }
    }

    /// Whether it is for want of space.
    pub fn is_full(&self) -> bool {
        matches!(self, Self::File { cause, .. }
            if matches!(cause.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded))
    }
}
