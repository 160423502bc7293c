//! Where events wait until they are looked at: on this machine's disk, or in NATS JetStream, which replicas share.

use std::sync::Arc;

use bytes::Bytes;
use ringwall_logs::EntryKind;
use ringwall_spool::Spool;
use ringwall_stream::Stream;

use crate::piece;

/// What a piece has beside a batch: where it comes from.
const HEAD: usize = 1024;

/// A cluster's queue.
#[derive(Clone, Debug)]
pub(crate) enum Queue {
    /// On this machine's disk.
    Disk(Spool),
    /// In JetStream, under the cluster's name.
    Stream(Stream, Arc<str>),
}

/// Why something was not taken.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum NotTaken {
    /// There is no room.
    #[error("the queue is full: {0}")]
    Full(String),
    /// It is longer than what is taken.
    #[error("it is too long: {0}")]
    TooLong(String),
    /// It could not be kept; whether it is there is not known.
    #[error("it could not be kept: {0}")]
    Failed(String),
}

/// What became of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Taken {
    /// Events that are too long to be kept by themselves, and were left out.
    pub(crate) too_long: u64,
}

impl Queue {
    /// Takes a piece. It is durable when this returns.
    pub(crate) async fn push(&self, piece: Bytes) -> Result<(), NotTaken> {
        match self {
            Self::Disk(spool) => spool.push(piece).await.map(drop).map_err(NotTaken::from),
            Self::Stream(stream, cluster) => {
                stream.push(cluster, piece).await.map(drop).map_err(NotTaken::from)
            }
        }
    }

    /// Takes a batch of an apiserver, in as many pieces as have to be. It is durable when this returns. Of a batch that is not taken
    /// some may be there: it comes again, and they are known as repeats.
    pub(crate) async fn push_batch(&self, file: &str, batch: &Bytes) -> Result<Taken, NotTaken> {
        let split = match self {
            Self::Disk(_) => ringwall_stream::split(batch, ringwall_spool::MAX_ENTRY.saturating_sub(HEAD)),
            Self::Stream(stream, _) => ringwall_stream::split(batch, stream.max_entry().saturating_sub(HEAD)),
        };
        let Some(split) = split else {
            self.push(piece::single(file, EntryKind::Audit, batch)).await?;
            return Ok(Taken::default());
        };
        for part in &split.parts {
            self.push(piece::single(file, EntryKind::Audit, part)).await?;
        }
        Ok(Taken { too_long: split.too_long.len() as u64 })
    }

    /// Bytes that wait on this machine.
    pub(crate) fn bytes(&self) -> u64 {
        match self {
            Self::Disk(spool) => spool.bytes(),
            Self::Stream(..) => 0,
        }
    }
}

impl From<ringwall_spool::PushError> for NotTaken {
    fn from(error: ringwall_spool::PushError) -> Self {
        use ringwall_spool::PushError;
        match &error {
            PushError::Full { .. } => Self::Full(error.to_string()),
            PushError::TooLong(_) => Self::TooLong(error.to_string()),
            _ => Self::Failed(error.to_string()),
        }
    }
}

impl From<ringwall_stream::PushError> for NotTaken {
    fn from(error: ringwall_stream::PushError) -> Self {
        use ringwall_stream::PushError;
        match &error {
            PushError::Full(_) => Self::Full(error.to_string()),
            PushError::TooLong { .. } => Self::TooLong(error.to_string()),
            _ => Self::Failed(error.to_string()),
        }
    }
}
