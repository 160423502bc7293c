use std::io;

/// Why the lake can't be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LakeError {
    /// The place is none, or can't be used.
    #[error("the lake's place can't be used")]
    Objects(#[from] ringwall_objects::ObjectsError),
    /// Too many rows wait to be written.
    #[error("{bytes} bytes of rows wait to be written, and more than {limit} are not kept")]
    Full {
        /// What waits.
        bytes: usize,
        /// How much may.
        limit: usize,
    },
    /// A file can't be read, written or deleted.
    #[error("`{path}`: {why}")]
    File {
        /// Its path in the lake.
        path: String,
        /// Why.
        why: String,
    },
    /// Rows can't be made into columns.
    #[error("rows can't be written as Parquet")]
    Parquet(#[from] parquet::errors::ParquetError),
    /// The same.
    #[error("rows can't be made into columns")]
    Columns(#[from] arrow_schema::ArrowError),
    /// The folder can't be used.
    #[error("the lake's folder can't be used")]
    Io(#[from] io::Error),
    /// The lake has more files than are listed.
    #[error("there are more than {limit} files below `{folder}`", limit = crate::limits::MAX_FILES)]
    TooManyFiles {
        /// The folder.
        folder: String,
    },
    /// The thread that writes did not come to its end.
    #[error("writing was given up")]
    Interrupted,
}

impl LakeError {
    pub(crate) fn file(path: &object_store::path::Path, error: &dyn std::error::Error) -> Self {
        Self::File { path: path.to_string(), why: ringwall_model::error_chain(error).to_string() }
    }
}
