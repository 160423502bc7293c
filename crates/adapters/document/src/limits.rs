//! How much one document may ask for. All input is hostile: these bound memory and the depth of recursion.

/// Deepest nesting. The deepest documents in use, CRD schemas, stay below 60; reading and dropping a tree
/// recurses, and a thread's stack of 2 MiB holds this many levels many times over.
pub const MAX_DEPTH: usize = 200;

/// Most values in one document: six times as many as a list of 25,000 pods has.
pub const MAX_NODES: usize = 30_000_000;

/// Most values that anchors and aliases may copy in one file: what go-yaml lets a document expand to
/// (`alias_ratio_range_low` in its `decode.go`).
pub const MAX_ALIAS_NODES: usize = 400_000;

/// Longest key of a mapping in bytes that is written without `?`; YAML itself says 1,024, which a long
/// annotation in flow style may pass.
pub const MAX_SIMPLE_KEY: usize = 4096;

/// Most problems that are told of one file; the rest is only counted.
pub const MAX_PROBLEMS: usize = 100;
