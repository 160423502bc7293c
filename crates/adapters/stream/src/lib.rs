//! Replicas that share their work through NATS JetStream.
//!
//! What comes for a cluster is stored under the cluster's subject ([`Stream::push`]), by whichever replica it reached. One replica at a
//! time looks at a cluster's events: it holds the cluster's [`Lease`]. What it made of them (the detector's state, how far it has
//! read, the findings) it commits as one ([`Lease::commit`]); who takes a cluster over begins there.
//!
//! ```no_run
//! # async fn example() -> Result<(), ringwall_stream::StreamError> {
//! use ringwall_stream::{Settings, Stream};
//!
//! let stream = Stream::connect(&Settings::new(vec!["nats://127.0.0.1:4222".to_owned()])).await?;
//! let replica = stream.join().await?;
//! for cluster in &replica.view().mine {
//!     let Some(mut lease) = replica.acquire(cluster).await? else { continue };
//!     let state = lease.state().await?;
//!     lease.wait(lease.position()).await?;
//!     let entries = lease.read(lease.position(), 4 << 20).await?;
//!     // … the detector looks at them …
//!     let Some((position, _)) = entries.last() else { continue };
//!     lease.commit(*position, state.as_deref().unwrap_or_default(), &[]).await?;
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Fencing
//!
//! Who owns a cluster, the epoch of that ownership, how far was read and where the state lies are one record
//! (`ringwall.clusters.<cluster>`), which is changed by compare-and-set alone: the server takes a new one only in place of the one that the
//! writer has seen. A takeover is such a change, so the former owner's next commit fails ([`StreamError::Lost`]) whatever it believes
//! about time. What it wrote before, a state that nothing refers to, is swept by the next commit.
//!
//! A replica is taken for gone when its heartbeat's revision has not changed for [`Settings::ttl`] on the clock of the one that looks:
//! clocks of two machines are never compared. To be wrong about that costs work done twice, never a wrong result.
//!
//! # Findings
//!
//! The stream of findings has one message a finding: a newer version replaces the older ([`Finding::version`]), and an older one, of a
//! replica that reads again, is left out. They are there before the commit that rests on them, so none is missing after it; ids are
//! made of what was found, so none is there twice.

mod assign;
mod connect;
mod error;
mod findings;
mod lease;
mod names;
mod notes;
mod reader;
mod replica;
mod settings;
mod sink;
mod split;
mod state;
mod streams;
mod table;

use std::collections::BTreeSet;
use std::sync::Arc;

use async_nats::jetstream;
use async_nats::jetstream::message::PublishMessage;
use aws_lc_rs::digest;
use bytes::Bytes;

pub use assign::assign;
pub use error::{PushError, StreamError};
pub use findings::Finding;
pub use lease::Lease;
pub use names::MAX_NAME;
pub use replica::{Replica, View};
pub use settings::{
    DEFAULT_EVENT_BYTES, DEFAULT_FINDING_BYTES, DEFAULT_STATE_BYTES, DEFAULT_TTL, FINDING_AGE, Login,
    Settings, Tls,
};
pub use sink::{Delivery, Sink};
pub use split::{Parts, split};

use error::full;
use names::Token;
use streams::{EVENTS, Streams};

/// Where an entry is: its sequence in the stream of events. Later entries have greater ones; those of a cluster are not in succession.
pub type Position = u64;

/// What a message has beside its payload: our headers, and room for the protocol's.
pub(crate) const HEADERS: usize = 1024;

/// The streams of Ringwall on a server of NATS. Clones are the same connection.
#[derive(Clone, Debug)]
pub struct Stream {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    context: jetstream::Context,
    streams: Streams,
    ttl: std::time::Duration,
}

impl Stream {
    /// Connects, and makes the streams or sets them as the settings say.
    ///
    /// # Errors
    ///
    /// [`StreamError`]: the settings can't be used, no server answers, or it has no room.
    pub async fn connect(settings: &Settings) -> Result<Self, StreamError> {
        let client = connect::connect(settings).await?;
        let context = jetstream::context::ContextBuilder::new()
            .timeout(connect::ANSWER)
            // Whoever publishes more at the same time waits; the listener bounds how many that are.
            .backpressure_on_inflight(true)
            .build(client);
        let streams = Streams::make(&context, settings).await?;
        Ok(Self { shared: Arc::new(Shared { context, streams, ttl: settings.ttl }) })
    }

    /// The longest entry that the server takes.
    pub fn max_entry(&self) -> usize {
        self.shared.max_payload().saturating_sub(HEADERS)
    }

