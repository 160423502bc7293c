//! What holds for any bytes that come as a log. The fuzz target calls it, and a test that replays its corpus.

use ringwall_logs::{End, Entry, Reader, Tally};

/// Bytes as a file. Tells what was handed over: it is the same whatever the pieces in which they come, and each entry is JSON whose
/// line the file has.
pub(crate) fn read(bytes: &[u8]) -> Tally {
    let whole = in_pieces(bytes, bytes.len().max(1));
    assert_eq!(whole, in_pieces(bytes, 7), "pieces make a difference");
    whole.1
}

fn in_pieces(bytes: &[u8], size: usize) -> (Vec<(String, u64)>, Tally) {
    let mut entries = Vec::new();
    let mut reader = Reader::new("log".into());
    let mut sink = |entry: &Entry<'_>| {
        assert!(entry.text.starts_with('{') && entry.line > 0, "{entry:?}");
        entries.push((entry.text.to_owned(), entry.line));
        Ok(End::There)
    };
    for piece in bytes.chunks(size) {
        reader.feed(piece, &mut sink);
    }
    reader.finish(&mut sink);
    let tally = reader.into_tally();
    assert!(
        entries.iter().all(|(_, line)| *line <= tally.lines.max(1)),
        "a line that is not there: {tally:?}"
    );
    assert_eq!(entries.len() as u64, tally.audit + tally.records);
    (entries, tally)
}
