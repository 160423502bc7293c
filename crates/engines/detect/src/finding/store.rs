//! Findings, counted up.

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use ringwall_model::Severity;

use super::evidence::Chosen;
use super::{Details, Evidence, Kind};

/// Most findings that are kept open; beyond, what was seen longest ago goes.
pub const MAX_FINDINGS: usize = 100_000;

/// What one event gives rise to.
#[derive(Clone, Debug)]
pub struct Signal {
    /// The type.
    pub kind: &'static Kind,
    /// How bad it is this time.
    pub severity: Severity,
    /// What makes it the same as an earlier one, beside its type: the actor, and what it is done to.
    pub cause: String,
    /// When it happened, in Unix milliseconds.
    pub time: Option<i64>,
    /// The event.
    pub evidence: Evidence,
    /// What is told.
    pub details: Details,
}

/// Something that happened, once or more often, for one cause.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The type.
    pub kind: &'static Kind,
    /// How bad the worst of it is.
    pub severity: Severity,
    /// What makes it one: see [`Signal::cause`].
    pub cause: String,
    /// How often it happened.
    pub count: u64,
    /// When first, in Unix milliseconds.
    pub first_seen: Option<i64>,
    /// When last.
    pub last_seen: Option<i64>,
    /// What is told: of the worst, and of those the first.
    pub details: Details,
    evidence: Chosen,
}

impl Finding {
    /// Events that it rests on, one at least; one of each file.
    pub fn evidence(&self) -> &[Evidence] {
        self.evidence.all()
    }

    fn new(signal: Signal, earlier: Vec<Evidence>) -> Self {
        let mut evidence = Chosen::default();
        earlier.into_iter().for_each(|event| evidence.add(event));
        evidence.add(signal.evidence);
        Self {
            kind: signal.kind,
            severity: signal.severity,
            cause: signal.cause,
            count: 1,
            first_seen: signal.time,
            last_seen: signal.time,
            details: signal.details,
            evidence,
        }
    }

    fn count_up(&mut self, signal: Signal) {
        self.count = self.count.saturating_add(1);
        self.evidence.add(signal.evidence);
        if let Some(time) = signal.time {
            self.first_seen = Some(self.first_seen.map_or(time, |first| first.min(time)));
            self.last_seen = Some(self.last_seen.map_or(time, |last| last.max(time)));
        }
        // A sequence grows: what it was told last is all of it.
        if signal.severity > self.severity || signal.details.sequence.is_some() {
            (self.severity, self.details) = (signal.severity, signal.details);
        }
    }
}

/// All findings that are open, by type and cause.
#[derive(Debug, Default)]
pub struct Findings {
    by_cause: HashMap<(&'static str, String), Finding>,
}

impl Findings {
    /// Adds a signal to its finding, and gives that: one with a count of 1 is new.
    pub fn add(&mut self, signal: Signal) -> &Finding {
        self.add_with(signal, Vec::new())
    }

    /// The same for a signal that rests on earlier events too.
    pub fn add_with(&mut self, signal: Signal, earlier: Vec<Evidence>) -> &Finding {
        self.make_room();
        match self.by_cause.entry((signal.kind.name, signal.cause.clone())) {
            Entry::Occupied(entry) => {
                let finding = entry.into_mut();
                earlier.into_iter().for_each(|event| finding.evidence.add(event));
                finding.count_up(signal);
                finding
            }
            Entry::Vacant(entry) => entry.insert(Finding::new(signal, earlier)),
        }
    }

    /// All of them, the earliest first.
    pub fn sorted(&self) -> Vec<&Finding> {
        let mut all: Vec<&Finding> = self.by_cause.values().collect();
        all.sort_unstable_by(|one, other| {
            (one.first_seen, one.kind.name, &one.cause).cmp(&(
                other.first_seen,
                other.kind.name,
                &other.cause,
            ))
        });
        all
    }

    /// Half of them go at once, so that it does not cost a search for every one that comes.
    fn make_room(&mut self) {
        if self.by_cause.len() < MAX_FINDINGS {
            return;
        }
        let mut times: Vec<Option<i64>> = self.by_cause.values().map(|finding| finding.last_seen).collect();
        let half = times.len() / 2;
        let (_, middle, _) = times.select_nth_unstable(half);
        let middle = *middle;
        self.by_cause.retain(|_, finding| finding.last_seen > middle);
    }
}