    /// Takes an entry for a cluster. The server has stored it when this returns; pushed again within two minutes, it is there once.
    ///
    /// # Errors
    ///
    /// [`PushError`]: it was not taken.
    pub async fn push(&self, cluster: &str, entry: Bytes) -> Result<Position, PushError> {
        let token = Token::of(cluster).map_err(|_| PushError::Name(cluster.chars().take(64).collect()))?;
        let max = self.max_entry();
        if entry.len() > max {
            return Err(PushError::TooLong { len: entry.len(), max });
        }
        let mut hash = digest::Context::new(&digest::SHA256);
        hash.update(token.as_str().as_bytes());
        hash.update(b".");
        hash.update(&entry);
        let id = data_encoding::BASE64URL_NOPAD.encode(hash.finish().as_ref());
        let message = PublishMessage::build().payload(entry).message_id(id).expected_stream(EVENTS.name);
        let subject = EVENTS.subject(token.as_str());
        let published = async { self.shared.context.send_publish(subject, message).await?.await };
        match published.await {
            Ok(ack) => Ok(ack.sequence),
            Err(error) => Err(match full(&error) {
                Some(why) => PushError::Full(why.into()),
                None => PushError::Failed(error.to_string().into()),
            }),
        }
    }

    /// Tells replicas of a cluster that may have no events yet, as one whose CloudTrail alone is read.
    ///
    /// # Errors
    ///
    /// [`StreamError`]: the name can't be used, or the server did not answer.
    pub async fn add(&self, cluster: &str) -> Result<(), StreamError> {
        lease::add(&self.shared, &Token::of(cluster)?).await
    }

    /// The clusters that there are: those with events that wait, and those that were looked at or [added](Self::add).
    ///
    /// # Errors
    ///
    /// [`StreamError`]: the server did not answer.
    pub async fn clusters(&self) -> Result<BTreeSet<String>, StreamError> {
        self.shared.clusters().await
    }

    /// Joins the replicas that share the work, under a name made up for this.
    ///
    /// # Errors
    ///
    /// [`StreamError`]: the server did not answer.
    pub async fn join(&self) -> Result<Replica, StreamError> {
        Replica::join(Arc::clone(&self.shared)).await
    }

    /// The findings as they are now, of one cluster or of all, ordered by cluster and id.
    ///
    /// # Errors
    ///
    /// [`StreamError`]: they can't be read.
    pub async fn findings(&self, cluster: Option<&str>) -> Result<Vec<(String, Finding)>, StreamError> {
        findings::list(&self.shared, cluster).await
    }

    /// A note on a cluster, by its name.
    ///
    /// # Errors
    ///
    /// [`StreamError`]: a name can't be used, or the server did not answer.
    pub async fn note(&self, cluster: &str, name: &str) -> Result<Option<Bytes>, StreamError> {
        notes::get(&self.shared, cluster, name).await
    }

    /// Keeps a note on a cluster, in the place of the one before. The server has stored it when this returns.
    ///
    /// # Errors
    ///
    /// [`StreamError`]: a name can't be used, the note is longer than a message may be, or the server did not answer.
    pub async fn set_note(&self, cluster: &str, name: &str, note: Bytes) -> Result<(), StreamError> {
        notes::set(&self.shared, cluster, name, note).await
    }

    /// All notes on a cluster, by their names.
    ///
    /// # Errors
    ///
    /// [`StreamError`]: the name can't be used, or the server did not answer.
    pub async fn notes(&self, cluster: &str) -> Result<Vec<(String, Bytes)>, StreamError> {
        notes::list(&self.shared, cluster).await
    }

    /// What is still to be sent to a sink. Replicas that ask under the same name share it.
    ///
    /// # Errors
    ///
    /// [`StreamError`]: the name can't be used, or the server did not answer.
    pub async fn sink(&self, name: &str) -> Result<Sink, StreamError> {
        Sink::open(&self.shared, &Token::of(name)?).await
    }

    /// Bytes of the events that wait.
    ///
    /// # Errors
    ///
    /// [`StreamError`]: the server did not answer.
    pub async fn bytes(&self) -> Result<u64, StreamError> {
        self.shared.streams.events.info().await.map(|info| info.state.bytes)
    }

    /// Whether there is a connection now.
    pub fn is_connected(&self) -> bool {
        self.shared.context.client().connection_state() == async_nats::connection::State::Connected
    }
}

impl Shared {
    /// The most bytes of a message, as the server said.
    fn max_payload(&self) -> usize {
        self.context.client().server_info().max_payload
    }

    async fn clusters(&self) -> Result<BTreeSet<String>, StreamError> {
        let mut clusters = self.streams.events.keys().await?;
        clusters.extend(self.streams.clusters.keys().await?);
        Ok(clusters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever uses this does so in tasks of a runtime with several threads.
    #[expect(dead_code, reason = "that it compiles is the test")]
    fn futures_go_between_threads(stream: Stream, replica: Replica, mut lease: Lease) {
        fn spawn<T: Send>(_: impl Future<Output = T> + Send + 'static) {}
        let other = stream.clone();
        spawn(async move { other.push("a", Bytes::new()).await.is_ok() });
        let other = stream.clone();
        spawn(async move { other.join().await.is_ok() });
        let other = stream.clone();
        spawn(async move { other.findings(None).await.is_ok() });
        let other = stream.clone();
        spawn(async move { other.clusters().await.is_ok() });
        spawn(async move { stream.sink("a").await.is_ok() });
        spawn(async move {
            let view = replica.view();
            for cluster in &view.mine {
                let _ = replica.acquire(cluster).await;
            }
        });
        spawn(async move {
            let _ = lease.wait(0).await;
            let _ = lease.commit(0, b"", &[]).await;
            lease.release().await.is_ok()
        });
    }
}
