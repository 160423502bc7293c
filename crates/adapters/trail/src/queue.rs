use std::time::Duration;

/// Bytes that may wait to be written. Beyond it whoever appends waits: memory is bounded and nothing is dropped.
pub(crate) const QUEUE_BYTES: u32 = 32 << 20;

/// What a record costs the queue beside its bytes: the allocations that hold it.
pub(crate) const RECORD_COST: u32 = 256;

/// How long an append waits for room before it fails: clients give up after a minute, and a call that holds its
/// connection until then takes others' places.
pub(crate) const MAX_WAIT: Duration = Duration::from_secs(5);
