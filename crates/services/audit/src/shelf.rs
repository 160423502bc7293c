//! What has to be known of a cluster beside the detector's state: how far its sources were read, what people said of its findings. On
//! this machine's disk, or where all replicas see it.

use std::sync::Arc;

use bytes::Bytes;
use ringwall_stream::Stream;

use crate::Error;
use crate::keep::Keep;

/// Before the names of cursors and of marks, where both are notes.
const CURSOR: &str = "cursor:";
const MARK: &str = "mark:";

/// A cluster's notes.
#[derive(Clone, Debug)]
pub(crate) enum Shelf {
    /// On this machine's disk.
    Disk(Arc<Keep>),
    /// In JetStream, under the cluster's name.
    Stream(Stream, Arc<str>),
}

impl Shelf {
    /// How far a source was read.
    pub(crate) async fn cursor(&self, source: &str) -> Result<Option<Bytes>, Error> {
        match self {
            Self::Disk(keep) => Ok(keep.cursor(source)?.map(Bytes::from)),
            Self::Stream(stream, cluster) => Ok(stream.note(cluster, &format!("{CURSOR}{source}")).await?),
        }
    }

    /// Keeps how far a source was read.
    pub(crate) async fn set_cursor(&self, source: &str, cursor: Vec<u8>) -> Result<(), Error> {
        match self {
            Self::Disk(keep) => Ok(keep.set_cursor(source, &cursor)?),
            Self::Stream(stream, cluster) => {
                Ok(stream.set_note(cluster, &format!("{CURSOR}{source}"), cursor.into()).await?)
            }
        }
    }

    /// What people said of a finding.
    pub(crate) async fn mark(&self, id: &str) -> Result<Option<Bytes>, Error> {
        match self {
            Self::Disk(keep) => Ok(keep.mark(id)?.map(Bytes::from)),
            Self::Stream(stream, cluster) => Ok(stream.note(cluster, &format!("{MARK}{id}")).await?),
        }
    }

    /// What people said of all findings, by their ids.
    pub(crate) async fn marks(&self) -> Result<Vec<(String, Bytes)>, Error> {
        match self {
            Self::Disk(keep) => {
                Ok(keep.marks()?.into_iter().map(|(id, mark)| (id, Bytes::from(mark))).collect())
            }
            Self::Stream(stream, cluster) => {
                let notes = stream.notes(cluster).await?.into_iter();
                Ok(notes
                    .filter_map(|(name, mark)| Some((name.strip_prefix(MARK)?.to_owned(), mark)))
                    .collect())
            }
        }
    }

    /// Keeps what people said of a finding.
    pub(crate) async fn set_mark(&self, id: &str, mark: Vec<u8>) -> Result<(), Error> {
        match self {
            Self::Disk(keep) => Ok(keep.set_mark(id, &mark)?),
            Self::Stream(stream, cluster) => {
                Ok(stream.set_note(cluster, &format!("{MARK}{id}"), mark.into()).await?)
            }
        }
    }
}
