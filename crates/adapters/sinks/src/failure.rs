use std::path::PathBuf;
use std::time::Duration;

/// What became of a delivery that was not carried out to its end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("sink `{sink}`: {why}")]
pub struct Failure {
    /// The sink's name.
    pub sink: String,
    /// Whether trying again can help.
    pub again: Again,
    /// How many notices at the begin of the batch are done with all the same: they need not be delivered again.
    pub done: usize,
    /// What happened.
    pub why: String,
}

/// Whether trying again can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// Soon: it was a matter of the moment.
    Retry {
        /// Not before this has passed, if the receiver said so.
        after: Option<Duration>,
    },
    /// Not before somebody has put something right: the receiver takes nothing of this sink.
    Refused,
}

/// What becomes of one attempt.
#[derive(Debug)]
pub(crate) enum Fault {
    /// As [`Again::Retry`].
    Retry { after: Option<Duration>, why: String },
    /// As [`Again::Refused`].
    Closed(String),
    /// What was sent is refused, for what it is.
    Notice(String),
    /// Some of what was sent is, and nobody says which; the rest was taken.
    SomeOf(String),
}

impl Fault {
    /// What happened.
    pub(crate) fn why(self) -> String {
        match self {
            Self::Retry { why, .. } | Self::Closed(why) | Self::Notice(why) | Self::SomeOf(why) => why,
        }
    }

    pub(crate) fn retry(why: impl Into<String>) -> Self {
        Self::Retry { after: None, why: why.into() }
    }
}

/// Why a sink can't be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// The file of settings can't be read.
    #[error("can't read `{}`", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not what such files are.
    #[error("`{}`: {message}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where, and what.
        message: String,
    },
    /// A setting of a sink is wrong.
    #[error("sink `{sink}`: {why}")]
    Sink {
        /// The sink's name.
        sink: String,
        /// What, and what to do.
        why: String,
    },
}
