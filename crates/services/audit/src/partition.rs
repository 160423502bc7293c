//! A cluster's events, looked at one after the other: what waits in the queue goes to the detector, and what that knows is kept
//! together with how far it came.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use ringwall_detect::finding::Place;
use ringwall_detect::{Counts, Detector, audit, cloudtrail};
use ringwall_logs::EntryKind;
use ringwall_model::error_chain;
use ringwall_spool::Position;
use tokio::runtime::Handle;

use crate::board::Board;
use crate::keep::{Keep, Positions};
use crate::metrics::{Cluster, Metrics};
use crate::piece::{self, Part};
use crate::queue::Queue;
use crate::unread::Unread;
use crate::{Error, Known};

/// Bytes of the queue that are read at once.
const READ: usize = 4 << 20;

/// Bytes after which it is committed in any case: what is read again after a crash.
const COMMIT_BYTES: u64 = 64 << 20;

/// How long what was looked at may wait for a commit, without anything to tell.
const COMMIT_EVERY: Duration = Duration::from_secs(10);

/// How long a finding waits for others to be committed with it.
const TELL_AFTER: Duration = Duration::from_millis(250);

/// How often it is looked whether the process ends, or settings changed.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// After a disk that failed.
const TRY_AGAIN: Duration = Duration::from_secs(5);

/// What a partition is made of.
pub(crate) struct Parts {
    pub(crate) cluster: String,
    pub(crate) queue: Arc<Queue>,
    pub(crate) keep: Arc<Keep>,
    pub(crate) board: Arc<Board>,
    pub(crate) known: Arc<Known>,
    pub(crate) metrics: Metrics,
    pub(crate) unread: Unread,
    /// Whether the process ends.
    pub(crate) stop: Arc<AtomicBool>,
}

/// The thread of a partition.
pub(crate) struct Partition {
    parts: Parts,
    detector: Detector,
    /// Which lists and filters the detector has.
    known: u64,
    at: Positions,
    /// The last commit, and what came since.
    committed: Instant,
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
    pub(crate) fn open(parts: Parts, handle: Handle) -> Result<Self, Error> {
        let state = parts.keep.state()?;
        let detector = match &state {
            Some(state) => Detector::from_state(state).map_err(|error| Error::State {
                cluster: parts.cluster.clone(),
                why: error.to_string(),
            })?,
            None => Detector::new(),
        };
        let at = parts.keep.positions()?;
        let told = detector.counts();
        let mut partition =
            Self { parts, detector, known: 0, at, committed: Instant::now(), bytes: 0, told, handle };
        partition.take_known();
        let all: Vec<_> = partition.detector.findings().into_iter().cloned().collect();
        partition.parts.board.put(all);
        Ok(partition)
    }

    /// Looks at events until the process ends.
    pub(crate) fn start(self) -> std::io::Result<thread::JoinHandle<()>> {
        let name = format!("audit-{}", self.parts.cluster);
        thread::Builder::new().name(name).spawn(move || self.run())
    }

    fn run(mut self) {
        while !self.parts.stop.load(Ordering::Relaxed) {
            self.take_known();
            if self.wait() {
                self.look();
            }
            if self.is_due()
                && let Err(error) = self.commit()
            {
                self.failed(&error);
            }
        }
        if self.bytes > 0
            && let Err(error) = self.commit()
        {
            self.failed(&error);
        }
    }

    /// Waits for events; whether there are some.
    fn wait(&self) -> bool {
        let comes = self.parts.queue.wait(self.at.looked);
        let waited = async { tokio::time::timeout(LOOK_EVERY, comes).await };
        self.handle.block_on(waited).is_ok()
    }

    fn look(&mut self) {
        let entries = match self.parts.queue.read(self.at.looked, READ) {
            Ok(entries) => entries,
            Err(error) => return self.failed(&error.into()),
        };
        for (position, entry) in entries {
            self.piece(&entry);
            self.at.looked = position;
            self.bytes = self.bytes.saturating_add(entry.len() as u64);
        }
        let label = Cluster { cluster: self.parts.cluster.clone() };
        let waits = i64::try_from(self.parts.queue.bytes()).unwrap_or(i64::MAX);
        self.parts.metrics.queue.get_or_create(&label).set(waits);
        self.count();
    }

