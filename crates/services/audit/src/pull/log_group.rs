//! A CloudWatch log group, read as it grows: EKS's control plane logs, or a trail's.
//!
//! CloudWatch has no order in which events arrive: each look goes back a little behind the latest event, and leaves out what it has
//! handed over before.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::Duration;

use hashbrown::HashSet;
use ringwall_awsclient::Client;
use ringwall_logs::{ControlPlaneLog, End, Entry, Reader};
use ringwall_model::error_chain;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Pull, Stopped};
use crate::piece::Builder;

/// How far before the latest event it is looked again, in milliseconds: agents deliver late.
const BACK: i64 = 120_000;

/// Events that are known as handed over. Beyond, the oldest may be handed over again, and are known as repeats then.
const MAX_SEEN: usize = 100_000;

/// Events of an answer. Source: AWS, *CloudWatch Logs API Reference*, FilterLogEvents: 10,000 at most.
const PAGE: u32 = 10_000;

/// How far a log group was read.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
struct Cursor {
    /// The time of the latest event that was handed over, in Unix milliseconds.
    latest: i64,
}

/// A log group that is read.
struct Group {
    pull: Pull,
    client: Client,
    name: String,
    /// Under this its cursor is kept.
    key: String,
    /// Its events' place.
    file: Arc<str>,
    cursor: Cursor,
    seen: HashSet<u64>,
    order: VecDeque<u64>,
    lines: u64,
}

/// Reads a log group until the process ends: from now on if it was never read before.
pub(crate) async fn read(pull: Pull, client: Client, name: String, every: Duration, now: i64) {
    let key = format!("log-group:{name}");
    let cursor = match pull.shelf.cursor(&key).await {
        Ok(kept) => {
            kept.and_then(|kept| serde_json::from_slice(&kept).ok()).unwrap_or(Cursor { latest: now })
        }
        Err(error) => {
            pull.problem("log_group", &name, &error_chain(&error));
            Cursor { latest: now }
        }
    };
    let file = format!("cloudwatch:{name}").into();
    let (seen, order) = (HashSet::new(), VecDeque::new());
    let mut group = Group { pull, client, name, key, file, cursor, seen, order, lines: 0 };
    while !group.pull.is_stopped() {
        if let Err(why) = group.look().await {
            group.pull.problem("log_group", &group.name, &why);
        }
        tokio::time::sleep(every).await;
    }
}

impl Group {
    /// Reads what has come since.
    async fn look(&mut self) -> Result<(), String> {
        let from = self.cursor.latest.saturating_sub(BACK).max(0);
        let mut next: Option<Value> = None;
        while !self.pull.is_stopped() {
            let mut asked = json!({ "logGroupName": self.name, "startTime": from, "limit": PAGE });
            if let (Some(next), Some(asked)) = (next.take(), asked.as_object_mut()) {
                asked.insert("nextToken".to_owned(), next);
            }
            let answer = self.client.json("logs", "Logs_20140328.FilterLogEvents", &asked).await;
            let mut answer = answer.map_err(|error| error_chain(&error))?;
            let events = answer.get_mut("events").and_then(Value::as_array_mut).map(std::mem::take);
            self.hand_over(events.unwrap_or_default())
                .await
                .map_err(|Stopped| "it had to wait".to_owned())?;
            match answer.get_mut("nextToken").map(Value::take) {
                Some(token @ Value::String(_)) => next = Some(token),
                _ => break,
            }
        }
        Ok(())
    }

    async fn hand_over(&mut self, mut events: Vec<Value>) -> Result<(), Stopped> {
        events.retain(|event| !self.seen.contains(&digest(event)));
        let Some(latest) = events.iter().filter_map(|event| event.get("timestamp")?.as_i64()).max() else {
            return Ok(());
        };
        let digests: Vec<u64> = events.iter().map(digest).collect();
        for piece in self.pieces(events) {
            self.pull.push(piece).await?;
        }
        for digest in digests {
            if self.seen.insert(digest) {
                self.order.push_back(digest);
            }
        }
        while self.order.len() > MAX_SEEN {
            if let Some(oldest) = self.order.pop_front() {
                self.seen.remove(&oldest);
            }
        }
        let cursor = Cursor { latest: self.cursor.latest.max(latest) };
        if cursor != self.cursor {
            // It has no maps that could fail.
            let kept = serde_json::to_vec(&cursor).unwrap_or_default();
            if let Err(error) = self.pull.shelf.set_cursor(&self.key, kept).await {
                self.pull.problem("log_group", &self.name, &error_chain(&error));
            }
            self.cursor = cursor;
        }
        Ok(())
    }

    /// The events as pieces, those of other logs counted.
    fn pieces(&mut self, events: Vec<Value>) -> Vec<bytes::Bytes> {
        let mut text = json!({ "events": events }).to_string();
        text.push('\n');
        let mut pieces = Vec::new();
        let mut open = Builder::default();
        let lines = &mut self.lines;
        let mut sink = |entry: &Entry<'_>| {
            *lines = lines.saturating_add(1);
            pieces.extend(open.add(entry.file, entry.kind, *lines, entry.text.as_bytes()));
            Ok(End::There)
        };
        let mut reader = Reader::new(Arc::clone(&self.file));
        reader.feed(text.as_bytes(), &mut sink);
        reader.finish(&mut sink);
        pieces.extend(open.close());
        let tally = reader.tally();
        self.pull.metrics.event(&self.pull.cluster, "unreadable", tally.unreadable);
        for (log, lines) in ControlPlaneLog::ALL.into_iter().zip(tally.other_logs) {
            self.pull.metrics.event(&self.pull.cluster, outcome(log), lines);
        }
        pieces
    }
}

/// By what a line of another log is counted.
fn outcome(log: ControlPlaneLog) -> &'static str {
    match log {
        ControlPlaneLog::Audit => "log_audit",
        ControlPlaneLog::Api => "log_api",
        ControlPlaneLog::Authenticator => "log_authenticator",
        ControlPlaneLog::ControllerManager => "log_controller_manager",
        ControlPlaneLog::Scheduler => "log_scheduler",
    }
}

/// By what an event is known: its id, or what it says if it has none.
fn digest(event: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    match event.get("eventId").and_then(Value::as_str) {
        Some(id) => id.hash(&mut hasher),
        None => event.to_string().hash(&mut hasher),
    }
    hasher.finish()
}
