//! The thread that writes.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use crate::file::Change;
use crate::{Position, PushError, Room, Shared};

/// Bytes that are written in one step, unless one entry alone has more.
const STEP_BYTES: usize = 32 << 20;

/// What it is asked for.
#[derive(Debug)]
pub(crate) enum Job {
    /// To take an entry.
    Push { entry: Bytes, room: Room, answer: Answer },
    /// To give back all entries up to this one.
    Done(Position),
}

type Answer = oneshot::Sender<Result<Position, PushError>>;

/// Writes all that waits in one step, and answers once it is on the disk.
pub(crate) struct Writer {
    shared: Arc<Shared>,
    waiting: mpsc::Receiver<Job>,
    newest: Position,
}

impl Writer {
    pub(crate) fn new(shared: Arc<Shared>, waiting: mpsc::Receiver<Job>, newest: Position) -> Self {
        Self { shared, waiting, newest }
    }

    /// Until every [`crate::Spool`] is gone.
    pub(crate) fn run(mut self) {
        while let Some(first) = self.waiting.blocking_recv() {
            self.step(first);
        }
    }

    fn step(&mut self, first: Job) {
        let mut change = Change::default();
        let mut answers = Vec::new();
        let mut bytes = 0_usize;
        let mut next = Some(first);
        while let Some(job) = next {
            match job {
                Job::Push { entry, room, answer } => {
                    self.newest = self.newest.saturating_add(1);
                    bytes = bytes.saturating_add(entry.len());
                    change.entries.push((self.newest, entry));
                    answers.push((self.newest, room, answer));
                }
                Job::Done(position) => change.done = change.done.max(Some(position)),
            }
            next = (bytes < STEP_BYTES).then(|| self.waiting.try_recv().ok()).flatten();
        }
        match self.shared.file.change(&change) {
            Ok(gone) => {
                self.shared.bytes.fetch_sub(gone, Ordering::AcqRel);
                for (position, room, answer) in answers {
                    room.keep();
                    // Who asked may have gone away; the entry is there all the same.
                    let _ = answer.send(Ok(position));
                }
                self.shared.newest.send_if_modified(|newest| {
                    let is_newer = *newest < self.newest;
                    *newest = self.newest;
                    is_newer
                });
            }
            Err(error) => {
                tracing::error!(%error, "the spool can't be written");
                let failed = PushError::Failed(error.to_string().into());
                for (_, _, answer) in answers {
                    let _ = answer.send(Err(failed.clone()));
                }
            }
        }
    }
}
