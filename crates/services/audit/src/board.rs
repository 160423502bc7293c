//! The findings of a cluster as they are committed: what sinks send and what people ask for.

use std::cmp::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hashbrown::{HashMap, HashSet};
use ringwall_detect::filter::Filter;
use ringwall_detect::finding::{Finding, Mark, Marks, NotMarked, Verdict};
use ringwall_detect::output::{self, Scope};
use tokio::sync::watch;

use crate::Error;
use crate::shelf::Shelf;

/// A cluster's findings, by their ids.
#[derive(Debug)]
pub(crate) struct Board {
    scope: Scope,
    held: Mutex<Held>,
    /// The number of the latest change.
    changed: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Held {
    findings: HashMap<String, Entry>,
    changes: u64,
    /// What people said of them.
    marks: Marks,
}

#[derive(Clone, Debug)]
struct Entry {
    finding: Arc<Finding>,
    /// The number of the change that brought it.
    change: u64,
}

impl Board {
    pub(crate) fn new(scope: Scope) -> Self {
        Self { scope, held: Mutex::default(), changed: watch::Sender::new(0) }
    }

    /// Of which cluster they are.
    pub(crate) fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Takes findings that are new or counted up.
    pub(crate) fn put(&self, findings: Vec<Finding>) {
        if findings.is_empty() {
            return;
        }
        let mut held = self.lock();
        held.changes = held.changes.saturating_add(1);
        let change = held.changes;
        for finding in findings {
            let id = output::id(&finding, &self.scope);
            held.findings.insert(id, Entry { finding: Arc::new(finding), change });
        }
        drop(held);
        self.changed.send_replace(change);
    }

    /// Takes away all but these, and what was said of those that go.
    pub(crate) fn retain(&self, known: &HashSet<String>) {
        let mut held = self.lock();
        held.findings.retain(|id, _| known.contains(id));
        held.marks.retain(|id| known.contains(id));
    }

    /// Those that came after a change, the earliest first, and the number of the latest change.
    pub(crate) fn since(&self, change: u64) -> (u64, Vec<(String, Arc<Finding>)>) {
        let held = self.lock();
        let newer = held.findings.iter().filter(|(_, entry)| entry.change > change);
        let mut findings: Vec<_> =
            newer.map(|(id, entry)| (id.clone(), Arc::clone(&entry.finding))).collect();
        let latest = held.changes;
        drop(held);
        findings.sort_by(earliest_first);
        (latest, findings)
    }

    /// Whether one of them has this id.
    pub(crate) fn holds(&self, id: &str) -> bool {
        self.lock().findings.contains_key(id)
    }

    /// Marks one of them; gives the mark as it is now.
    pub(crate) fn mark(
        &self,
        id: &str,
        how: impl FnOnce(&mut Marks) -> Result<(), NotMarked>,
    ) -> Result<Option<Mark>, NotMarked> {
        let mut held = self.lock();
        how(&mut held.marks)?;
        let mark = held.marks.get(id).cloned();
        drop(held);
        // What is archived no more may have to be sent.
        self.changed.send_modify(|_| ());
        Ok(mark)
    }

    /// Takes the marks that are kept.
    pub(crate) async fn take_marks(&self, shelf: &Shelf) -> Result<(), Error> {
        for (id, kept) in shelf.marks().await? {
            self.set_mark(&id, &kept);
        }
        Ok(())
    }

    /// Takes the mark of one of them as it is kept.
    pub(crate) async fn take_mark(&self, shelf: &Shelf, id: &str) -> Result<(), Error> {
        if let Some(kept) = shelf.mark(id).await? {
            self.set_mark(id, &kept);
        }
        Ok(())
    }

    fn set_mark(&self, id: &str, kept: &[u8]) {
        let set = match serde_json::from_slice(kept) {
            Ok(mark) => self.lock().marks.set(id, mark).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        if let Err(error) = set {
            tracing::warn!(id, error, "what was said of a finding can't be read; it is as if nothing was");
        }
    }

    /// What holds of one of them, which this filter would archive.
    pub(crate) fn verdict(&self, id: &str, filter: Option<&Filter>) -> Verdict {
        self.lock().marks.verdict(id, filter)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.lock().findings.len()
    }

    /// Tells of changes.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        // Nothing that is done while it is held can leave it half done.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The order in which findings with their ids are shown: the earliest first.
pub(crate) fn earliest_first(one: &(String, Arc<Finding>), other: &(String, Arc<Finding>)) -> Ordering {
    (one.1.first_seen, &one.0).cmp(&(other.1.first_seen, &other.0))
}
