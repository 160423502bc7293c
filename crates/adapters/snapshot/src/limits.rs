//! How much a snapshot may ask for. A snapshot may come from anyone: these bound time and memory.

/// Largest file that is read, after decompression too. `kubectl get pods -A -o json` of 100,000 pods stays below
/// it, and a file is held in memory once beside what is made of it.
pub const MAX_FILE_BYTES: u64 = 512 << 20;

/// Most bytes of `kubernetes/` and `aws/` together, after decompression.
pub const MAX_TOTAL_BYTES: u64 = 4 << 30;

/// Most times that a compressed file may grow. Kubernetes' lists and logs reach about 60; deflate's own bound,
/// which a bomb comes near, is 1,032.
pub const MAX_RATIO: u64 = 300;

/// Growth below this many bytes is never a bomb.
pub const RATIO_FREE_BYTES: u64 = 16 << 20;

/// Most window that a zstd frame may ask for: what `zstd --long` asks for.
pub const MAX_ZSTD_WINDOW: u64 = 128 << 20;

/// Most files of a snapshot.
pub const MAX_FILES: usize = 100_000;

/// Deepest folder below the snapshot's own.
pub const MAX_FOLDER_DEPTH: usize = 32;

/// Longest line of an audit log: the apiserver's own bound on an event is 1.5 MiB for each of two objects, and
/// escaping may double them.
pub const MAX_LINE_BYTES: usize = 8 << 20;

/// Longest policy that is read from a string: thirty times the largest that AWS keeps, a key policy's 32 KiB.
pub const MAX_POLICY_BYTES: usize = 1 << 20;

/// Most levels below an organization's root. AWS allows five levels of organizational units, and an account
/// below the last.
pub const MAX_ORGANIZATION_DEPTH: usize = 16;

/// Files that are read before their objects are taken over, and the bytes on disk of those.
pub(crate) const BATCH_FILES: usize = 32;
/// See [`BATCH_FILES`].
pub(crate) const BATCH_BYTES: u64 = 256 << 20;

/// Threads that read: two files at a time keep two cores busy; more would hold more files in memory.
pub(crate) const THREADS: usize = 2;
