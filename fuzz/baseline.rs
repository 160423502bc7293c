//! What holds for any bytes that are read as a baseline. The fuzz target calls it, and a test that replays its corpus.

use ringwall_detect::baseline::{Baseline, MAX_BYTES, with_checksum};

/// Reads the bytes as they are, and with a checksum that holds, since nobody guesses one. What is read is written as it was.
pub(crate) fn baseline(bytes: &[u8]) -> bool {
    _ = Baseline::from_bytes(bytes);
    let bytes = with_checksum(bytes.to_vec());
    let Ok(read) = Baseline::from_bytes(&bytes) else { return false };
    assert!(bytes.len() <= MAX_BYTES);
    let mut twice = read.clone();
    twice.merge(&read);
    assert!(Baseline::from_bytes(&twice.to_bytes()).is_ok());
    true
}
