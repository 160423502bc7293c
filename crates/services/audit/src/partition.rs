//! A cluster's events, looked at one after the other: what waits in the queue goes to the detector, and what that knows is kept
//! together with how far it came.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use ringwall_detect::finding::Place;
use ringwall_detect::output::{self, Scope};
use ringwall_detect::{Counts, audit, cloudtrail};
use ringwall_lake::{Location, Row};
use ringwall_logs::EntryKind;
use ringwall_model::error_chain;
use ringwall_spool::Position;
use tokio::runtime::Handle;

use crate::board::Board;
use crate::hold::Hold;
use crate::in_lake::InLake;
use crate::keep::Positions;
use crate::metrics::{Cluster, Metrics};
use crate::piece::{self, Part};
use crate::queue::Queue;
use crate::service::Now;
use crate::unread::Unread;
use crate::watcher::Watcher;
use crate::{Error, Known};

/// Bytes of the queue that are read at once.
const READ: usize = 4 << 20;

/// Bytes after which it is committed in any case: what is read again after a crash.
const COMMIT_BYTES: u64 = 64 << 20;

/// How long what was looked at may wait for a commit, without anything to tell.
const COMMIT_EVERY: Duration = Duration::from_secs(10);

/// How long a finding waits for others to be committed with it, at least.
const TELL_AFTER: Duration = Duration::from_millis(250);

/// How many times as long as a commit takes it is until the next, so that a large state takes a small part of the time.
const PAUSE_TIMES: u32 = 20;

/// How often it is looked whether the process ends, or settings changed.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// How long a finding is kept after it was seen last, in milliseconds.
/// Source: Amazon GuardDuty User Guide, "Understanding and generating GuardDuty findings": 90 days.
const KEPT: i64 = 90 * 86_400_000;

/// How often it is looked whether some are older.
const CLOSE_EVERY: Duration = Duration::from_secs(3600);

/// After a disk that failed.
const TRY_AGAIN: Duration = Duration::from_secs(5);

/// What a partition is made of.
pub(crate) struct Parts {
    pub(crate) cluster: String,
    pub(crate) queue: Queue,
    pub(crate) board: Arc<Board>,
    pub(crate) known: Arc<Known>,
    pub(crate) metrics: Metrics,
    pub(crate) unread: Unread,
    pub(crate) now: Now,
    /// The lake, if there is one.
    pub(crate) lake: Option<Location>,
    /// Whether this is to end.
    pub(crate) stop: Arc<AtomicBool>,
}

/// The thread of a partition.
pub(crate) struct Partition {
    parts: Parts,
    hold: Hold,
    watcher: Watcher,
    lake: Option<InLake>,
    at: Positions,
    /// The last commit, and what came since.
    committed: Instant,
    /// How long that took.
    took: Duration,
    closed: Instant,
    bytes: u64,
    told: Counts,
    handle: Handle,
}

impl Partition {
    /// Takes up what was kept.
    ///
    /// # Errors
    ///
    /// What was kept can't be read.
    pub(crate) async fn open(parts: Parts, hold: Hold) -> Result<Self, Error> {
        let (state, at) = hold.state().await?;
        let guides =
            parts.known.guides(0).ok_or_else(|| Error::Setting("nothing is known yet".to_owned()))?;
        let watcher = Watcher::open(&parts.cluster, state.as_deref(), guides)?;
        let told = watcher.counts();
        let scope = Scope { now: (parts.now)(), ..parts.board.scope().clone() };
        let lake = match &parts.lake {
            Some(location) => Some(InLake::open(location.clone(), scope, at).await?),
            None => None,
        };
        let (handle, now) = (Handle::current(), Instant::now());
        let partition = Self {
            parts,
            hold,
            watcher,
            lake,
            at,
            committed: now,
            took: Duration::ZERO,
            closed: now,
            bytes: 0,
            told,
            handle,
        };
        let all = partition.watcher.findings().into_iter().cloned().collect();
        partition.parts.board.put(all);
        Ok(partition)
    }

    /// Looks at events until the process ends.
    pub(crate) fn start(self) -> std::io::Result<thread::JoinHandle<()>> {
        let name = format!("audit-{}", self.parts.cluster);
        thread::Builder::new().name(name).spawn(move || self.run())
    }

    fn run(mut self) {
        let ended = self.until_stopped();
        let Self { hold, parts, handle, .. } = self;
        let cluster = parts.cluster;
        match ended {
            Ok(()) => {
                if let Err(error) = handle.block_on(hold.release()) {
                    tracing::warn!(
                        cluster,
                        error = error_chain(&error),
                        "the cluster is free when this is gone"
                    );
                }
            }
            Err(error) => {
                tracing::warn!(
                    cluster,
                    error = error_chain(&error),
                    "the cluster is given up; it may be taken again"
                );
            }
        }
    }

