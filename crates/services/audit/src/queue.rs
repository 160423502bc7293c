//! Where events wait until they are looked at.

use bytes::Bytes;
use ringwall_spool::{Position, PushError, Spool, SpoolError};

/// A cluster's queue.
#[derive(Debug)]
pub(crate) enum Queue {
    /// On this machine's disk.
    Disk(Spool),
}

impl Queue {
    /// Takes an entry. It is durable when this returns.
    pub(crate) async fn push(&self, entry: Bytes) -> Result<Position, PushError> {
        match self {
            Self::Disk(spool) => spool.push(entry).await,
        }
    }

    /// The entries after a position, the oldest first.
    pub(crate) fn read(&self, after: Position, most: usize) -> Result<Vec<(Position, Bytes)>, SpoolError> {
        match self {
            Self::Disk(spool) => spool.read(after, most),
        }
    }

    /// Waits until there is an entry after a position.
    pub(crate) async fn wait(&self, after: Position) {
        match self {
            Self::Disk(spool) => spool.wait(after).await,
        }
    }

    /// Gives back all entries up to a position.
    pub(crate) async fn done(&self, position: Position) {
        match self {
            Self::Disk(spool) => spool.done(position).await,
        }
    }

    /// Bytes that wait.
    pub(crate) fn bytes(&self) -> u64 {
        match self {
            Self::Disk(spool) => spool.bytes(),
        }
    }
}
