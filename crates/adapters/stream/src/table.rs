//! A stream whose subjects are keys: the newest message of each is its value, changed by compare-and-set.

use std::collections::BTreeSet;

use async_nats::HeaderMap;
use async_nats::jetstream;
use async_nats::jetstream::context::PublishErrorKind;
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::stream::{Info, LastRawMessageErrorKind, Stream};
use bytes::Bytes;
use futures_util::TryStreamExt as _;

use crate::error::{StreamError, full};
use crate::names;
use crate::streams::Kind;

/// How often a change is tried whose answer did not come, each for as long as an answer may take: a server's restart fits in.
const ATTEMPTS: usize = 5;

/// A value with the sequence under which it was stored.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) revision: u64,
    pub(crate) headers: HeaderMap,
    pub(crate) value: Bytes,
}

/// What became of a compare-and-set.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Put {
    /// It is there, under this revision.
    Done(u64),
    /// Somebody else has changed the value.
    Changed,
}

#[derive(Debug)]
pub(crate) struct Table {
    context: jetstream::Context,
    stream: Stream<()>,
    kind: Kind,
}

impl Table {
    pub(crate) fn new(context: jetstream::Context, stream: Stream<()>, kind: Kind) -> Self {
        Self { context, stream, kind }
    }

    pub(crate) fn stream(&self) -> &Stream<()> {
        &self.stream
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// The newest value, as the stream's leader has it.
    pub(crate) async fn get(&self, key: &str) -> Result<Option<Row>, StreamError> {
        match self.stream.get_last_raw_message_by_subject(&self.kind.subject(key)).await {
            Ok(message) => {
                Ok(Some(Row { revision: message.sequence, headers: message.headers, value: message.payload }))
            }
            Err(error) if matches!(error.kind(), LastRawMessageErrorKind::NoMessageFound) => Ok(None),
            Err(error) => Err(StreamError::request("read a record", error)),
        }
    }

    /// Sets a value, if the one there is still that of this revision (0: none).
    ///
    /// The value has to be one that nobody else would set: where an answer is lost, it tells whether it was stored.
    pub(crate) async fn put(
        &self,
        key: &str,
        headers: HeaderMap,
        value: Bytes,
        expected: u64,
    ) -> Result<Put, StreamError> {
        let mut failure = None;
        for _ in 0..ATTEMPTS {
            let message = PublishMessage::build()
                .payload(value.clone())
                .headers(headers.clone())
                .expected_stream(self.kind.name)
                .expected_last_subject_sequence(expected);
            match self.publish(key, message).await {
                Ok(revision) => return Ok(Put::Done(revision)),
                Err(error) if full(&error).is_some() => return Err(StreamError::Full(self.kind.name)),
                Err(error) if error.kind() == PublishErrorKind::MaxPayloadExceeded => {
                    return Err(StreamError::request("store a record", error));
                }
                Err(error) => failure = Some(error),
            }
            // Refused, or not answered: in both cases an earlier attempt may have been stored.
            match self.get(key).await {
                Ok(row) => {
                    let revision = row.as_ref().map_or(0, |row| row.revision);
                    if row.is_some_and(|row| row.revision > expected && row.value == value) {
                        return Ok(Put::Done(revision));
                    }
                    if revision != expected {
                        return Ok(Put::Changed);
                    }
                }
                Err(error) => tracing::warn!(%error, "a record's fate is not known yet"),
            }
        }
        Err(match failure {
            Some(error) => StreamError::request("store a record", error),
            None => StreamError::Full(self.kind.name),
        })
    }

    /// Publishes under a key and waits until it is stored.
    pub(crate) async fn publish(
        &self,
        key: &str,
        message: PublishMessage,
    ) -> Result<u64, jetstream::context::PublishError> {
        let ack = self.context.send_publish(self.kind.subject(key), message).await?.await?;
        Ok(ack.sequence)
    }

    /// Sets a value, whatever is there: the last one counts.
    pub(crate) async fn set(&self, key: &str, value: Bytes) -> Result<(), StreamError> {
        let message = PublishMessage::build().payload(value).expected_stream(self.kind.name);
        match self.publish(key, message).await {
            Ok(_) => Ok(()),
            Err(error) if full(&error).is_some() => Err(StreamError::Full(self.kind.name)),
            Err(error) => Err(StreamError::request("store a note", error)),
        }
    }

    /// The names that have a value; what others wrote under keys of no name is left out.
    pub(crate) async fn keys(&self) -> Result<BTreeSet<String>, StreamError> {
        let wrong = |error| StreamError::request("list a stream's subjects", error);
        let mut subjects = self.stream.info_with_subjects(self.kind.subject("*")).await.map_err(wrong)?;
        let mut keys = BTreeSet::new();
        while let Some((subject, _)) = subjects.try_next().await.map_err(wrong)? {
            keys.extend(self.kind.rest(&subject).and_then(names::name_of));
        }
        Ok(keys)
    }

    pub(crate) async fn info(&self) -> Result<Info, StreamError> {
        self.stream.get_info().await.map_err(|error| StreamError::request("tell of a stream", error))
    }

    /// Removes what a filter matches and has a smaller sequence than this.
    pub(crate) async fn purge(&self, filter: &str, before: u64) -> Result<(), StreamError> {
        if before <= 1 {
            // The server would read this as no bound at all.
            return Ok(());
        }
        self.stream
            .purge()
            .sequence(before)
            .filter(self.kind.subject(filter))
            .await
            .map(drop)
            .map_err(|error| StreamError::request("remove what is done", error))
    }

    /// Removes all that a key has.
    pub(crate) async fn remove(&self, key: &str) -> Result<(), StreamError> {
        self.stream
            .purge()
            .filter(self.kind.subject(key))
            .await
            .map(drop)
            .map_err(|error| StreamError::request("remove a record", error))
    }
}
