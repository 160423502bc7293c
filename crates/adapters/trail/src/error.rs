use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// Why a record is not known to be kept.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum TrailError {
    /// The folder can't be made or used.
    #[error("can't use `{}` for the trail", .0.display())]
    Folder(PathBuf, #[source] Arc<io::Error>),
    /// Another process writes there.
    #[error("another process writes the trail in `{}`", .0.display())]
    InUse(PathBuf),
    /// The writer thread can't be started.
    #[error("can't start the trail's writer")]
    Start(#[source] Arc<io::Error>),
    /// A record's account is none.
    #[error("`{0}` is no account")]
    Account(String),
    /// A record's region is none.
    #[error("`{0}` is no region")]
    Region(String),
    /// A record can't be written as JSON.
    #[error("the record can't be written as JSON")]
    Form(#[source] Arc<serde_json::Error>),
    /// A record is longer than CloudTrail allows.
    #[error("the record has {bytes} bytes; CloudTrail allows {}", crate::record::MAX_RECORD_BYTES)]
    TooLong {
        /// How many it has.
        bytes: usize,
    },
    /// A file could not be written: a full disk, say. The record is kept in memory, and tried again until it is
    /// written or the process ends.
    #[error("can't write `{}`", path.display())]
    Write {
        /// Which file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: Arc<io::Error>,
    },
    /// A file's end is no record and no torn one.
    #[error("`{}` was not written by a trail: its last line has no end within {} bytes", .0.display(), crate::record::MAX_RECORD_BYTES)]
    Foreign(PathBuf),
    /// Too much waits to be written, and has for long.
    #[error("the trail can't keep up: its queue has been full for {} s", crate::queue::MAX_WAIT.as_secs())]
    Full,
    /// The trail was closed, or its writer is gone.
    #[error("the trail is closed")]
    Closed,
}

impl TrailError {
    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Folder(..) => Some("check the path and its permissions"),
            Self::InUse(_) => Some("stop the other process, or give this one a folder of its own"),
            Self::Write { .. } | Self::Full => {
                Some("check the disk: is it full, or was it mounted read-only?")
            }
            Self::Foreign(_) => Some("move the file out of the trail's folder"),
            _ => None,
        }
    }
}
