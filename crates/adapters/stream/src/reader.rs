//! A subject's messages in their order, none left out.

use std::collections::VecDeque;
use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, Consumer, DeliverPolicy, pull};
use async_nats::jetstream::stream::Stream;
use bytes::Bytes;
use futures_util::StreamExt as _;

use crate::Position;
use crate::connect::ANSWER;
use crate::error::StreamError;
use crate::table::Table;

/// Most messages of a request: small ones, some MiB together.
const MESSAGES: usize = 1024;

/// How long one request waits at the server for messages to come.
const WAIT: Duration = Duration::from_secs(5);

/// The server forgets a consumer that nobody asked for so long; one that was forgotten is made anew.
const FORGOTTEN: Duration = Duration::from_secs(120);

/// How often a request is made anew that brought nothing although it should: a server's restart fits in.
const ATTEMPTS: usize = 5;

/// The pause before a request is made anew.
const PAUSE: Duration = Duration::from_millis(250);

/// Reads one subject.
#[derive(Debug)]
pub(crate) struct Reader {
    stream: Stream<()>,
    subject: String,
    /// The server's largest message, and what it has beside its payload.
    largest: usize,
    cursor: Option<Cursor>,
    /// Came, and was not read yet.
    came: VecDeque<(Position, Bytes)>,
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
    pub(crate) fn new(table: &Table, key: &str, max_payload: usize) -> Self {
        Self {
            stream: table.stream().clone(),
            subject: table.kind().subject(key),
            largest: max_payload.saturating_add(4096),
            cursor: None,
            came: VecDeque::new(),
            given: 0,
        }
    }

    /// The messages after a position: at least one if there is one, and no more than have so many bytes.
    pub(crate) async fn read(
        &mut self,
        after: Position,
        most: usize,
    ) -> Result<Vec<(Position, Bytes)>, StreamError> {
        self.go_to(after);
        if self.came.is_empty() {
            self.fill(after, most, Ask::Now).await?;
        }
        let mut bytes = 0_usize;
        let mut read = Vec::new();
        while let Some((position, message)) = self.came.pop_front() {
            bytes = bytes.saturating_add(message.len());
            if bytes > most && !read.is_empty() {
                self.came.push_front((position, message));
                break;
            }
            self.given = position;
            read.push((position, message));
        }
        Ok(read)
    }

    /// Waits until there is a message after a position.
    pub(crate) async fn wait(&mut self, after: Position) -> Result<(), StreamError> {
        self.go_to(after);
        while self.came.is_empty() {
            self.fill(after, 1, Ask::Wait).await?;
        }
        Ok(())
    }

    /// Makes the server forget us.
    pub(crate) async fn close(&mut self) {
        if let Some(cursor) = self.cursor.take() {
            // It forgets by itself as well.
            let _ = self.stream.delete_consumer(&cursor.consumer.cached_info().name).await;
        }
    }

    fn go_to(&mut self, after: Position) {
        if after == self.given {
            return;
        }
        while self.came.front().is_some_and(|(position, _)| *position <= after) {
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
                Ok(Got::Torn) => tracing::debug!(subject = self.subject, "the consumer's answer broke off"),
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
        let bytes = most.max(self.largest);
        let mut batch = match ask {
            Ask::Now => cursor.consumer.fetch().max_messages(MESSAGES).max_bytes(bytes).messages().await,
            Ask::Wait => {
                cursor.consumer.batch().max_messages(1).max_bytes(bytes).expires(WAIT).messages().await
            }
        }
        .map_err(|error| wrong(error.into()))?;
        let limit = if ask == Ask::Wait { WAIT + ANSWER } else { ANSWER };
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
            if info.consumer_sequence != cursor.sent + 1 {
                return Ok(Got::Torn);
            }
            cursor.sent = info.consumer_sequence;
            cursor.at = info.stream_sequence;
            self.came.push_back((cursor.at, message.message.payload));
        }
        self.cursor = Some(cursor);
        Ok(Got::All)
    }

    async fn cursor(&self, after: Position) -> Result<Cursor, StreamError> {
        let config = pull::Config {
            deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: after + 1 },
            ack_policy: AckPolicy::None,
            filter_subject: self.subject.clone(),
            inactive_threshold: FORGOTTEN,
            memory_storage: true,
            num_replicas: 1,
            ..pull::Config::default()
        };
        let consumer = self
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
