//! The findings of a cluster as they are committed: what sinks send and what people ask for.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hashbrown::HashMap;
use ringwall_detect::finding::Finding;
use ringwall_detect::output::{self, Scope};
use tokio::sync::watch;

/// A cluster's findings, by their ids.
#[derive(Debug)]
pub(crate) struct Board {
    scope: Scope,
    findings: Mutex<HashMap<String, Arc<Finding>>>,
    /// Counts changes.
    changed: watch::Sender<u64>,
}

impl Board {
    pub(crate) fn new(scope: Scope) -> Self {
        Self { scope, findings: Mutex::default(), changed: watch::Sender::new(0) }
    }

    /// Of which cluster they are.
    pub(crate) fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Takes findings that are new or counted up.
    pub(crate) fn put(&self, findings: impl IntoIterator<Item = Finding>) {
        let mut any = false;
        let mut board = self.lock();
        for finding in findings {
            board.insert(output::id(&finding, &self.scope), Arc::new(finding));
            any = true;
        }
        drop(board);
        if any {
            self.changed.send_modify(|changes| *changes = changes.wrapping_add(1));
        }
    }

    /// Takes away what the detector knows no more.
    pub(crate) fn remove(&self, ids: &[String]) {
        let mut board = self.lock();
        for id in ids {
            board.remove(id);
        }
    }

    /// All of them.
    pub(crate) fn all(&self) -> Vec<(String, Arc<Finding>)> {
        self.lock().iter().map(|(id, finding)| (id.clone(), Arc::clone(finding))).collect()
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }

    /// Tells of changes.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Finding>>> {
        // Nothing that is done while it is held can leave it half done.
        self.findings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
