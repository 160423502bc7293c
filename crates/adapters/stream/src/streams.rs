//! The streams that there are on the server, and their bounds.

use std::time::Duration;

use async_nats::jetstream;
use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, StorageType};

use crate::error::StreamError;
use crate::settings::{FINDING_AGE, Settings};
use crate::table::Table;

/// A batch that comes again within this is known by its hash. An apiserver tries again for about a minute.
/// Source: Kubernetes v1.37, `--audit-webhook-initial-backoff` (10s), `webhook.DefaultRetryBackoff…` (five steps of 1.5).
const DUPLICATES: Duration = Duration::from_secs(120);

/// One cluster has at most this part of the room for events, counted in messages of [`TYPICAL`] bytes: one that floods does not take the
/// others' room.
const PART: u64 = 4;

/// Bytes of a full batch of the audit webhook: 400 events of about 2 KB, split in two.
/// Source: Kubernetes v1.37, kube-apiserver, `--audit-webhook-batch-max-size` (400).
const TYPICAL: u64 = 512 << 10;

/// Fewest messages that a cluster may have waiting, however small the stream is.
const FEWEST: u64 = 64;

/// Bytes of the records of clusters and replicas: some hundred bytes each.
const RECORD_BYTES: u64 = 64 << 20;

/// Bytes of notes: how far sources were read, and what people said of findings.
const NOTE_BYTES: u64 = 256 << 20;

/// Heartbeats of replicas that are long gone are forgotten.
const FORGOTTEN: Duration = Duration::from_secs(60 * 60);

/// A stream's name, and where its subjects begin.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    prefix: &'static str,
}

impl Kind {
    pub(crate) fn subject(self, rest: &str) -> String {
        format!("{}{rest}", self.prefix)
    }

    pub(crate) fn rest(self, subject: &str) -> Option<&str> {
        subject.strip_prefix(self.prefix)
    }
}

pub(crate) const EVENTS: Kind = Kind { name: "RINGWALL_EVENTS", prefix: "ringwall.events." };
pub(crate) const CLUSTERS: Kind = Kind { name: "RINGWALL_CLUSTERS", prefix: "ringwall.clusters." };
pub(crate) const REPLICAS: Kind = Kind { name: "RINGWALL_REPLICAS", prefix: "ringwall.replicas." };
pub(crate) const STATE: Kind = Kind { name: "RINGWALL_STATE", prefix: "ringwall.state." };
pub(crate) const NOTES: Kind = Kind { name: "RINGWALL_NOTES", prefix: "ringwall.notes." };
pub(crate) const FINDINGS: Kind = Kind { name: "RINGWALL_FINDINGS", prefix: "ringwall.findings." };

/// All of them.
#[derive(Debug)]
pub(crate) struct Streams {
    /// `ringwall.events.<cluster>`: what came and was not dealt with.
    pub(crate) events: Table,
    /// `ringwall.clusters.<cluster>`: one record each.
    pub(crate) clusters: Table,
    /// `ringwall.replicas.<replica>`: one heartbeat each.
    pub(crate) replicas: Table,
    /// `ringwall.state.<cluster>.<name>`: pieces of states.
    pub(crate) state: Table,
    /// `ringwall.findings.<cluster>.<id>`: one finding each.
    pub(crate) findings: Table,
    /// `ringwall.notes.<cluster>.<name>`: what whoever works on a cluster has to know of it.
    pub(crate) notes: Table,
}

impl Streams {
    pub(crate) async fn make(context: &jetstream::Context, settings: &Settings) -> Result<Self, StreamError> {
        let one = |kind: Kind, max_bytes: u64| Config {
            max_messages_per_subject: 1,
            ..bounded(kind, max_bytes, settings)
        };
        let part = (settings.event_bytes / TYPICAL / PART).max(FEWEST);
        let events = Config {
            max_messages_per_subject: i64::try_from(part).unwrap_or(i64::MAX),
            discard_new_per_subject: true,
            duplicate_window: DUPLICATES,
            ..bounded(EVENTS, settings.event_bytes, settings)
        };
        let state =
            Config { subjects: vec![STATE.subject("*.*")], ..bounded(STATE, settings.state_bytes, settings) };
        let findings = Config {
            subjects: vec![FINDINGS.subject("*.*")],
            max_age: FINDING_AGE,
            ..one(FINDINGS, settings.finding_bytes)
        };
        let notes = Config { subjects: vec![NOTES.subject("*.*")], ..one(NOTES, NOTE_BYTES) };
        let replicas = Config { max_age: FORGOTTEN, ..one(REPLICAS, RECORD_BYTES) };
        Ok(Self {
            events: make(context, EVENTS, events).await?,
            clusters: make(context, CLUSTERS, one(CLUSTERS, RECORD_BYTES)).await?,
            replicas: make(context, REPLICAS, replicas).await?,
            state: make(context, STATE, state).await?,
            findings: make(context, FINDINGS, findings).await?,
            notes: make(context, NOTES, notes).await?,
        })
    }
}

/// A stream on the disk that refuses what it has no room for.
fn bounded(kind: Kind, max_bytes: u64, settings: &Settings) -> Config {
    Config {
        name: kind.name.to_owned(),
        subjects: vec![kind.subject("*")],
        retention: RetentionPolicy::Limits,
        storage: StorageType::File,
        discard: DiscardPolicy::New,
        max_bytes: i64::try_from(max_bytes).unwrap_or(i64::MAX),
        num_replicas: settings.replicas,
        // Records are read from the leader, never from a server that lags.
        allow_direct: false,
        ..Config::default()
    }
}

async fn make(context: &jetstream::Context, kind: Kind, config: Config) -> Result<Table, StreamError> {
    let max_bytes = u64::try_from(config.max_bytes).unwrap_or_default();
    context.create_or_update_stream(config).await.map_err(|error| {
        use jetstream::ErrorCode;
        let no_room = [
            ErrorCode::STORAGE_RESOURCES_EXCEEDED,
            ErrorCode::ACCOUNT_RESOURCES_EXCEEDED,
            ErrorCode::INSUFFICIENT_RESOURCES,
        ];
        match error.kind() {
            jetstream::context::CreateStreamErrorKind::JetStream(refusal)
                if no_room.contains(&refusal.error_code()) =>
            {
                StreamError::NoRoom { stream: kind.name, max_bytes }
            }
            _ => StreamError::request(
                "make its streams (hint: is JetStream on, and may this user make streams?)",
                error,
            ),
        }
    })?;
    let handle = context
        .get_stream_no_info(kind.name)
        .await
        .map_err(|error| StreamError::request("find a stream", error))?;
    Ok(Table::new(context.clone(), handle, kind))
}
