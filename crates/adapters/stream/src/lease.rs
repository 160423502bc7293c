//! Who works on a cluster, and how far that came.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_nats::HeaderMap;
use aws_lc_rs::rand;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::error::StreamError;
use crate::findings::{self, Finding};
use crate::names::Token;
use crate::reader::Reader;
use crate::state::{self, Place};
use crate::table::{Put, Row};
use crate::{Position, Shared};

/// What is known of a cluster: the value under its key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// The replica that works on it.
    pub(crate) owner: Option<String>,
    /// One more with each owner.
    epoch: u64,
    /// One more with each commit.
    commits: u64,
    /// Up to where its events were dealt with.
    position: Position,
    /// The state that came of them.
    state: Option<Place>,
}

/// The right to work on a cluster, until another replica takes it.
///
/// It is not given back when dropped: the replica goes on being the owner, and gets it again when it asks.
#[derive(Debug)]
pub struct Lease {
    shared: Arc<Shared>,
    cluster: String,
    token: Token,
    record: Record,
    /// The record's revision, which a change has to find.
    revision: u64,
    reader: Reader,
    /// A change of the record failed.
    is_lost: bool,
}

impl Lease {
    /// Takes a cluster that nobody has, or whose owner is gone.
    pub(crate) async fn acquire(
        shared: &Arc<Shared>,
        replica: &str,
        cluster: &str,
        live: &BTreeSet<String>,
    ) -> Result<Option<Self>, StreamError> {
        let token = Token::of(cluster)?;
        let row = shared.streams.clusters.get(token.as_str()).await?;
        let revision = row.as_ref().map_or(0, |row| row.revision);
        let mut record = row.map(|row| read(cluster, &row)).transpose()?.unwrap_or_default();
        if record.owner.as_ref().is_some_and(|owner| owner != replica && live.contains(owner)) {
            return Ok(None);
        }
        let before = record.owner.replace(replica.to_owned());
        record.epoch += 1;
        let last = shared.streams.events.info().await?.state.last_sequence;
        if record.position > last {
            tracing::error!(
                cluster,
                position = record.position,
                last,
                "NATS has lost events that it had acknowledged (hint: does it sync what it writes?)"
            );
            record.position = last;
        }
        let Put::Done(revision) = store(shared, &token, &record, revision).await? else {
            return Ok(None);
        };
        tracing::info!(cluster, epoch = record.epoch, position = record.position, before, "took a cluster");
        let reader = Reader::new(&shared.streams.events, token.as_str(), shared.max_payload());
        Ok(Some(Self {
            shared: Arc::clone(shared),
            cluster: cluster.to_owned(),
            token,
            record,
            revision,
            reader,
            is_lost: false,
        }))
    }

    /// The cluster.
    pub fn cluster(&self) -> &str {
        &self.cluster
    }

    /// How many owners the cluster has had, this one included.
    pub fn epoch(&self) -> u64 {
        self.record.epoch
    }

    /// Up to where events were dealt with, by the last commit.
    pub fn position(&self) -> Position {
        self.record.position
    }

    /// The state of the last commit, if there was one.
    ///
    /// # Errors
    ///
    /// [`StreamError`]: it can't be read.
    pub async fn state(&self) -> Result<Option<Vec<u8>>, StreamError> {
        match &self.record.state {
            Some(place) => state::read(&self.shared, &self.token, place).await.map(Some),
            None => Ok(None),
        }
    }

    /// The entries after a position, the oldest first: at least one if there is one, and no more than have so many bytes.
    ///
    /// # Errors
    ///
    /// [`StreamError`]: they can't be read.
    pub async fn read(
        &mut self,
        after: Position,
        most: usize,
    ) -> Result<Vec<(Position, Bytes)>, StreamError> {
        let read = self.reader.read(after, most).await?;
        Ok(read.into_iter().map(|message| (message.sequence, message.payload)).collect())
    }

    /// Waits until there is an entry after a position. It may be dropped at any time.
    ///
    /// # Errors
    ///
    /// [`StreamError`]: the server does not answer.
    pub async fn wait(&mut self, after: Position) -> Result<(), StreamError> {
        self.reader.wait(after).await
    }

