use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::batch::MAX_OPERATIONS;
use crate::place::{MAX_BODY, Place};

/// What a library said, kept whole for the log.
pub(crate) type Cause = Arc<dyn Error + Send + Sync>;

/// Why the store did not do it. It can be cloned, since one failed commit answers all that were made together.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A place is not as the batch expects it; nothing of the batch is written.
    #[error("{0} is not as expected: it was changed at the same time, exists already, or does not exist")]
    Conflict(Place),
    /// A change was retried as often as it may and met a conflict each time.
    #[error("{0} is changed by too many at the same time")]
    Contended(Place),
    /// No record can be at the place.
    #[error("{place} can't be kept: {why}")]
    BadPlace {
        /// Where it was to be.
        place: Place,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A batch names a place twice.
    #[error("{0} occurs twice in one batch")]
    Twice(Place),
    /// A body is larger than a record may be.
    #[error("{place} has {bytes} bytes, and a record at most {MAX_BODY}")]
    BodyTooLarge {
        /// Where it was to be.
        place: Place,
        /// How large it is.
        bytes: usize,
    },
    /// A batch has more operations than one may.
    #[error("a batch of {operations} operations, and one has at most {MAX_OPERATIONS}")]
    TooManyOperations {
        /// How many it has.
        operations: usize,
    },
    /// A record is not of the type that is read there.
    #[error("{place} can't be read: what is kept there is not what this version writes")]
    Unreadable {
        /// Where it is.
        place: Place,
        /// Where it went wrong.
        #[source]
        cause: Arc<serde_json::Error>,
    },
    /// A value has no form as JSON.
    #[error("{place} can't be written as JSON")]
    Unwritable {
        /// Where it was to be.
        place: Place,
        /// Why not.
        #[source]
        cause: Arc<serde_json::Error>,
    },
    /// The address of the store is none.
    #[error("the address of the store can't be used: {0}")]
    BadAddress(String),
    /// A newer version of the program has changed the database.
    #[error("the database has schema {found}, and this version knows schemas up to {known}")]
    Newer {
        /// The database's schema.
        found: i64,
        /// The newest that is known here.
        known: i64,
    },
    /// A file could not be made, read or written.
    #[error("`{}` can't be {doing}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What was to be done with it.
        doing: &'static str,
        /// What the system says.
        #[source]
        cause: Arc<io::Error>,
    },
    /// Another process holds the database for longer than the store waits; nothing was written.
    #[error("the database is held by another process")]
    Busy,
    /// The database did not do it; nothing was written.
    #[error("the database failed to {doing}")]
    Database {
        /// What was asked of it.
        doing: &'static str,
        /// What it says.
        #[source]
        cause: Cause,
    },
    /// The database did not do it in time; nothing was written.
    #[error("the database did not {doing} in time")]
    Slow {
        /// What was asked of it.
        doing: &'static str,
    },
    /// The database was asked to commit and did not answer: the batch is written whole or not at all, and which is not known.
    #[error("the database did not say whether it committed")]
    Uncertain,
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
    /// A backup is restored into an empty store alone.
    #[error("the store is not empty")]
    NotEmpty,
    /// The file is not a whole backup of a store.
    #[error("line {line} of `{}`: {why}", path.display())]
    BadBackup {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
        /// What is wrong there.
        why: String,
    },
}

impl StoreError {
    /// What to do about it, where something can be done.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Conflict(_) | Self::Contended(_) => "read it again and repeat the change",
            Self::BadAddress(_) => {
                "`sqlite:PATH`, for example sqlite:/var/lib/ringwall/store.db, or `postgres://USER@HOST/DATABASE`"
            }
            Self::Newer { .. } => {
                "start the version that wrote it, or restore the backup that was made before the upgrade \
                 into an empty database"
            }
            Self::File { .. } => "check that the folder exists and belongs to the user that runs this",
            Self::Busy => "see which other process has the database open, and whether it hangs",
            Self::Database { .. } | Self::Slow { .. } => {
                "check that the database runs, that its disk has space and that this user may read and write it"
            }
            Self::Uncertain => "read what was to be written, and repeat it if it is not there",
            Self::Unreadable { .. } => "start the version that wrote it, or restore a backup",
            Self::NotEmpty => "name a new database, and switch to it when it is restored",
            Self::BadBackup { .. } => "use another backup; nothing of this one was restored",
            Self::BadPlace { .. }
            | Self::Twice(_)
            | Self::BodyTooLarge { .. }
            | Self::TooManyOperations { .. }
            | Self::Unwritable { .. }
            | Self::Closed => return None,
        })
    }

    /// For `map_err`: what the database was doing when it failed.
    pub(crate) fn database(doing: &'static str) -> impl FnOnce(sqlx::Error) -> Self {
        move |cause| match &cause {
            // SQLite's code for a lock that was waited for in vain, also in its extended forms.
            sqlx::Error::Database(error)
                if error
                    .code()
                    .and_then(|code| code.parse::<i64>().ok())
                    .is_some_and(|code| code & 0xff == 5)
                    && error.message().contains("locked") =>
            {
                Self::Busy
            }
            _ => Self::Database { doing, cause: Arc::new(cause) },
        }
    }

    /// For `map_err`: a commit that was asked for and failed. Only a lock that was not to be had says that it was not made.
    pub(crate) fn commit(cause: sqlx::Error) -> Self {
        match Self::database("commit")(cause) {
            Self::Busy => Self::Busy,
            error => {
                tracing::error!(error = &error as &dyn Error, "the outcome of a commit is not known");
                Self::Uncertain
            }
        }
    }

    /// For `map_err`: what was done with the file when it failed.
    pub(crate) fn file(path: impl Into<PathBuf>, doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |cause| Self::File { path: path.into(), doing, cause: Arc::new(cause) }
    }
}
