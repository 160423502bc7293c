//! How much a log may ask for. Logs may come from anyone: these bound time and memory.

/// Longest event, or line, that is kept whole. The engine reads no longer ones either; CloudTrail's files have a single line of any
/// length, of which a record is what counts.
pub const MAX_ENTRY: usize = ringwall_detect::audit::MAX_LINE;

/// How much of a line is waited for before it is looked at as a part of something larger: a CloudTrail file is one line. Whole
/// events hardly ever reach it.
pub(crate) const PIECE: usize = 1 << 20;

/// Bytes read at once. Lines that lie in it whole are not copied.
pub(crate) const CHUNK: usize = 256 << 10;

/// Deepest nesting of JSON, as deep as `serde_json` reads.
pub(crate) const MAX_DEPTH: usize = 128;

/// Longest beginning of a document, up to its list, from which the log's name is read. CloudWatch's has some hundred bytes.
pub(crate) const MAX_HEAD: usize = 64 << 10;

/// Wrappings in one another: a Kinesis record holds a CloudWatch batch, which holds a CloudTrail record. That is three.
pub(crate) const MAX_WRAPPINGS: usize = 4;

/// Most times that something compressed may grow. Logs reach about 60; deflate's own bound, which a bomb comes near, is 1,032.
pub const MAX_RATIO: u64 = 300;

/// Growth below this many bytes is never a bomb.
pub const RATIO_FREE_BYTES: u64 = 16 << 20;

/// Most bytes that come out of one file: the events of a busy cluster's month. A larger one can be split.
pub const MAX_DECOMPRESSED: u64 = 1 << 40;

/// Most bytes that come out of one batch in base64: CloudWatch compresses batches of up to 1 MiB, Kinesis takes 10 MiB.
pub(crate) const MAX_BATCH: u64 = 64 << 20;

/// Most window that a zstd frame may ask for: what `zstd --long` asks for.
pub(crate) const MAX_ZSTD_WINDOW: u64 = 128 << 20;

/// Most files: CloudTrail delivers about 1.8 million a year for an account in all regions.
pub const MAX_FILES: usize = 2_000_000;

/// Deepest folder below the one that was named. S3's layout of an organization's trail has nine.
pub const MAX_FOLDER_DEPTH: usize = 32;

/// Spots that are kept of what could not be read in a file; all are counted.
pub const MAX_SPOTS: usize = 10;