    /// Commits what came of the events up to a position: the findings that changed, the state and the position, so that whoever works
    /// on the cluster next has all of them, or none.
    ///
    /// After an error the lease can't be used for another commit: what the server has is not known, and the cluster has to be
    /// acquired again.
    ///
    /// # Errors
    ///
    /// [`StreamError::Lost`]: another replica has taken the cluster; nothing was changed. Other errors: it is not known whether it was.
    pub async fn commit(
        &mut self,
        position: Position,
        state: &[u8],
        findings: &[Finding],
    ) -> Result<(), StreamError> {
        if self.is_lost {
            return Err(StreamError::Lost(self.cluster.clone()));
        }
        let done = self.try_commit(position, state, findings).await;
        self.is_lost = done.is_err();
        done?;
        self.sweep().await;
        Ok(())
    }

    async fn try_commit(
        &mut self,
        position: Position,
        state: &[u8],
        changed: &[Finding],
    ) -> Result<(), StreamError> {
        findings::put(&self.shared, &self.token, changed).await?;
        let name = format!("{}-{position}-{}", self.record.epoch, nonce()?);
        let place = state::write(&self.shared, &self.token, name, state).await?;
        let record =
            Record { commits: self.record.commits + 1, position, state: Some(place), ..self.record.clone() };
        match store(&self.shared, &self.token, &record, self.revision).await? {
            Put::Done(revision) => {
                self.record = record;
                self.revision = revision;
                Ok(())
            }
            Put::Changed => Err(StreamError::Lost(self.cluster.clone())),
        }
    }

    /// Removes what the commit made useless: events that were dealt with, and states older than the one that counts, among them those
    /// that no record ever named. What fails here is done by the next commit.
    async fn sweep(&self) {
        let states = format!("{}.*", self.token.as_str());
        let first = self.record.state.as_ref().map_or(0, |place| place.first);
        let streams = &self.shared.streams;
        let swept = async {
            streams.events.purge(self.token.as_str(), self.record.position + 1).await?;
            streams.state.purge(&states, first).await
        };
        if let Err(error) = swept.await {
            tracing::warn!(cluster = self.cluster, %error, "what is done could not be removed yet");
        }
    }

    /// Gives the cluster back, so that another replica can take it at once. What was not committed is read again.
    ///
    /// # Errors
    ///
    /// [`StreamError`]: the server did not answer; the cluster is free when this replica is gone.
    pub async fn release(mut self) -> Result<(), StreamError> {
        self.reader.close().await;
        let record = Record { owner: None, ..self.record.clone() };
        // Changed: it is another's by now.
        store(&self.shared, &self.token, &record, self.revision).await.map(drop)
    }
}

/// Makes the record of a cluster that has none.
pub(crate) async fn add(shared: &Shared, token: &Token) -> Result<(), StreamError> {
    if shared.streams.clusters.get(token.as_str()).await?.is_none() {
        // Changed: somebody else has made it.
        store(shared, token, &Record::default(), 0).await?;
    }
    Ok(())
}

fn read(cluster: &str, row: &Row) -> Result<Record, StreamError> {
    serde_json::from_slice(&row.value).map_err(|error| StreamError::State {
        cluster: cluster.to_owned(),
        why: format!("its record is none: {error}"),
    })
}

async fn store(shared: &Shared, token: &Token, record: &Record, expected: u64) -> Result<Put, StreamError> {
    let value = serde_json::to_vec(record).map_err(|error| StreamError::request("take a record", error))?;
    shared.streams.clusters.put(token.as_str(), HeaderMap::new(), value.into(), expected).await
}

/// Sixteen random digits.
pub(crate) fn nonce() -> Result<String, StreamError> {
    let mut bytes = [0_u8; 8];
    rand::fill(&mut bytes).map_err(|_| StreamError::Settings("the system gives no randomness".to_owned()))?;
    Ok(data_encoding::HEXLOWER.encode(&bytes))
}
