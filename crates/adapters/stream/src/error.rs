use std::sync::Arc;

use async_nats::jetstream;

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// What could not be done with JetStream.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StreamError {
    /// The settings can't be used.
    #[error("NATS can't be used as set: {0}")]
    Settings(String),
    /// A name is empty or too long.
    #[error("`{0}` can't be used as a name: it is empty, or has more than {max} bytes", max = crate::MAX_NAME)]
    Name(String),
    /// No server could be reached, or it refused us.
    #[error(
        "no connection to NATS at {servers} (hint: is the server running, and are address, credentials and TLS right?)"
    )]
    Connect {
        /// The addresses that were tried, without credentials.
        servers: String,
        /// Why.
        source: Cause,
    },
    /// The server can't hold what is asked for.
    #[error(
        "NATS has no room for the stream `{stream}` of {max_bytes} bytes (hint: `max_file_store` of its `jetstream` settings)"
    )]
    NoRoom {
        /// The stream.
        stream: &'static str,
        /// Its bytes.
        max_bytes: u64,
    },
    /// A stream of ours is full.
    #[error("the stream `{0}` is full (hint: its size is a setting; what is in it is never thrown away)")]
    Full(&'static str),
    /// Another replica works on the cluster now, or may do so.
    #[error("cluster `{0}` is no longer this replica's")]
    Lost(String),
    /// The state of a cluster is not what was committed.
    #[error("the state of cluster `{cluster}` can't be read: {why}")]
    State {
        /// The cluster.
        cluster: String,
        /// Why.
        why: String,
    },
    /// A request failed; whether it had its effect is not known.
    #[error("NATS did not {what}")]
    Request {
        /// What was asked for.
        what: &'static str,
        /// Why.
        source: Cause,
    },
}

impl StreamError {
    pub(crate) fn request(what: &'static str, source: impl Into<Cause>) -> Self {
        Self::Request { what, source: source.into() }
    }
}

/// Why a batch of events was not taken.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PushError {
    /// There is no room, in all or for this cluster.
    #[error("the stream of events is full ({0})")]
    Full(Arc<str>),
    /// It is longer than the server takes.
    #[error(
        "the entry has {len} bytes; NATS takes {max} (hint: `split` it, or raise `max_payload` of nats-server)"
    )]
    TooLong {
        /// Its length.
        len: usize,
        /// The most.
        max: usize,
    },
    /// The cluster's name can't be used.
    #[error("`{0}` can't be used as a name of a cluster")]
    Name(String),
    /// It could not be stored; whether it is there is not known. Pushed again, it is there once.
    #[error("the entry could not be stored: {0}")]
    Failed(Arc<str>),
}

/// A full stream refuses under this code, with the limit in words.
const STORE_FAILED: jetstream::ErrorCode = jetstream::ErrorCode::STREAM_STORE_FAILED;

/// The limits by which a stream refuses what is new, in the server's words.
/// Source: nats-server v2.9 and v2.12, `server/store.go`, `ErrMaxMsgs`, `ErrMaxBytes`, `ErrMaxMsgsPerSubject`.
const LIMITS: [&str; 3] =
    ["maximum messages exceeded", "maximum bytes exceeded", "maximum messages per subject exceeded"];

/// The limit that a refusal names, if it is one of a full stream.
pub(crate) fn full(error: &jetstream::context::PublishError) -> Option<String> {
    let refusal = refusal(error)?;
    let words = refusal.to_string();
    let is_limit = refusal.error_code() == STORE_FAILED && LIMITS.iter().any(|limit| words.contains(limit));
    // No room on the disk, or in what the account has.
    let is_room =
        [jetstream::ErrorCode::ACCOUNT_RESOURCES_EXCEEDED, jetstream::ErrorCode::INSUFFICIENT_RESOURCES]
            .contains(&refusal.error_code());
    (is_limit || is_room).then_some(words)
}

fn refusal(error: &jetstream::context::PublishError) -> Option<&jetstream::Error> {
    std::error::Error::source(error)?.downcast_ref::<jetstream::Error>()
}
