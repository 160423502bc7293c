//! A subject's messages in their order, none left out.
//!
//! An ordered consumer of our own on top of pulled batches, so that no more is in memory than was asked for.

use std::collections::VecDeque;
use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::jetstream::consumer::{AckPolicy, Consumer, DeliverPolicy, pull};
use async_nats::jetstream::stream::Stream;
use bytes::Bytes;
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::task::{JoinError, JoinHandle};

use crate::Position;
use crate::connect::ANSWER;
use crate::error::StreamError;
use crate::streams::Kind;
use crate::table::Table;

/// Most messages of a request: small ones, some MiB together.
const MESSAGES: usize = 1024;

/// Bytes that are read at once where all are read.
const AT_ONCE: usize = 4 << 20;

/// How long one request waits at the server for messages to come.
const WAIT: Duration = Duration::from_secs(5);

/// How much later than that the server's word may come that there was none. Sooner than the five seconds of the client.
const LATE: Duration = Duration::from_secs(2);

/// The server forgets a consumer that nobody asked for so long; one that was forgotten is made anew.
const FORGOTTEN: Duration = Duration::from_secs(120);

/// How often a request is made anew that brought nothing although it should: a server's restart fits in.
const ATTEMPTS: usize = 5;

/// The pause before a request is made anew.
const PAUSE: Duration = Duration::from_millis(250);

/// A message of a stream.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) sequence: Position,
    /// Of its subject, what follows the stream's prefix.
    pub(crate) key: String,
    pub(crate) headers: HeaderMap,
    pub(crate) payload: Bytes,
}

/// Reads what a filter of keys matches.
///
/// What waits does so in a task of its own, which goes on when nobody waits for it any more: whoever waits in turns leaves no
/// consumer behind with each.
#[derive(Debug)]
pub(crate) struct Reader {
    /// Not there while it waits.
    reading: Option<Reading>,
    waiting: Option<JoinHandle<Waited>>,
    /// After which position it waits.
    waits_after: Position,
    from: From,
}

type Waited = (Reading, Result<(), StreamError>);

/// Of what it reads.
#[derive(Clone, Debug)]
struct From {
    kind: Kind,
    stream: Stream<()>,
    subject: String,
    /// The server's largest message, and what it has beside its payload.
    largest: usize,
}

/// How far it is.
#[derive(Debug)]
struct Reading {
    from: From,
    cursor: Option<Cursor>,
    /// Came, and was not read yet.
    came: VecDeque<Message>,
    /// The newest that was given out.
    given: Position,
}

/// What the server remembers for us.
#[derive(Debug)]
struct Cursor {
    consumer: Consumer<pull::Config>,
    /// How many it has sent: one more with each message, so that a lost one is noticed.
    sent: u64,
    /// The newest that came.
    at: Position,
}

/// How long to wait for the first message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ask {
    Now,
    Wait,
}

impl Reader {
    pub(crate) fn new(table: &Table, filter: &str, max_payload: usize) -> Self {
        let from = From {
            kind: table.kind(),
            stream: table.stream().clone(),
            subject: table.kind().subject(filter),
            largest: max_payload.saturating_add(4096),
        };
        Self { reading: Some(Reading::new(from.clone(), 0)), waiting: None, waits_after: 0, from }
    }

    /// The messages after a position: at least one if there is one, and no more than have so many bytes.
    pub(crate) async fn read(&mut self, after: Position, most: usize) -> Result<Vec<Message>, StreamError> {
        self.turn_to(after);
        if let Some(waiting) = &mut self.waiting {
            // It waits, so there was nothing yet.
            let Some(waited) = waiting.now_or_never() else { return Ok(Vec::new()) };
            self.waited(waited, after)?;
        }
        let mut reading = self.reading.take().unwrap_or_else(|| Reading::new(self.from.clone(), after));
        let read = reading.read(after, most).await;
        self.reading = Some(reading);
        read
    }

    /// Waits until there is a message after a position. It may be dropped at any time.
    pub(crate) async fn wait(&mut self, after: Position) -> Result<(), StreamError> {
        self.turn_to(after);
        loop {
            if let Some(waiting) = &mut self.waiting {
                let waited = waiting.await;
                self.waited(waited, after)?;
            }
            let mut reading = self.reading.take().unwrap_or_else(|| Reading::new(self.from.clone(), after));
            if reading.has(after) {
                self.reading = Some(reading);
                return Ok(());
            }
            self.waits_after = after;
            self.waiting = Some(tokio::spawn(async move {
                let done = reading.fill(after, 1, Ask::Wait).await;
                (reading, done)
            }));
        }
    }

    /// Waits no more for what comes after another position.
    fn turn_to(&mut self, after: Position) {
        if self.waits_after != after
            && let Some(waiting) = self.waiting.take()
        {
            waiting.abort();
        }
    }

    fn waited(&mut self, waited: Result<Waited, JoinError>, after: Position) -> Result<(), StreamError> {
        self.waiting = None;
        let (reading, done) = waited.unwrap_or_else(|error| {
            let done = Err(StreamError::request("send messages", error));
            (Reading::new(self.from.clone(), after), done)
        });
        self.reading = Some(reading);
        done
    }

    /// Makes the server forget us.
    pub(crate) async fn close(&mut self) {
        if let Some(waiting) = self.waiting.take() {
            // The server forgets by itself as well.
            waiting.abort();
        }
        if let Some(reading) = &mut self.reading {
            reading.close().await;
        }
    }