    fn piece(&mut self, entry: &[u8]) {
        let Self { detector, parts, .. } = self;
        let read = piece::read(entry, &mut |file, part| look_at(detector, parts, file, part));
        if let Err(error) = read {
            tracing::error!(cluster = self.parts.cluster, %error, "it is left out");
            self.parts.metrics.event(&self.parts.cluster, "unreadable", 1);
            self.parts.unread.keep("queue", 1, &error.to_string(), entry);
        }
    }

    /// Whether what was looked at is to be kept now.
    fn is_due(&self) -> bool {
        let since = self.committed.elapsed();
        self.bytes > 0
            && (self.bytes >= COMMIT_BYTES
                || since >= COMMIT_EVERY
                || (since >= TELL_AFTER && self.detector.has_changed()))
    }

    fn commit(&mut self) -> Result<(), Error> {
        let changed = self.detector.take_changed();
        let state = self.detector.state();
        let in_lake = self.at.looked;
        let at = Positions { looked: self.at.looked, in_lake };
        if let Err(error) = self.parts.keep.commit(Some(&state), at) {
            // They are told with the next commit that succeeds.
            self.parts.board.put(changed);
            return Err(error.into());
        }
        self.at = at;
        self.handle.block_on(self.parts.queue.done(at.looked.min(at.in_lake)));
        (self.committed, self.bytes) = (Instant::now(), 0);
        self.parts.metrics.committed(&self.parts.cluster, "done");
        self.parts.board.put(changed);
        let label = Cluster { cluster: self.parts.cluster.clone() };
        let open = i64::try_from(self.parts.board.len()).unwrap_or(i64::MAX);
        self.parts.metrics.findings.get_or_create(&label).set(open);
        Ok(())
    }

    /// Takes lists that have changed.
    fn take_known(&mut self) {
        let (version, intel) = self.parts.known.intel();
        if version != self.known {
            self.detector.set_intel(intel);
            self.known = version;
        }
    }

    fn count(&mut self) {
        let counts = self.detector.counts();
        let cluster = &self.parts.cluster;
        let event = |outcome, now: u64, before: u64| {
            self.parts.metrics.event(cluster, outcome, now.saturating_sub(before));
        };
        event("judged", counts.judged, self.told.judged);
        event("repeated", counts.repeated, self.told.repeated);
        event("not_decided", counts.not_decided, self.told.not_decided);
        self.told = counts;
    }

    fn failed(&self, error: &Error) {
        let why = error_chain(error);
        tracing::error!(cluster = self.parts.cluster, error = why, "it is tried again");
        self.parts.metrics.committed(&self.parts.cluster, "failed");
        thread::sleep(TRY_AGAIN);
    }
}

/// Hands a text to the detector, and keeps it if it can't be read.
fn look_at(detector: &mut Detector, parts: &mut Parts, file: &Arc<str>, part: Part<'_>) {
    let text = String::from_utf8_lossy(part.text);
    let mut place = Place { file: Arc::clone(file), line: part.line };
    let held = match part.kind {
        EntryKind::Audit => {
            // Of a batch, which has no lines, the number of the event.
            let mut number = part.line;
            audit::read(&text, &mut |event| {
                place.line = number;
                number = number.saturating_add(1);
                detector.audit(event, &place);
            })
            .map(|held| (held.cut, held.others))
            .map_err(|error| error.to_string())
        }
        EntryKind::CloudTrail => cloudtrail::read(&text, &mut |record| detector.cloudtrail(record, &place))
            .map(|held| (held.cut, 0))
            .map_err(|error| error.to_string()),
    };
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

/// The path of a cluster's file.
pub(crate) fn path(folder: &Path, cluster: &str, name: &str) -> std::path::PathBuf {
    folder.join(cluster).join(name)
}

/// Where the queue ended for both who read it.
pub(crate) fn done(at: Positions) -> Position {
    at.looked.min(at.in_lake)
}
