//! What is still to be sent to a sink.

use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, Consumer, DeliverPolicy, pull};
use async_nats::jetstream::{self, AckKind};
use futures_util::StreamExt as _;

use crate::Shared;
use crate::connect::ANSWER;
use crate::error::StreamError;
use crate::findings::{self, Finding};
use crate::names::Token;

/// A finding that was given out and neither done nor put off is given out again after this: its replica is gone.
const AGAIN: Duration = Duration::from_secs(60);

/// Findings that are given out at the same time.
const GIVEN_OUT: i64 = 1024;

/// The findings that a sink has not had, each in its newest version. Which those are is kept on the server.
#[derive(Debug)]
pub struct Sink {
    consumer: Consumer<pull::Config>,
}

/// A finding for a sink. Dropped without an answer, it comes again after a minute.
#[derive(Debug)]
pub struct Delivery {
    /// The cluster that it is of.
    pub cluster: String,
    /// The finding.
    pub finding: Finding,
    message: jetstream::Message,
}

impl Sink {
    pub(crate) async fn open(shared: &Shared, name: &Token) -> Result<Self, StreamError> {
        let name = format!("sink-{}", name.as_str());
        let config = pull::Config {
            durable_name: Some(name.clone()),
            description: Some("findings that a sink of Ringwall has not had".to_owned()),
            // A new sink begins with the findings that there are.
            deliver_policy: DeliverPolicy::All,
            ack_policy: AckPolicy::Explicit,
            ack_wait: AGAIN,
            max_ack_pending: GIVEN_OUT,
            ..pull::Config::default()
        };
        let stream = shared.streams.findings.stream();
        let consumer = stream
            .get_or_create_consumer(&name, config)
            .await
            .map_err(|error| StreamError::request("make a sink's consumer", error))?;
        Ok(Self { consumer })
    }

    /// The next findings, the oldest first: waits so long for the first.
    ///
    /// # Errors
    ///
    /// [`StreamError`]: the server does not answer.
    pub async fn next(&self, most: usize, wait: Duration) -> Result<Vec<Delivery>, StreamError> {
        let mut deliveries = self.ask(most, None).await?;
        if deliveries.is_empty() && !wait.is_zero() {
            deliveries = self.ask(1, Some(wait)).await?;
        }
        Ok(deliveries)
    }

    async fn ask(&self, most: usize, wait: Option<Duration>) -> Result<Vec<Delivery>, StreamError> {
        let wrong =
            |error: Box<dyn std::error::Error + Send + Sync>| StreamError::request("send findings", error);
        let mut batch = match wait {
            None => self.consumer.fetch().max_messages(most).messages().await,
            Some(wait) => self.consumer.batch().max_messages(most).expires(wait).messages().await,
        }
        .map_err(|error| wrong(error.into()))?;
        let limit = wait.unwrap_or_default() + ANSWER;
        let mut deliveries = Vec::new();
        while let Ok(Some(message)) = tokio::time::timeout(limit, batch.next()).await {
            let message = match message {
                Ok(message) => message,
                // What has come has come; the rest is asked for again.
                Err(_) if !deliveries.is_empty() => break,
                Err(error) => return Err(wrong(error)),
            };
            match findings::of_message(&message) {
                Some((cluster, finding)) => deliveries.push(Delivery { cluster, finding, message }),
                None => {
                    tracing::warn!(subject = %message.message.subject, "a message is no finding; it is left out");
                    let _ = message.ack_with(AckKind::Term).await;
                }
            }
        }
        Ok(deliveries)
    }
}

impl Delivery {
    /// The sink has it: it does not come again, unless in a newer version.
    ///
    /// # Errors
    ///
    /// [`StreamError`]: the server did not confirm it; it may come again.
    pub async fn done(self) -> Result<(), StreamError> {
        self.message.double_ack().await.map_err(|error| StreamError::request("note a delivery", error))
    }

    /// The sink shall have it later.
    ///
    /// # Errors
    ///
    /// [`StreamError`]: the server did not hear it; it comes again after a minute.
    pub async fn later(self, pause: Duration) -> Result<(), StreamError> {
        self.message
            .ack_with(AckKind::Nak(Some(pause)))
            .await
            .map_err(|error| StreamError::request("put a delivery off", error))
    }
}