    /// All messages that there are now, of which a stream with one a key has as many as keys.
    pub(crate) async fn all(mut self) -> Result<Vec<Message>, StreamError> {
        let mut all = Vec::new();
        let mut after = 0;
        loop {
            let read = self.read(after, AT_ONCE).await?;
            let Some(last) = read.last() else { break };
            after = last.sequence;
            all.extend(read);
        }
        self.close().await;
        Ok(all)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if let Some(waiting) = &self.waiting {
            waiting.abort();
        }
    }
}

impl Reading {
    fn new(from: From, given: Position) -> Self {
        Self { from, cursor: None, came: VecDeque::new(), given }
    }

    async fn read(&mut self, after: Position, most: usize) -> Result<Vec<Message>, StreamError> {
        if !self.has(after) {
            self.fill(after, most, Ask::Now).await?;
        }
        let mut bytes = 0_usize;
        let mut read = Vec::new();
        while let Some(message) = self.came.pop_front() {
            bytes = bytes.saturating_add(message.payload.len());
            if bytes > most && !read.is_empty() {
                self.came.push_front(message);
                break;
            }
            self.given = message.sequence;
            read.push(message);
        }
        Ok(read)
    }

    /// Goes to a position; whether something came after it.
    fn has(&mut self, after: Position) -> bool {
        self.go_to(after);
        !self.came.is_empty()
    }

    async fn close(&mut self) {
        if let Some(cursor) = self.cursor.take() {
            // It forgets by itself as well.
            let _ = self.from.stream.delete_consumer(&cursor.consumer.cached_info().name).await;
        }
    }

    fn go_to(&mut self, after: Position) {
        if after == self.given {
            return;
        }
        while self.came.front().is_some_and(|message| message.sequence <= after) {
            self.came.pop_front();
        }
        if self.came.is_empty() || after < self.given {
            self.came.clear();
            self.cursor = None;
        }
        self.given = after;
    }

    async fn fill(&mut self, after: Position, most: usize, ask: Ask) -> Result<(), StreamError> {
        let mut failure = None;
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                tokio::time::sleep(PAUSE.saturating_mul(1 << attempt)).await;
            }
            match self.request(after, most, ask).await {
                Ok(Got::All) => return Ok(()),
                // The consumer is made anew, from where the last that came was.
                Ok(Got::Torn) => {
                    tracing::debug!(subject = self.from.subject, "the consumer's answer broke off")
                }
                Err(error) => failure = Some(error),
            }
            if !self.came.is_empty() {
                return Ok(());
            }
        }
        Err(failure
            .unwrap_or_else(|| StreamError::request("send the messages that it has", "they did not come")))
    }

    async fn request(&mut self, after: Position, most: usize, ask: Ask) -> Result<Got, StreamError> {
        let wrong =
            |error: Box<dyn std::error::Error + Send + Sync>| StreamError::request("send messages", error);
        let from = self.cursor.as_ref().map_or(after, |cursor| cursor.at.max(after));
        let mut cursor = match self.cursor.take() {
            Some(cursor) => cursor,
            None => self.cursor(from).await?,
        };
        let bytes = most.max(self.from.largest);
        let mut batch = match ask {
            Ask::Now => cursor.consumer.fetch().max_messages(MESSAGES).max_bytes(bytes).messages().await,
            Ask::Wait => {
                cursor.consumer.batch().max_messages(1).max_bytes(bytes).expires(WAIT).messages().await
            }
        }
        .map_err(|error| wrong(error.into()))?;
        // A consumer that is gone is silence; the client would take it for the end of the request some seconds later.
        let limit = if ask == Ask::Wait { WAIT + LATE } else { ANSWER };
        loop {
            let Ok(next) = tokio::time::timeout(limit, batch.next()).await else {
                return Ok(Got::Torn);
            };
            let message = match next {
                None => break,
                Some(Ok(message)) => message,
                Some(Err(error)) => {
                    // The request's bytes are used up.
                    if !self.came.is_empty() && error.to_string().contains("MaxBytes") {
                        break;
                    }
                    return Err(wrong(error));
                }
            };
            let info = message.info().map_err(wrong)?;
            let (sent, at) = (info.consumer_sequence, info.stream_sequence);
            if sent != cursor.sent + 1 {
                return Ok(Got::Torn);
            }
            (cursor.sent, cursor.at) = (sent, at);
            let async_nats::Message { subject, headers, payload, .. } = message.message;
            let key = self.from.kind.rest(&subject).unwrap_or_default().to_owned();
            self.came.push_back(Message {
                sequence: cursor.at,
                key,
                headers: headers.unwrap_or_default(),
                payload,
            });
        }
        self.cursor = Some(cursor);
        Ok(Got::All)
    }

    async fn cursor(&self, after: Position) -> Result<Cursor, StreamError> {
        let config = pull::Config {
            deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: after + 1 },
            ack_policy: AckPolicy::None,
            filter_subject: self.from.subject.clone(),
            inactive_threshold: FORGOTTEN,
            memory_storage: true,
            num_replicas: 1,
            ..pull::Config::default()
        };
        let consumer = self
            .from
            .stream
            .create_consumer(config)
            .await
            .map_err(|error| StreamError::request("make a consumer", error))?;
        Ok(Cursor { consumer, sent: 0, at: after })
    }
}

/// What became of a request.
#[derive(Debug)]
enum Got {
    /// All that there was, or came in time.
    All,
    /// The answer broke off; the consumer has to be made anew.
    Torn,
}
