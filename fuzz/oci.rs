//! What holds for any bytes that come as a manifest. The fuzz target calls it, and a test that replays its corpus.

use std::collections::HashSet;

use ringwall_oci::{MAX_REFERENCES, Parsed, parse_manifest};

/// Bytes as a manifest, under no media type and under its own: who says what it says itself reads the same. What it needs is
/// among what it lists, each once.
pub(crate) fn manifest(bytes: &[u8]) -> Option<Parsed> {
    let parsed = parse_manifest(bytes, None).ok()?;
    let again = parse_manifest(bytes, Some(&parsed.media_type)).unwrap();
    assert_eq!(parsed, again);
    let listed: HashSet<_> = parsed.references.iter().collect();
    assert_eq!(listed.len(), parsed.references.len());
    assert!(listed.len() <= MAX_REFERENCES);
    assert!(parsed.needed.iter().all(|needed| listed.contains(needed)));
    assert!(!parsed.is_index || parsed.needed.is_empty());
    Some(parsed)
}
