//! What holds for any bytes that are split as a list of events. The fuzz target calls it, and a test that replays its corpus.

use bytes::Bytes;
use ringwall_stream::split;

/// Splits bytes; tells into how many parts, if they are a list. The first two bytes say how long a part may be.
pub(crate) fn read(bytes: &[u8]) -> Option<usize> {
    let (most, list) = bytes.split_first_chunk::<2>()?;
    let (most, list) = (usize::from(u16::from_be_bytes(*most)), Bytes::copy_from_slice(list));
    let split = split(&list, most)?;
    assert!(split.parts.iter().all(|part| part.len() <= most), "a part is too long");
    // Another reader finds in the parts what the whole has, in its order.
    if let Ok(whole) = serde_json::from_slice::<serde_json::Value>(&list) {
        let mut items = Vec::new();
        for part in &split.parts {
            let part: serde_json::Value = serde_json::from_slice(part).unwrap();
            assert!(part["kind"].is_null() || part["kind"] == whole["kind"], "another kind");
            items.extend(part["items"].as_array().cloned().unwrap_or_default());
        }
        let mut left = items.iter().peekable();
        let mut out = 0;
        for item in whole["items"].as_array().into_iter().flatten() {
            if left.peek() == Some(&item) {
                left.next();
            } else {
                out += 1;
            }
        }
        assert_eq!((left.next(), out), (None, split.too_long.len()), "another event, or one that is missing");
    }
    Some(split.parts.len())
}
