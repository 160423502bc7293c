use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::TrailError;
use crate::writer::Entry;

/// Bytes that may wait to be written. Beyond it whoever appends waits: memory is bounded and nothing is dropped.
pub(crate) const QUEUE_BYTES: u32 = 32 << 20;

/// What a record costs the queue beside its bytes: the allocations that hold it.
pub(crate) const RECORD_COST: u32 = 256;

/// How long an append waits for room before it fails: clients give up after a minute, and a call that holds its
/// connection until then takes others' places.
pub(crate) const MAX_WAIT: Duration = Duration::from_secs(5);

/// A queue with that many bytes is written without waiting for more.
pub(crate) const BATCH_BYTES: usize = 4 << 20;

/// Who is told when everything is written.
pub(crate) type Closing = oneshot::Sender<Result<(), TrailError>>;

/// What waits for the writer.
///
/// The writer is woken for the first record of a batch, for one that somebody waits for, and for a batch that is full:
/// a thread that is woken for each record costs more than all that the record itself does.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    entries: Vec<Entry>,
    bytes: usize,
    /// Whether the entries are not to wait for more.
    urgent: bool,
    /// No entry comes any more.
    closed: bool,
    closing: Option<Closing>,
}

/// What the writer gets.
pub(crate) struct Taken {
    pub(crate) entries: Vec<Entry>,
    /// Whether these are the last.
    pub(crate) last: bool,
    /// Who closed the queue and waits for the end.
    pub(crate) closing: Option<Closing>,
}

impl Queue {
    /// Puts an entry behind the others.
    pub(crate) fn push(&self, entry: Entry) -> Result<(), TrailError> {
        let mut waiting = self.waiting();
        if waiting.closed {
            return Err(TrailError::Closed);
        }
        waiting.bytes += entry.line.len();
        let was_urgent = waiting.urgent;
        waiting.urgent |= entry.waiter.is_some() || waiting.bytes >= BATCH_BYTES;
        let wake = waiting.entries.is_empty() || (waiting.urgent && !was_urgent);
        waiting.entries.push(entry);
        drop(waiting);
        if wake {
            self.changed.notify_one();
        }
        Ok(())
    }

    /// Lets nothing in any more, and has the writer end. False if that was asked before.
    pub(crate) fn close(&self, closing: Option<Closing>) -> bool {
        let mut waiting = self.waiting();
        if waiting.closed {
            return false;
        }
        waiting.closed = true;
        waiting.closing = closing;
        drop(waiting);
        self.changed.notify_one();
        true
    }

    /// Waits for entries until then, or for ever; and if none of them is urgent, leaves them for at most `gather`, to take
    /// more at once.
    pub(crate) fn take(&self, until: Option<Instant>, gather: Duration) -> Taken {
        let mut waiting = self.waiting();
        let mut until = until;
        let mut gathering = false;
        while !waiting.urgent && !waiting.closed {
            if !gathering && !waiting.entries.is_empty() {
                gathering = true;
                let gathered = Instant::now() + gather;
                until = Some(until.map_or(gathered, |until| until.min(gathered)));
            }
            let Some(until) = until else {
                waiting = self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            (waiting, _) = self.changed.wait_timeout(waiting, left).unwrap_or_else(PoisonError::into_inner);
        }
        (waiting.bytes, waiting.urgent) = (0, false);
        Taken {
            entries: std::mem::take(&mut waiting.entries),
            last: waiting.closed,
            closing: waiting.closing.take(),
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
