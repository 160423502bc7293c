use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::{Duration, Instant};

use ringwall_model::error_chain;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::files::{Files, Torn};
use crate::queue::{Queue, Taken};
use crate::{Counters, TrailError};

/// How long a record that nobody waits for may be in memory alone.
pub const SYNC_INTERVAL: Duration = Duration::from_millis(200);

/// How long the writer waits after a failure before it tries again: soon enough that who waits hears within a
/// request's time, seldom enough that a full disk is not hammered.
const RETRY_AFTER: Duration = Duration::from_millis(250);

/// The least time from the beginning of one write to that of the next. An fsync costs as much for one record as for
/// hundreds: under load it is better made for many, and who comes alone does not wait.
const BETWEEN_WRITES: Duration = Duration::from_millis(1);

/// One record on its way.
#[derive(Debug)]
pub(crate) struct Entry {
    /// The file, relative to the trail's folder.
    pub(crate) name: PathBuf,
    /// The record with its line end.
    pub(crate) line: Vec<u8>,
    /// Who waits until it is on disk.
    pub(crate) waiter: Option<oneshot::Sender<Result<(), TrailError>>>,
    /// The room in the queue that it takes up.
    pub(crate) room: OwnedSemaphorePermit,
}

/// What is to be written to one file.
#[derive(Default)]
struct Pending {
    lines: Vec<u8>,
    records: u64,
    waiters: Vec<oneshot::Sender<Result<(), TrailError>>>,
    rooms: Vec<OwnedSemaphorePermit>,
}

pub(crate) struct Writer {
    files: Files,
    counters: Arc<Counters>,
    pending: BTreeMap<PathBuf, Pending>,
    /// Not before: after a failure.
    rest: Option<Instant>,
}

impl Writer {
    pub(crate) fn new(files: Files, counters: Arc<Counters>) -> Self {
        Self { files, counters, pending: BTreeMap::new(), rest: None }
    }

    /// Writes what comes until the trail is closed or its last handle dropped.
    pub(crate) fn run(mut self, queue: &Queue) {
        loop {
            // After a failure what is pending is tried again, with what has come meanwhile.
            let Taken { entries, last, closing } = queue.take(self.rest, SYNC_INTERVAL);
            for entry in entries {
                self.take(entry);
            }
            if last {
                let outcome = self.flush();
                // The folder is free for another trail before anyone hears that this one is closed.
                drop(self);
                if let Some(closing) = closing {
                    let _ = closing.send(outcome);
                }
                return;
            }
            let begun = Instant::now();
            if self.rest.is_none_or(|rest| rest <= begun) {
                let _ = self.flush();
                thread::sleep(BETWEEN_WRITES.saturating_sub(begun.elapsed()));
            }
        }
    }

    fn take(&mut self, entry: Entry) {
        let pending = self.pending.entry(entry.name).or_default();
        pending.lines.extend_from_slice(&entry.line);
        pending.records += 1;
        pending.waiters.extend(entry.waiter);
        pending.rooms.push(entry.room);
    }

    /// Writes everything that is pending, file by file. What fails stays pending; who waited for it is told.
    fn flush(&mut self) -> Result<(), TrailError> {
        let mut outcome = Ok(());
        let mut failed = BTreeMap::new();
        let mut told = Vec::new();
        for (name, mut pending) in std::mem::take(&mut self.pending) {
            let waiters = std::mem::take(&mut pending.waiters);
            let result = self.write(&name, &pending);
            match &result {
                Ok(()) => drop(pending),
                Err(error) => {
                    tracing::error!(file = %name.display(), error = &*error_chain(error), "the trail can't be written");
                    outcome = Err(error.clone());
                    failed.insert(name, pending);
                }
            }
            told.push((waiters, result));
        }
        self.pending = failed;
        self.counters.failing.store(outcome.is_err(), Relaxed);
        self.rest = outcome.is_err().then(|| Instant::now() + RETRY_AFTER);
        // Last, so that whoever is told finds the counters as they are.
        for (waiters, result) in told {
            for waiter in waiters {
                // Whoever waited may have gone; the record stays.
                let _ = waiter.send(result.clone());
            }
        }
        outcome
    }

    fn write(&mut self, name: &Path, pending: &Pending) -> Result<(), TrailError> {
        let counters = &self.counters;
        let mut torn = |torn: Torn| {
            counters.torn.fetch_add(1, Relaxed);
            tracing::warn!(
                file = %torn.path.display(),
                aside = %torn.aside.display(),
                bytes = torn.bytes,
                "the last record was cut off by a crash and is moved aside"
            );
        };
        let outcome = self.files.append(name, &pending.lines, &mut torn);
        match outcome {
            Ok(()) => self.counters.written.fetch_add(pending.records, Relaxed),
            Err(_) => self.counters.failed_writes.fetch_add(1, Relaxed),
        };
        outcome
    }
}
