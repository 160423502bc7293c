//! A queue on disk between who sends events and who looks at them.
//!
//! kube-apiserver keeps few events and drops what nobody takes in time, so they are taken at once and looked at later. Taken means:
//! on the disk, also after a power cut ([`Spool::push`] returns after the data has been synced). What was dealt with is given back
//! ([`Spool::done`]); what was not is read again after a restart, so each entry is read once or more often.
//!
//! It is bounded: a full one takes nothing more and says so ([`PushError::Full`]), so that the sender can try again or count the
//! loss; nothing that was taken is ever thrown away for something newer.
//!
//! The entries are in one file of redb. Entries that come at the same time are synced together.

mod error;
mod file;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot, watch};

pub use error::{PushError, SpoolError};
use file::File;
use writer::{Job, Writer};

/// Entries on their way to the disk; whoever comes then waits. Those that wait are in memory.
const WAITING: usize = 64;

/// Longest entry: a batch of the audit webhook has up to 10 MiB.
/// Source: Kubernetes v1.37, kube-apiserver, `--audit-webhook-truncate-max-batch-size`.
pub const MAX_ENTRY: usize = 16 << 20;

/// Where an entry is; later entries have greater ones. The first is 1.
pub type Position = u64;

/// A queue on disk. Clones are the same queue.
#[derive(Clone, Debug)]
pub struct Spool {
    jobs: mpsc::Sender<Job>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    file: File,
    max_bytes: u64,
    /// Bytes of the entries that are there, and of those on their way.
    bytes: AtomicU64,
    /// The position of the newest entry on the disk.
    newest: watch::Sender<Position>,
}

impl Spool {
    /// Opens a queue, or makes one that is empty. Only one process can have it open.
    ///
    /// `max_bytes` is the most that its entries have together; the file has up to about twice as much.
    ///
    /// # Errors
    ///
    /// [`SpoolError`]: it can't be opened.
    pub fn open(path: &Path, max_bytes: u64) -> Result<Self, SpoolError> {
        let file = File::open(path)?;
        let held = file.held().map_err(|error| SpoolError::new(path, error))?;
        let (newest, _) = watch::channel(held.newest);
        let shared = Arc::new(Shared { file, max_bytes, bytes: AtomicU64::new(held.bytes), newest });
        let (jobs, waiting) = mpsc::channel(WAITING);
        let writer = Writer::new(Arc::clone(&shared), waiting, held.newest);
        thread::Builder::new()
            .name("spool".to_owned())
            .spawn(move || writer.run())
            .map_err(|error| SpoolError::new(path, error))?;
        Ok(Self { jobs, shared })
    }

    /// Takes an entry. It is on the disk when this returns.
    ///
    /// # Errors
    ///
    /// [`PushError`]: it was not taken.
    pub async fn push(&self, entry: Bytes) -> Result<Position, PushError> {
        if entry.len() > MAX_ENTRY {
            return Err(PushError::TooLong(entry.len()));
        }
        let room = Room::take(&self.shared, entry.len() as u64)?;
        let (answer, answered) = oneshot::channel();
        let job = Job::Push { entry, room, answer };
        self.jobs.send(job).await.map_err(|_| PushError::stopped())?;
        answered.await.unwrap_or_else(|_| Err(PushError::stopped()))
    }

    /// The entries after a position, the oldest first: at least one if there is one, and no more than have so many bytes.
    ///
    /// # Errors
    ///
    /// [`SpoolError`]: they can't be read.
    pub fn read(&self, after: Position, most: usize) -> Result<Vec<(Position, Bytes)>, SpoolError> {
        self.shared.file.read(after, most)
    }

    /// Waits until there is an entry after a position.
    pub async fn wait(&self, after: Position) {
        let mut newest = self.shared.newest.subscribe();
        // The sender lives as long as this does.
        let _ = newest.wait_for(|newest| *newest > after).await;
    }

    /// Gives back all entries up to a position: they are not read again.
    ///
    /// It need not be on the disk when this returns; after a power cut some may be read again.
    pub async fn done(&self, position: Position) {
        if self.jobs.send(Job::Done(position)).await.is_err() {
            tracing::warn!("the spool's writer has ended; entries that are done will be read again");
        }
    }

    /// Bytes of the entries that are there, and of those on their way.
    pub fn bytes(&self) -> u64 {
        self.shared.bytes.load(Ordering::Relaxed)
    }
}

/// A part of the room of a queue, given back unless it is used.
#[derive(Debug)]
struct Room {
    shared: Arc<Shared>,
    bytes: u64,
}

impl Room {
    fn take(shared: &Arc<Shared>, bytes: u64) -> Result<Self, PushError> {
        let fits = |held: u64| held.checked_add(bytes).filter(|sum| *sum <= shared.max_bytes);
        match shared.bytes.fetch_update(Ordering::AcqRel, Ordering::Acquire, fits) {
            Ok(_) => Ok(Self { shared: Arc::clone(shared), bytes }),
            Err(held) => Err(PushError::Full { held, max: shared.max_bytes }),
        }
    }

    /// The entry is there, and with it what it takes.
    fn keep(mut self) {
        self.bytes = 0;
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.shared.bytes.fetch_sub(self.bytes, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests;