    /// An error ends it where it can't know what is kept.
    fn until_stopped(&mut self) -> Result<(), Error> {
        while !self.parts.stop.load(Ordering::Relaxed) {
            match self.wait() {
                Ok(true) => self.look()?,
                Ok(false) => {}
                Err(error) => self.failed(error)?,
            }
            if self.lake.as_ref().is_some_and(InLake::is_due) {
                self.flush();
            }
            if self.is_due()
                && let Err(error) = self.commit()
            {
                self.failed(error)?;
            }
        }
        self.flush();
        self.commit()
    }

    /// Waits for events; whether there are some.
    fn wait(&mut self) -> Result<bool, Error> {
        if self.lake_lags() {
            return Ok(true);
        }
        let comes = self.hold.wait(self.at.looked);
        let waited = async { tokio::time::timeout(LOOK_EVERY, comes).await };
        match self.handle.block_on(waited) {
            Ok(come) => come.map(|()| true),
            Err(_) => Ok(false),
        }
    }

    /// Whether the lake has to be given what was looked at already.
    fn lake_lags(&self) -> bool {
        self.lake.as_ref().is_some_and(|lake| lake.is_open() && lake.read() < self.at.looked)
    }

    fn look(&mut self) -> Result<(), Error> {
        self.take_known();
        let lags = self.lake_lags();
        let after = self.lake.as_ref().filter(|_| lags).map_or(self.at.looked, InLake::read);
        let entries = match self.handle.block_on(self.hold.read(after, READ)) {
            Ok(entries) => entries,
            Err(error) => return self.failed(error),
        };
        if let Some(lake) = &mut self.lake {
            lake.set_now((self.parts.now)());
        }
        for (position, entry) in entries {
            self.piece(position, &entry);
            if self.lake.as_ref().is_some_and(InLake::is_due) {
                self.flush();
            }
        }
        let label = Cluster { cluster: self.parts.cluster.clone() };
        let waits = i64::try_from(self.parts.queue.bytes()).unwrap_or(i64::MAX);
        self.parts.metrics.queue.get_or_create(&label).set(waits);
        self.count();
        Ok(())
    }

    /// Looks at an entry of the queue, or takes it for the lake alone if it was looked at.
    fn piece(&mut self, position: Position, entry: &[u8]) {
        let is_new = position > self.at.looked;
        let Self { watcher, lake, parts, .. } = self;
        let mut look = Look {
            watcher: is_new.then_some(watcher),
            lake: lake.as_ref().filter(|lake| lake.is_open_at(position)),
            rows: Vec::new(),
            parts,
        };
        let read = piece::read(entry, &mut |file, part| look.part(file, part));
        let rows = look.rows;
        if let (Err(error), true) = (read, is_new) {
            tracing::error!(cluster = self.parts.cluster, %error, "it is left out");
            self.parts.metrics.event(&self.parts.cluster, "unreadable", 1);
            self.parts.unread.keep("queue", 1, &error.to_string(), entry);
        }
        if let Some(lake) = self.lake.as_mut().filter(|lake| lake.is_open_at(position)) {
            lake.take(position, rows);
        }
        if is_new {
            self.at.looked = position;
            self.bytes = self.bytes.saturating_add(entry.len() as u64);
        }
    }

    /// Writes into the lake what it was given.
    fn flush(&mut self) {
        if let Some(lake) = &mut self.lake {
            self.handle.block_on(lake.flush(&self.watcher.findings()));
        }
    }

    /// Whether what was looked at is to be kept now.
    fn is_due(&self) -> bool {
        let since = self.committed.elapsed();
        let in_lake = self.lake.as_ref().map_or(self.at.in_lake, InLake::written);
        (self.bytes > 0 || in_lake > self.at.in_lake)
            && since >= self.took.saturating_mul(PAUSE_TIMES)
            && (self.bytes >= COMMIT_BYTES
                || since >= COMMIT_EVERY
                || (since >= TELL_AFTER && self.watcher.has_changed()))
    }

