//! The findings of a cluster as they are committed: what sinks send and what people ask for.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hashbrown::HashMap;
use ringwall_detect::finding::{Finding, Mark, Marks, NotMarked, Verdict};
use ringwall_detect::filter::Filter;
use ringwall_detect::output::{self, Scope};
use tokio::sync::watch;

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

    /// Takes away all but those that are still known.
    pub(crate) fn retain(&self, known: &dyn Fn(&str) -> bool) {
        self.lock().findings.retain(|id, _| known(id));
    }

    /// Those that came after a change, the earliest first, and the number of the latest change.
    pub(crate) fn since(&self, change: u64) -> (u64, Vec<(String, Arc<Finding>)>) {
        let held = self.lock();
        let newer = held.findings.iter().filter(|(_, entry)| entry.change > change);
        let mut findings: Vec<_> =
            newer.map(|(id, entry)| (id.clone(), Arc::clone(&entry.finding))).collect();
        let latest = held.changes;
        drop(held);
        findings.sort_by(|(one_id, one), (other_id, other)| {
            (one.first_seen, one_id).cmp(&(other.first_seen, other_id))
        });
        (latest, findings)
    }

    /// One of them.
    pub(crate) fn get(&self, id: &str) -> Option<Arc<Finding>> {
        self.lock().findings.get(id).map(|entry| Arc::clone(&entry.finding))
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
