//! However a log comes in pieces, the same is read.

use proptest::prelude::*;
use ringwall_logs::{Entry, Reader};

use crate::{event, note, read_as, record};

fn part() -> impl Strategy<Value = String> {
    let sound = prop_oneof![
        Just(event("a")),
        Just(record("b")),
        Just(format!("{{\"Records\":[{},{}]}}", record("c"), record("d"))),
        Just(format!("{{\n  \"items\": [\n    {},\n    {}\n  ]\n}}", event("e"), event("f"))),
        Just(format!("2026-10-12T08:05:12.123Z {}", event("g"))),
    ];
    let broken =
        (sound.clone(), 0_usize..400).prop_map(|(text, end)| text.chars().take(end).collect::<String>());
    prop_oneof![4 => sound, 2 => broken, 1 => "[\\[\\]{}\":, a1\\\\\n]{0,20}"]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pieces_make_no_difference(parts in prop::collection::vec(part(), 0..8), size in 1_usize..200) {
        let text = parts.join("\n");
        let whole = read_as("log", text.as_bytes());
        let mut entries = Vec::new();
        let mut reader = Reader::new("log".into());
        let mut sink = |entry: &Entry<'_>| note(entry, &mut entries);
        for piece in text.as_bytes().chunks(size) {
            reader.feed(piece, &mut sink);
        }
        reader.finish(&mut sink);
        prop_assert_eq!(&(entries, reader.into_tally()), &whole);
    }

    /// Events a line each are all there, whatever stands between them that is no list.
    #[test]
    fn no_whole_line_is_lost(lines in prop::collection::vec((any::<bool>(), "[a-z{}\":, ]{0,20}"), 0..10)) {
        let lines: Vec<String> =
            lines.iter().map(|(is_event, junk)| if *is_event { event("a") } else { junk.clone() }).collect();
        let expected = lines.iter().filter(|line| **line == event("a")).count();
        let (entries, _) = read_as("log", lines.join("\n").as_bytes());
        prop_assert_eq!(entries.len(), expected, "{}", lines.join("\n"));
    }

    #[test]
    fn any_bytes_come_to_an_end(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let (_, tally) = read_as("log", &bytes);
        prop_assert!(tally.audit == 0);
    }
}
