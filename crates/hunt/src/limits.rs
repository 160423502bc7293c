use std::time::Duration;

/// How much a query may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of memory for what queries gather; beyond, they spill to the disk.
    pub memory: usize,
    /// Most rows of the answer.
    pub rows: usize,
    /// Longest time.
    pub time: Duration,
    /// Most bytes that are spilled to the disk.
    pub spilled: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { memory: 1 << 30, rows: 10_000, time: Duration::from_secs(300), spilled: 16 << 30 }
    }
}
