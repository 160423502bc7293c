//! What became of a file.

use std::sync::Arc;

use crate::limits::MAX_SPOTS;
use crate::open::Refusal;
use crate::stream::ControlPlaneLog;

/// A spot of a file that could not be read, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    /// The line, from 1.
    pub line: u64,
    /// Why. It repeats nothing of what stands there.
    pub why: String,
}

/// What was in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// The file, as it was named.
    pub file: Arc<str>,
    /// Lines.
    pub lines: u64,
    /// Audit events and lists of them that were handed over.
    pub audit: u64,
    /// CloudTrail records that were handed over.
    pub records: u64,
    /// Of both, those whose end is missing.
    pub cut: u64,
    /// Of both, those that were not UTF-8; what could not be read of them is U+FFFD.
    pub not_utf8: u64,
    /// Lines of the control plane's logs, which nothing is told from: in the order of [`ControlPlaneLog::ALL`].
    pub other_logs: [u64; 5],
    /// What could not be read.
    pub unreadable: u64,
    /// The first of those.
    pub spots: Vec<Spot>,
    /// Why the file was not read to its end.
    pub stopped: Option<Refusal>,
}

impl Tally {
    pub(crate) fn new(file: Arc<str>) -> Self {
        Self {
            file,
            lines: 0,
            audit: 0,
            records: 0,
            cut: 0,
            not_utf8: 0,
            other_logs: [0; 5],
            unreadable: 0,
            spots: Vec::new(),
            stopped: None,
        }
    }

    /// Whether something in it is missing from what was handed over.
    pub fn is_incomplete(&self) -> bool {
        self.unreadable > 0 || self.stopped.is_some()
    }

    /// Counts something that can't be read.
    pub fn unreadable(&mut self, line: u64, why: impl Into<String>) {
        self.unreadable = self.unreadable.saturating_add(1);
        if self.spots.len() < MAX_SPOTS {
            self.spots.push(Spot { line, why: why.into() });
        }
    }

    pub(crate) fn other_log(&mut self, log: ControlPlaneLog) {
        let place = ControlPlaneLog::ALL.iter().position(|known| *known == log);
        if let Some(count) = place.and_then(|place| self.other_logs.get_mut(place)) {
            *count = count.saturating_add(1);
        }
    }
}
