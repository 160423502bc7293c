//! Why advisories can't be read or written.

use std::io;
use std::path::PathBuf;

/// Why a file of advisories gives no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatabaseError {
    /// It is not there.
    #[error("there are no advisories at `{}`", path.display())]
    Missing {
        /// Where it would be.
        path: PathBuf,
    },
    /// It can't be read.
    #[error("the advisories `{}` can't be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is another file, or one of another version of Ringwall.
    #[error("`{}` is no file of advisories of this version", path.display())]
    Format {
        /// The file.
        path: PathBuf,
    },
    /// Its bytes are not those that were written.
    #[error("the advisories `{}` are damaged: {part} at byte {offset} does not fit its checksum", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What of it.
        part: &'static str,
        /// Where that begins.
        offset: u64,
    },
}

impl DatabaseError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Read { .. } => None,
            _ => Some("make it of exports of OSV: `ringwall scan --db import FILE…`"),
        }
    }
}

/// Why no file of advisories was made. The one that was there is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// Nothing that was given has a record.
    #[error("there are no advisories in what was given")]
    Nothing,
    /// There are more records than are taken.
    #[error("there are more than {0} records")]
    TooMany(usize),
    /// It can't be written.
    #[error("the advisories `{}` can't be written: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}
