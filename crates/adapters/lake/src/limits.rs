//! How much the lake takes at once.

/// Bytes of rows in memory from which on a flush is due. Compressed that is about 3 MiB, a file that is worth its request.
pub const FLUSH_BYTES: usize = 48 << 20;

/// Most bytes of rows in memory; more are refused. Room for what comes while a flush goes on.
pub const MAX_BUFFERED_BYTES: usize = 128 << 20;

/// Rows of a row group: what a reader skips or reads as one. Security Lake asks for at most 256 MiB of them compressed; these have
/// about 8.
pub const ROW_GROUP_ROWS: usize = 128 << 10;

/// Bytes of a page before compression, as Security Lake asks for.
pub const PAGE_BYTES: usize = 1 << 20;

/// Largest file that compaction makes, as Security Lake asks for. A larger one is left as it is.
pub const MAX_FILE_BYTES: u64 = 256 << 20;

/// Rows of a file that compaction makes: what dictionaries and indices of it take in memory stays below a gigabyte.
pub const MAX_FILE_ROWS: u64 = 16_000_000;

/// Keys of a day's rows that compaction compares, of 16 bytes each. Rows beyond are kept without being compared.
pub const MAX_KEYS: usize = 64_000_000;

/// Files of a lake that are listed at once: ten thousand clusters' days, compacted, for a year.
pub const MAX_FILES: usize = 4_000_000;

/// Longest text of a column. Longer ones are cut: paths and agents are the caller's to choose.
pub const MAX_TEXT: usize = 4096;

/// Longest JSON of what has no column of its own.
pub const MAX_UNMAPPED: usize = 16 << 10;

/// Longest body that is looked into for what may be kept of it. Kubernetes takes objects of up to about 1.5 MiB.
/// Source: etcd, `--max-request-bytes`.
pub const MAX_BODY: usize = 2 << 20;

/// Most groups, resources and addresses of an event that are kept.
pub const MAX_ITEMS: usize = 64;

/// Longest list of replaced files that is read: names of a hundred bytes of a day's files, one a minute and cluster.
pub const MAX_REPLACED_BYTES: u64 = 64 << 20;
