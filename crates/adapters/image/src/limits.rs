//! How much an image may ask for. Images come from anyone: these bound time and memory.

/// Most entries of an image's layers together, or of a folder. The largest public images for machine learning have about
/// 400,000 files.
pub const MAX_ENTRIES: usize = 1_000_000;

/// Most bytes of the entries' names and link targets together: 128 for each entry. With [`MAX_ENTRIES`] it bounds memory.
pub const MAX_NAMES: usize = 128 << 20;

/// Longest path, and longest part of one. Source: Linux, `PATH_MAX` and `NAME_MAX`; nothing longer can be unpacked.
pub const MAX_PATH: usize = 4096;
/// See [`MAX_PATH`].
pub const MAX_PART: usize = 255;

/// Deepest path. `node_modules` in one another and Java's packages stay below 60.
pub const MAX_DEPTH: usize = 255;

/// Most symbolic links on the way to one file. Source: containerd, `fs.RootPath`, allows 255 when it unpacks.
pub const MAX_LINKS: usize = 255;

/// Longest extended header or long name in a tar file. Source: Go, `archive/tar`, by which container runtimes unpack, reads
/// 1 MiB.
pub const MAX_EXTENSION: usize = 1 << 20;

/// Most pieces of a sparse file that is read: a database file with holes has some dozens.
pub const MAX_PIECES: usize = 65_536;

/// Most layers. Overlayfs stacks 500; builders stop at 127.
pub const MAX_LAYERS: usize = 512;

/// Most times that a layer may grow when it is decompressed. Layers reach about 10, those of empty files about 200; deflate's
/// own bound, which a bomb comes near, is 1,032.
pub const MAX_RATIO: u64 = 300;

/// Growth below this many bytes is never a bomb.
pub const RATIO_FREE_BYTES: u64 = 64 << 20;

/// Most bytes that come out of a layer, and of an image: four times the largest images for machine learning.
pub const MAX_LAYER_BYTES: u64 = 64 << 30;
/// See [`MAX_LAYER_BYTES`].
pub const MAX_IMAGE_BYTES: u64 = 256 << 30;

/// Most window that a zstd frame may ask for: what `zstd --long` asks for; held once for each layer that is read at a time.
pub const MAX_ZSTD_WINDOW: u64 = 64 << 20;

/// Largest file whose bytes are looked into. Programs in Go reach about 150 MiB, package databases about 100.
pub const MAX_FILE: u64 = 160 << 20;

/// Bytes of files that are held at a time, by all who read layers together; so one file of [`MAX_FILE`] at a time.
pub const MAX_HELD: u64 = 160 << 20;

/// Longest manifest, index or configuration. Source: OCI distribution-spec, "Pushing Manifests": registries should take 4 MiB.
pub const MAX_MANIFEST: u64 = 4 << 20;

/// Deepest index in an index.
pub const MAX_INDEX_DEPTH: usize = 4;

/// Most manifests of an index.
pub const MAX_MANIFESTS: usize = 10_000;

/// Longest record of the cache, compressed, and what comes out of it.
pub const MAX_RECORD: u64 = 64 << 20;
/// See [`MAX_RECORD`].
pub const MAX_RECORD_BYTES: u64 = 512 << 20;

/// Longest SBOM: that of an image of 100,000 packages.
pub const MAX_SBOM: u64 = 256 << 20;

/// Problems that are told of a layer or a folder; the rest is counted in one more.
pub const MAX_PROBLEMS: usize = 100;
