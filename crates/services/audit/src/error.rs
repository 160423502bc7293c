//! What can go wrong.

use ringwall_model::Problem;
use ringwall_spool::SpoolError;

use crate::keep::KeepError;

/// Why the service can't start, or go on with something.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// What is kept can't be used.
    #[error("what is kept of a cluster can't be used")]
    Keep(#[from] KeepError),
    /// The queue can't be used.
    #[error("the queue of a cluster can't be used")]
    Queue(#[from] SpoolError),
    /// NATS can't be used.
    #[error(transparent)]
    Stream(#[from] ringwall_stream::StreamError),
    /// The lake can't be used.
    #[error("the lake can't be used")]
    Lake(#[from] ringwall_lake::LakeError),
    /// Sinks can't be as their file says.
    #[error(transparent)]
    Sinks(#[from] ringwall_sinks::SettingsError),
    /// What a detector knew can't be understood.
    #[error(
        "what is known of cluster `{cluster}` can't be read: {why} (hint: move its folder away to begin anew)"
    )]
    State {
        /// The cluster.
        cluster: String,
        /// Why.
        why: String,
    },
    /// A folder or a thread can't be made.
    #[error("{what} can't be made")]
    Make {
        /// What.
        what: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A list, or something else that is known beforehand, can't be read.
    #[error("`{path}` can't be read")]
    Read {
        /// Which.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Sigma rules can't be used.
    #[error("{}", told(.0))]
    Rules(Vec<Problem>),
    /// What correlations of Sigma rules have counted can't be used.
    #[error(transparent)]
    Sigma(#[from] ringwall_sigma::Error),
    /// A setting can't be.
    #[error("{0}")]
    Setting(String),
}

fn told(problems: &[Problem]) -> String {
    let lines = problems.iter().map(|problem| match &problem.hint {
        Some(hint) => format!("{problem} (hint: {hint})"),
        None => problem.to_string(),
    });
    lines.collect::<Vec<_>>().join("\n")
}