    fn commit(&mut self) -> Result<(), Error> {
        let begun = Instant::now();
        let changed = self.watcher.take_changed();
        self.close_old();
        let state = self.watcher.state()?;
        if let Some(lake) = &mut self.lake {
            lake.findings(&changed);
        }
        let in_lake = self.lake.as_ref().map_or(self.at.looked, InLake::written);
        let at = Positions { looked: self.at.looked, in_lake };
        let scope = self.parts.board.scope();
        let committed = self.handle.block_on(self.hold.commit(&state, at, &changed, scope));
        // What could not be kept is told all the same: it happened, and is the same when it is found again.
        self.parts.board.put(changed);
        committed?;
        self.at = at;
        (self.committed, self.took, self.bytes) = (Instant::now(), begun.elapsed(), 0);
        self.parts.metrics.committed(&self.parts.cluster, "done");
        let label = Cluster { cluster: self.parts.cluster.clone() };
        let open = i64::try_from(self.parts.board.len()).unwrap_or(i64::MAX);
        self.parts.metrics.findings.get_or_create(&label).set(open);
        Ok(())
    }

    /// Forgets findings that were not seen for long; what comes again is a new one.
    fn close_old(&mut self) {
        if self.closed.elapsed() < CLOSE_EVERY {
            return;
        }
        self.closed = Instant::now();
        let before = (self.parts.now)().saturating_sub(KEPT);
        if self.watcher.close_before(before) > 0 {
            let scope = self.parts.board.scope();
            let open = self.watcher.findings().into_iter().map(|finding| output::id(finding, scope));
            self.parts.board.retain(&open.collect());
        }
    }

    /// Takes lists and rules that have changed.
    fn take_known(&mut self) {
        if let Some(guides) = self.parts.known.guides(self.watcher.version()) {
            self.watcher.follow(guides);
        }
    }

    fn count(&mut self) {
        let counts = self.watcher.counts();
        let cluster = &self.parts.cluster;
        let event = |outcome, now: u64, before: u64| {
            self.parts.metrics.event(cluster, outcome, now.saturating_sub(before));
        };
        event("judged", counts.judged, self.told.judged);
        event("repeated", counts.repeated, self.told.repeated);
        event("not_decided", counts.not_decided, self.told.not_decided);
        self.told = counts;
    }

    /// Waits before it is tried again; an error if that can't help.
    fn failed(&self, error: Error) -> Result<(), Error> {
        self.parts.metrics.committed(&self.parts.cluster, "failed");
        if matches!(self.hold, Hold::Lease(_)) {
            // Another replica may have the cluster, or what was kept is not known: it begins anew with what is.
            return Err(error);
        }
        tracing::error!(cluster = self.parts.cluster, error = error_chain(&error), "it is tried again");
        thread::sleep(TRY_AGAIN);
        Ok(())
    }
}

/// What looks at the texts of an entry.
struct Look<'l> {
    /// Nobody, if they were looked at before.
    watcher: Option<&'l mut Watcher>,
    /// What makes rows of them.
    lake: Option<&'l InLake>,
    rows: Vec<Row>,
    parts: &'l mut Parts,
}

impl Look<'_> {
    /// Hands a text over, and keeps it if it can't be read.
    fn part(&mut self, file: &Arc<str>, part: Part<'_>) {
        let text = String::from_utf8_lossy(part.text);
        let mut place = Place { file: Arc::clone(file), line: part.line };
        let Self { watcher, lake, rows, parts } = self;
        let held = match part.kind {
            EntryKind::Audit => {
                // Of a batch, which has no lines, the number of the event.
                let mut number = part.line;
                audit::read_with_json(&text, &mut |event, json| {
                    place.line = number;
                    number = number.saturating_add(1);
                    let is_new = watcher.as_mut().is_none_or(|watcher| watcher.audit(event, json, &place));
                    rows.extend(lake.filter(|_| is_new).and_then(|lake| lake.audit(event)));
                })
                .map(|held| (held.cut, held.others))
                .map_err(|error| error.to_string())
            }
            EntryKind::CloudTrail => cloudtrail::read_with_json(&text, &mut |record, json| {
                let is_new = watcher.as_mut().is_none_or(|watcher| watcher.cloudtrail(record, json, &place));
                rows.extend(lake.filter(|_| is_new).map(|lake| lake.cloudtrail(record)));
            })
            .map(|held| (held.cut, 0))
            .map_err(|error| error.to_string()),
        };
        if watcher.is_none() {
            return;
        }
        match held {
            Ok((cut, others)) => {
                parts.metrics.event(&parts.cluster, "cut", u64::from(cut));
                parts.metrics.event(&parts.cluster, "other", others);
                if cut || others > 0 {
                    parts.unread.keep(file, part.line, "some of it could not be read", part.text);
                }
            }
            Err(why) => {
                parts.metrics.event(&parts.cluster, "unreadable", 1);
                parts.unread.keep(file, part.line, &why, part.text);
            }
        }
    }
}
