//! Writing: what a call found is what it changes, or it looks again.

use std::pin::Pin;

use ringwall_store::{Batch, Expect, StoreError};

use crate::authorize::Answer;
use crate::call::Call;
use crate::error::{ApiError, Result};

/// How often a call is tried again when another wrote in between. Each time, one of those who want the same succeeds.
const MAX_TRIES: usize = 64;

/// What is kept of an account and region as a whole is under this name.
const NAME: &str = "turn";

/// One go at a call: the answer, or `None` if another wrote in between.
pub(super) type Attempt<'f> = Pin<Box<dyn Future<Output = Result<Option<Answer>>> + Send + 'f>>;

/// Tries until no other has written in between. Each attempt reads anew, and is authorized anew by what it reads.
pub(super) async fn settle<'f>(call: &Call<'_>, attempt: impl Fn() -> Attempt<'f>) -> Result<Answer> {
    for _ in 0..MAX_TRIES {
        if let Some(answer) = attempt().await? {
            return Ok(answer);
        }
        // The other may be of another process, of which the tables' memory does not know yet.
        call.shared.store.refresh().await?;
    }
    // Source: AWS EC2 API Reference, *Error codes*, "Server error codes": clients try this again by themselves.
    Err(ApiError::new("Unavailable", "Too many calls change the same resource; try again").status(503))
}

/// Makes a batch, unless another wrote in between.
pub(super) async fn commit(call: &Call<'_>, batch: Batch) -> Result<bool> {
    match call.shared.store.commit(batch).await {
        Ok(_) => Ok(true),
        Err(StoreError::Conflict(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// The turn of a call that changes which VPCs and groups there are, or which of them refer to each other: such calls of
/// an account and region come one after another. Otherwise a group could be deleted while a rule is made that names it,
/// or a VPC while it gets a group; and counts would not be exact.
#[derive(Debug)]
pub(super) struct Turn {
    number: u64,
    expect: Expect,
}

impl Turn {
    /// Begins a turn. What is read afterwards holds if the batch is made that [`Turn::end`] was told of.
    pub(super) async fn begin(call: &Call<'_>) -> Result<Self> {
        let row = call.shared.ec2.turns.get(call.account(), call.region(), NAME).await?;
        Ok(match row {
            None => Self { number: 1, expect: Expect::Absent },
            Some(row) => Self { number: row.value.wrapping_add(1), expect: Expect::Revision(row.revision) },
        })
    }

    /// Ends a turn with its batch.
    pub(super) fn end(self, call: &Call<'_>, batch: &mut Batch) {
        let turns = &call.shared.ec2.turns;
        turns.put(batch, call.account(), call.region(), NAME, &self.number, self.expect);
    }
}
