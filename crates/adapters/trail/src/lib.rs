//! CloudTrail records: their form, and the files that they are kept in.
//!
//! A [`Record`] has CloudTrail's own fields. A [`Trail`] keeps records as JSON lines, in the folders in which CloudTrail
//! keeps its files in S3, so that what reads those (and `jq`) reads these:
//!
//! ```text
//! AWSLogs/111122223333/CloudTrail/eu-central-1/2026/11/27/events.jsonl
//! ```
//!
//! `docs/reference/trail.md` has the format for readers. What holds:
//!
//! - [`Trail::append_durable`] returns after an `fsync` of the file, and of each folder on the way if the file is newly
//!   opened. Many callers share one (group commit).
//! - [`Trail::append`] returns when the record is queued; it is on disk within [`SYNC_INTERVAL`]. When the queue is full,
//!   it waits: nothing is dropped.
//! - A file that can't be written is told to everyone who waits for it. What was accepted stays in memory, and is written
//!   when the file can be.
//! - A file has whole lines only. What a crash left of a record is moved aside when the file is opened next.
//!
//! ```
//! use ringwall_trail::Trail;
//!
//! # let folder = tempfile::tempdir()?;
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! let trail = Trail::open(folder.path())?;
//! # let record = serde_json::from_str(include_str!("../tests/record.json"))?;
//! trail.append_durable(&record).await?;
//! trail.close().await?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod files;
mod identity;
mod queue;
mod record;
mod time;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::thread;

use tokio::sync::{Semaphore, oneshot};

pub use self::error::TrailError;
pub use self::identity::{
    IdentityType, SessionAttributes, SessionContext, SessionIssuer, UserIdentity, WebIdFederationData,
};
pub use self::record::{
    EVENT_VERSION, EventCategory, EventType, MAX_ADDITIONAL_BYTES, MAX_ELEMENTS_BYTES, MAX_RECORD_BYTES,
    MAX_TEXT_BYTES, Record, Resource, TlsDetails,
};
pub use self::time::EventTime;
pub use self::writer::SYNC_INTERVAL;

use self::files::Files;
use self::queue::{MAX_WAIT, QUEUE_BYTES, Queue, RECORD_COST};
use self::writer::{Entry, Writer};

/// A handle on the trail; clones share it.
///
/// When the last one is dropped, the writer writes what is queued and ends by itself; only [`Trail::close`] waits for
/// that.
#[derive(Debug, Clone)]
pub struct Trail(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    queue: Arc<Queue>,
    room: Arc<Semaphore>,
    counters: Arc<Counters>,
}

/// What the trail has done since it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Records that are on disk.
    pub written: u64,
    /// Bytes that wait to be written, with what they cost beside.
    pub queued_bytes: u64,
    /// Attempts to write a file that failed.
    pub failed_writes: u64,
    /// Records that were not taken because the queue stayed full.
    pub refused: u64,
    /// Half records that a crash left, found and moved aside.
    pub torn: u64,
    /// Whether the last attempt failed for some file.
    pub failing: bool,
}

#[derive(Debug, Default)]
struct Counters {
    written: AtomicU64,
    failed_writes: AtomicU64,
    refused: AtomicU64,
    torn: AtomicU64,
    failing: AtomicBool,
}

impl Trail {
    /// Opens the trail in a folder, which is made (0700) if it is not there, and starts its writer.
    ///
    /// # Errors
    ///
    /// The folder can't be used, or another process writes there.
    pub fn open(folder: &Path) -> Result<Self, TrailError> {
        let files = Files::open(folder)?;
        let counters = Arc::new(Counters::default());
        let queue = Arc::new(Queue::default());
        let writer = Writer::new(files, Arc::clone(&counters));
        let entries = Arc::clone(&queue);
        thread::Builder::new()
            .name("trail".to_owned())
            .spawn(move || writer.run(&entries))
            .map_err(|error| TrailError::Start(Arc::new(error)))?;
        let room = Arc::new(Semaphore::new(QUEUE_BYTES as usize));
        Ok(Self(Arc::new(Shared { queue, room, counters })))
    }

    /// Takes a record, to be on disk within [`SYNC_INTERVAL`]. Waits while the queue is full.
    ///
    /// # Errors
    ///
    /// The record can't be written as such, the queue stayed full for seconds, or the trail is closed. The record is
    /// then not in the trail.
    pub async fn append(&self, record: &Record) -> Result<(), TrailError> {
        self.queue(record, None).await
    }

    /// Takes a record and returns when it is on disk.
    ///
    /// # Errors
    ///
    /// As [`Trail::append`]; or the file can't be written, [`TrailError::Write`]: the record is then not known to be
    /// durable, but stays queued and is written as soon as it can be, so that a call that was refused for this reason
    /// but did something is in the trail in the end.
    pub async fn append_durable(&self, record: &Record) -> Result<(), TrailError> {
        let (sender, receiver) = oneshot::channel();
        self.queue(record, Some(sender)).await?;
        receiver.await.unwrap_or(Err(TrailError::Closed))
    }

    /// Writes all that was appended before, and ends the writer; later appends fail.
    ///
    /// # Errors
    ///
    /// Something could not be written, and is lost.
    pub async fn close(&self) -> Result<(), TrailError> {
        let (sender, receiver) = oneshot::channel();
        if !self.0.queue.close(Some(sender)) {
            return Err(TrailError::Closed);
        }
        receiver.await.unwrap_or(Err(TrailError::Closed))
    }

    /// What it has done so far.
    pub fn stats(&self) -> Stats {
        let Shared { room, counters, .. } = &*self.0;
        Stats {
            written: counters.written.load(Relaxed),
            queued_bytes: (QUEUE_BYTES as usize).saturating_sub(room.available_permits()) as u64,
            failed_writes: counters.failed_writes.load(Relaxed),
            refused: counters.refused.load(Relaxed),
            torn: counters.torn.load(Relaxed),
            failing: counters.failing.load(Relaxed),
        }
    }

    async fn queue(
        &self,
        record: &Record,
        waiter: Option<oneshot::Sender<Result<(), TrailError>>>,
    ) -> Result<(), TrailError> {
        let line = record.line()?;
        let cost = u32::try_from(line.len()).unwrap_or(QUEUE_BYTES).saturating_add(RECORD_COST);
        let room = tokio::time::timeout(MAX_WAIT, Arc::clone(&self.0.room).acquire_many_owned(cost)).await;
        let Ok(room) = room else {
            self.0.counters.refused.fetch_add(1, Relaxed);
            return Err(TrailError::Full);
        };
        let room = room.map_err(|_| TrailError::Closed)?;
        self.0.queue.push(Entry { name: file_name(record), line, waiter, room })
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // The writer may have ended before, when it was closed.
        let _ = self.queue.close(None);
    }
}

/// The file of a record, relative to the trail's folder: CloudTrail's own folders in S3.
///
/// Source: AWS, *CloudTrail User Guide*, "Finding your CloudTrail log files".
fn file_name(record: &Record) -> PathBuf {
    let Record { recipient_account_id: account, aws_region: region, .. } = record;
    let day = record.event_time.day().strftime("%Y/%m/%d");
    PathBuf::from(format!("AWSLogs/{account}/CloudTrail/{region}/{day}/events.jsonl"))
}
