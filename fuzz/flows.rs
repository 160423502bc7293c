//! What holds for any bytes that come as a flow log. The fuzz target calls it, and a test that replays its corpus.

use std::io::Cursor;
use std::sync::Arc;

use ringwall_logs::Flows;

/// Bytes as a file: read to their end, the same each time, with no more told than there are lines.
pub(crate) fn read(bytes: &[u8]) -> Flows {
    let flows = once(bytes);
    assert_eq!(once(bytes).seen, flows.seen, "the same bytes give other flows");
    assert!(flows.problems.len() as u64 <= flows.unreadable);
    flows
}

fn once(bytes: &[u8]) -> Flows {
    let mut flows = Flows::default();
    flows.read_from(&Arc::from("flows"), Cursor::new(bytes.to_vec()));
    flows
}
