//! Findings to sinks: each that is new at once, each that went on from time to time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use hashbrown::HashMap;
use ringwall_detect::finding::Finding;
use ringwall_model::error_chain;
use ringwall_sinks::{Backoff, Notice, Sink, What};

use crate::board::Board;
use crate::keep::{Keep, KeepError, Sent};
use crate::known::Known;
use crate::service::Now;

/// Findings of a delivery.
const BATCH: usize = 256;

/// How often it is looked which findings are gone, of which it need not be known any more that they were sent.
const FORGET_EVERY: Duration = Duration::from_secs(3600);

/// How long to wait for a change at most, before it is looked what has become due, and whether the process ends.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A cluster's findings on their way to one sink.
pub(crate) struct Courier {
    pub(crate) cluster: String,
    pub(crate) sink: Arc<Sink>,
    pub(crate) board: Arc<Board>,
    pub(crate) keep: Arc<Keep>,
    pub(crate) known: Arc<Known>,
    /// After what time a finding that went on is sent again.
    pub(crate) every: Duration,
    pub(crate) now: Now,
    pub(crate) stop: Arc<AtomicBool>,
}

/// What was sent, and what is to be.
#[derive(Default)]
struct Book {
    sent: HashMap<String, Sent>,
    /// What changed since it was sent.
    open: HashMap<String, Arc<Finding>>,
    /// The latest change of the board that was looked at.
    change: u64,
    position: u64,
}

impl Courier {
    /// Delivers until the process ends.
    pub(crate) async fn run(self) {
        let mut book = match self.keep.sent(self.sink.name()) {
            Ok(sent) => Book { sent, ..Book::default() },
            Err(error) => return self.failed(&error),
        };
        let mut changes = self.board.changes();
        let mut forgot = Instant::now();
        while !self.stop.load(Ordering::Relaxed) {
            self.open(&mut book);
            if forgot.elapsed() >= FORGET_EVERY {
                forgot = Instant::now();
                self.forget(&mut book);
            }
            let batch = self.due(&mut book);
            if batch.is_empty() {
                let _ = tokio::time::timeout(LOOK_EVERY, changes.changed()).await;
            } else {
                self.deliver(&mut book, batch).await;
            }
        }
    }

    /// Notes what has changed.
    fn open(&self, book: &mut Book) {
        let (change, changed) = self.board.since(book.change);
        book.change = change;
        for (id, finding) in changed {
            if book.sent.get(&id).is_none_or(|sent| sent.count < finding.count) {
                book.open.insert(id, finding);
            }
        }
    }

    /// What is to be sent now, the earliest first. What is archived is not.
    fn due(&self, book: &mut Book) -> Vec<(String, Notice)> {
        let now = (self.now)();
        let every = i64::try_from(self.every.as_millis()).unwrap_or(i64::MAX);
        let scope = self.board.scope();
        // What is archived waits: it may be unarchived.
        let is_due = |id: &String, finding: &Finding| {
            book.sent.get(id).is_none_or(|sent| sent.at.saturating_add(every) <= now)
                && !self.known.verdict(&self.board, id, finding).is_archived()
        };
        let mut due: Vec<_> = book.open.iter().filter(|(id, finding)| is_due(id, finding)).collect();
        due.sort_by_key(|(id, finding)| (finding.first_seen, *id));
        let mut batch = Vec::new();
        for (id, finding) in due.into_iter().take(BATCH) {
            book.position = book.position.saturating_add(1);
            let what = if book.sent.contains_key(id) { What::Updated } else { What::New };
            let scope = ringwall_detect::output::Scope { now, ..scope.clone() };
            let finding = Finding::clone(finding);
            batch.push((id.clone(), Notice { finding, scope, what, position: book.position }));
        }
        batch
    }

    /// Delivers a batch, however often that has to be tried.
    async fn deliver(&self, book: &mut Book, mut batch: Vec<(String, Notice)>) {
        let mut failures = 0_u32;
        while !batch.is_empty() && !self.stop.load(Ordering::Relaxed) {
            let notices: Vec<Notice> = batch.iter().map(|(_, notice)| notice.clone()).collect();
            let delivered = self.sink.deliver(&notices).await;
            let (done, pause) = match &delivered {
                Ok(()) => (batch.len(), None),
                Err(failure) => {
                    failures = failures.saturating_add(1);
                    let again = &failure.again;
                    let pause = Backoff::default().delay(failures, again, random(book.position, failures));
                    tracing::warn!(
                        cluster = self.cluster, error = %failure, again_in = ?pause, "findings could not be delivered"
                    );
                    (failure.done, Some(pause))
                }
            };
            let done: Vec<_> = batch.drain(..done.min(batch.len())).collect();
            self.note(book, &done);
            if let Some(pause) = pause {
                self.pause(pause).await;
            }
        }
    }

    /// Keeps what was sent.
    fn note(&self, book: &mut Book, done: &[(String, Notice)]) {
        let at = (self.now)();
        let sent: Vec<(String, Sent)> =
            done.iter().map(|(id, notice)| (id.clone(), Sent { count: notice.finding.count, at })).collect();
        // What it can't keep is sent once more after a restart.
        if let Err(error) = self.keep.set_sent(self.sink.name(), &sent, &[]) {
            self.failed(&error);
        }
        for (id, sent) in sent {
            if book.open.get(&id).is_some_and(|finding| finding.count <= sent.count) {
                book.open.remove(&id);
            }
            book.sent.insert(id, sent);
        }
    }

    /// Forgets what was sent of findings that are gone.
    fn forget(&self, book: &mut Book) {
        let is_gone = |id: &&String| !self.board.holds(id);
        let gone: Vec<String> = book.sent.keys().filter(is_gone).cloned().collect();
        if let Err(error) = self.keep.set_sent(self.sink.name(), &[], &gone) {
            return self.failed(&error);
        }
        book.open.retain(|id, _| self.board.holds(id));
        book.sent.retain(|id, _| self.board.holds(id));
    }

    /// Waits, but not beyond the end of the process.
    async fn pause(&self, pause: Duration) {
        let mut left = pause;
        while !left.is_zero() && !self.stop.load(Ordering::Relaxed) {
            let step = left.min(LOOK_EVERY);
            tokio::time::sleep(step).await;
            left = left.saturating_sub(step);
        }
    }

    fn failed(&self, error: &KeepError) {
        let why = error_chain(error);
        tracing::error!(
            cluster = self.cluster,
            sink = self.sink.name(),
            error = why,
            "what was sent is not kept"
        );
    }
}

/// A number by which replicas come back at different times.
pub(crate) fn random(position: u64, failures: u32) -> u32 {
    use std::hash::{BuildHasher as _, RandomState};
    // The state is another in each process.
    u32::try_from(RandomState::new().hash_one((position, failures)) >> 32).unwrap_or_default()
}
