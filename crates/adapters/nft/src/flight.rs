//! Packets in flight: those that met the rules of a hook when there were others, and are not through yet.

use std::time::Duration;

use rustix::thread::{MembarrierCommand, membarrier};

/// Waited where the kernel can't be asked: a packet is through in microseconds, unless what carries it is not given a processor.
const LANDING: Duration = Duration::from_millis(100);

/// Returns when no packet is in flight that was when it was called.
///
/// A packet crosses a hook within a read-side section of RCU (the kernel's `nf_hook`), and `membarrier` with `MEMBARRIER_CMD_GLOBAL` ends
/// after each such section that had begun (`synchronize_rcu` in `kernel/sched/membarrier.c`): in about 6 ms. Only a kernel with
/// `nohz_full` or a filter of system calls refuses it.
pub(crate) async fn landed() {
    let waited = tokio::task::spawn_blocking(|| membarrier(MembarrierCommand::Global)).await;
    if !matches!(waited, Ok(Ok(()))) {
        tokio::time::sleep(LANDING).await;
    }
}
