//! The events that a finding rests on.

use std::sync::Arc;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use crate::keep::at_most;

/// Most events that a finding names. It counts all of them.
pub const MAX_EVIDENCE: usize = 16;

/// Where an event was read.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The file as it was named, or what came instead of one: `webhook:shop`.
    pub file: Arc<str>,
    /// The line, from 1; of what has no lines, the number of the event.
    pub line: u64,
}

/// An event that a finding rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The audit event's `auditID` or the CloudTrail record's `eventID`; empty if it has none.
    pub id: String,
    /// Whether the id is CloudTrail's.
    pub is_record: bool,
    /// Where it was read.
    pub place: Place,
}

/// Most files of which a finding names an event. Logs that are delivered as files have one in five minutes or so, and the same may go on
/// for months.
pub const MAX_EVIDENCE_FILES: usize = 1000;

/// Some of the events that a finding rests on: the first ones, the latest, and one of each file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Chosen(#[serde(deserialize_with = "some")] Vec<Evidence>);

/// A finding rests on one event at least.
fn some<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Evidence>, D::Error> {
    let all: Vec<Evidence> = at_most::<MAX_EVIDENCE_FILES, _, _>(deserializer)?;
    if all.is_empty() { Err(D::Error::custom("a finding without evidence")) } else { Ok(all) }
}

impl Chosen {
    /// Adds an event. Beyond [`MAX_EVIDENCE`] it takes the place of the latest of its file, and beyond [`MAX_EVIDENCE_FILES`] of the latest
    /// of all.
    /// Tells whether it is among them then and was not before.
    pub(super) fn add(&mut self, new: Evidence) -> bool {
        if self.0.contains(&new) {
            return false;
        }
        let is_known = self.0.iter().any(|known| known.place.file == new.place.file);
        if self.0.len() >= MAX_EVIDENCE && is_known {
            let of_same = self.0.iter().rposition(|known| known.place.file == new.place.file);
            if let Some(last) = of_same.filter(|_| self.0.len() > 1).and_then(|at| self.0.get_mut(at)) {
                *last = new;
            }
            return true;
        }
        if self.0.len() >= MAX_EVIDENCE_FILES {
            self.0.pop();
        }
        self.0.push(new);
        true
    }

    pub(super) fn all(&self) -> &[Evidence] {
        &self.0
    }
}
