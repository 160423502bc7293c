//! A partition's hold on its cluster: the events that wait for it, and what it knows of those before. A disk has one holder, JetStream
//! one at a time.

use std::sync::Arc;

use bytes::Bytes;
use ringwall_detect::finding::Finding;
use ringwall_detect::output::{self, Scope};
use ringwall_spool::{Position, Spool};
use ringwall_stream::Lease;

use crate::Error;
use crate::keep::{Keep, Positions};

/// Before the detector's state, where positions are not kept beside it: two numbers of eight bytes, little-endian.
const HEAD: usize = 16;

/// What a partition works with.
#[derive(Debug)]
pub(crate) enum Hold {
    /// This machine's disk.
    Disk { spool: Spool, keep: Arc<Keep> },
    /// JetStream, until another replica takes the cluster.
    Lease(Box<Lease>),
}

impl Hold {
    /// What the detector knew, and how far it and the lake had come.
    pub(crate) async fn state(&self) -> Result<(Option<Vec<u8>>, Positions), Error> {
        match self {
            Self::Disk { keep, .. } => Ok((keep.state()?, keep.positions()?)),
            Self::Lease(lease) => {
                let Some(mut kept) = lease.state().await? else {
                    let at = lease.position();
                    return Ok((None, Positions { looked: at, in_lake: at }));
                };
                let state = kept.split_off(HEAD.min(kept.len()));
                let number = |from: usize| {
                    let bytes = kept.get(from..).and_then(|bytes| bytes.first_chunk::<8>());
                    bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes))
                };
                Ok((Some(state), Positions { looked: number(0), in_lake: number(8) }))
            }
        }
    }

    /// Waits until there is an entry after a position.
    pub(crate) async fn wait(&mut self, after: Position) -> Result<(), Error> {
        match self {
            Self::Disk { spool, .. } => {
                spool.wait(after).await;
                Ok(())
            }
            Self::Lease(lease) => Ok(lease.wait(after).await?),
        }
    }

    /// The entries after a position, the oldest first.
    pub(crate) async fn read(
        &mut self,
        after: Position,
        most: usize,
    ) -> Result<Vec<(Position, Bytes)>, Error> {
        match self {
            Self::Disk { spool, .. } => Ok(spool.read(after, most)?),
            Self::Lease(lease) => Ok(lease.read(after, most).await?),
        }
    }

    /// Keeps what the detector knows together with how far it and the lake have come, and with the findings that changed.
    pub(crate) async fn commit(
        &mut self,
        state: &[u8],
        at: Positions,
        changed: &[Finding],
        scope: &Scope,
    ) -> Result<(), Error> {
        let done = at.looked.min(at.in_lake);
        match self {
            Self::Disk { spool, keep } => {
                keep.commit(Some(state), at)?;
                spool.done(done).await;
                Ok(())
            }
            Self::Lease(lease) => {
                let mut kept = Vec::with_capacity(HEAD.saturating_add(state.len()));
                kept.extend(at.looked.to_le_bytes());
                kept.extend(at.in_lake.to_le_bytes());
                kept.extend(state);
                let findings: Vec<_> = changed.iter().map(|finding| told(finding, scope)).collect();
                Ok(lease.commit(done, &kept, &findings).await?)
            }
        }
    }

    /// Gives the cluster back, so that another replica can take it at once.
    pub(crate) async fn release(self) -> Result<(), Error> {
        match self {
            Self::Disk { .. } => Ok(()),
            Self::Lease(lease) => Ok(lease.release().await?),
        }
    }
}

/// A finding as all replicas see it. Its count is greater in each newer form of it.
fn told(finding: &Finding, scope: &Scope) -> ringwall_stream::Finding {
    ringwall_stream::Finding {
        id: output::id(finding, scope),
        version: finding.count,
        body: finding.to_bytes().into(),
    }
}
