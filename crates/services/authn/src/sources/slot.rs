//! What a source knows, and how well.

use std::sync::Arc;

use arc_swap::ArcSwap;
use hashbrown::HashSet;
use ringwall_rbac::entry::{Flaw, Mappings};

use super::SourceKind;
use crate::Now;

/// What keeps mappings from letting anybody in.
fn dead(mappings: &Mappings) -> impl Iterator<Item = &Flaw> {
    mappings.all().iter().flat_map(|mapping| &mapping.flaws).filter(|flaw| flaw.never)
}

/// What a source knows.
#[derive(Clone, Debug, Default)]
pub struct SourceState {
    /// The mappings; `None` until there are any.
    pub mappings: Option<Arc<Mappings>>,
    /// When it was last known that they hold, in Unix seconds.
    pub as_of: Option<i64>,
    /// Whether they are of a copy that was kept from before the start.
    pub is_copy: bool,
    /// Why they could not be brought up to date.
    pub problem: Option<String>,
    /// What is worth knowing and keeps nothing from working.
    pub note: Option<String>,
}

/// A source as it is told to operators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Which.
    pub kind: SourceKind,
    /// How many mappings it has; `None` while it knows nothing.
    pub mappings: Option<usize>,
    /// How old that is, in seconds.
    pub age: Option<i64>,
    /// Whether it is of a copy that was kept from before the start.
    pub is_copy: bool,
    /// Why it could not be brought up to date.
    pub problem: Option<String>,
    /// What is worth knowing and keeps nothing from working.
    pub note: Option<String>,
}

/// The place of a source's state: written by its task, read by every login without a lock.
pub(crate) struct Slot {
    pub(crate) kind: SourceKind,
    state: ArcSwap<SourceState>,
    now: Now,
}

impl std::fmt::Debug for Slot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Slot").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl Slot {
    pub(crate) fn new(kind: SourceKind, now: Now) -> Self {
        Self { kind, state: ArcSwap::default(), now }
    }

    pub(crate) fn get(&self) -> Arc<SourceState> {
        self.state.load_full()
    }

    pub(crate) fn now(&self) -> i64 {
        (self.now)()
    }

    /// What holds now.
    pub(crate) fn is(&self, mappings: Mappings, note: Option<String>) {
        let count = mappings.all().len();
        // Each is told once, not at every change of another.
        let before = self.get().mappings.clone();
        let known: HashSet<&str> =
            before.iter().flat_map(|it| dead(it)).map(|flaw| flaw.text.as_str()).collect();
        for flaw in dead(&mappings).filter(|flaw| !known.contains(flaw.text.as_str())) {
            tracing::warn!(source = %self.kind, at = %flaw.source, "a mapping does not count: {}", flaw.text);
        }
        tracing::info!(source = %self.kind, mappings = count, "the mappings are loaded");
        self.put(mappings, Some(self.now()), false, None, note);
    }

    /// What held at a time before the start.
    pub(crate) fn is_as_of(&self, mappings: Mappings, as_of: i64) {
        let count = mappings.all().len();
        let age = self.now().saturating_sub(as_of);
        tracing::warn!(source = %self.kind, mappings = count, age, "the mappings are of the copy that was kept");
        let problem = self.get().problem.clone();
        self.put(mappings, Some(as_of), true, problem, None);
    }

    fn put(
        &self,
        mappings: Mappings,
        as_of: Option<i64>,
        is_copy: bool,
        problem: Option<String>,
        note: Option<String>,
    ) {
        let mappings = Some(Arc::new(mappings));
        self.state.store(Arc::new(SourceState { mappings, as_of, is_copy, problem, note }));
    }

    /// What is known holds still.
    pub(crate) fn still_is(&self) {
        let state = self.get();
        if state.problem.is_some() {
            tracing::info!(source = %self.kind, "the mappings are up to date again");
        }
        let as_of = Some(self.now());
        self.state.store(Arc::new(SourceState {
            as_of,
            is_copy: false,
            problem: None,
            ..state.as_ref().clone()
        }));
    }

    /// What is known could not be brought up to date; it stays.
    pub(crate) fn failed(&self, problem: String) {
        let state = self.get();
        if state.problem.as_ref() == Some(&problem) {
            return;
        }
        let stays = state.mappings.is_some();
        tracing::warn!(source = %self.kind, stays, "the mappings can't be brought up to date: {problem}");
        self.state.store(Arc::new(SourceState { problem: Some(problem), ..state.as_ref().clone() }));
    }

    pub(crate) fn told(&self) -> Told {
        let state = self.get();
        Told {
            kind: self.kind,
            mappings: state.mappings.as_ref().map(|mappings| mappings.all().len()),
            age: state.as_of.map(|as_of| self.now().saturating_sub(as_of).max(0)),
            is_copy: state.is_copy,
            problem: state.problem.clone(),
            note: state.note.clone(),
        }
    }
}
