use ringwall_logs::limits::{MAX_ENTRY, MAX_SPOTS};
use ringwall_logs::{Entry, Reader};
use serde_json::{Value, json};

use crate::{event, read, read_as, record, spots};

#[test]
fn a_cut_line_costs_its_own_end_alone() {
    let (a, b) = (event("a"), event("b"));
    let after_id = a.find("stage").unwrap();
    for end in after_id..a.len() {
        let text = format!("{}\n{b}\n{}", &a[..end], event("c"));
        let (entries, tally) = read(&text);
        assert_eq!(entries, ["audit a:1…", "audit b:2", "audit c:3"], "{text}");
        assert_eq!((tally.cut, tally.unreadable), (1, 0), "{text}");
    }
}

#[test]
fn a_cut_file_costs_its_last_record_alone() {
    let file = format!("{{\"Records\":[{},{}]}}", record("a"), record("b"));
    let end = file.rfind("requestParameters").unwrap();
    let (entries, tally) = read(&file[..end]);
    assert_eq!(entries[0], "trail a:1");
    assert_eq!((entries.len(), tally.cut, tally.unreadable), (2, 1, 0));
    let pretty = serde_json::to_string_pretty(&serde_json::from_str::<Value>(&file).unwrap()).unwrap();
    let end = pretty.rfind("requestParameters").unwrap();
    assert_eq!(read(&pretty[..end]).0.len(), 2);
}

#[test]
fn each_kind_of_broken_line_is_counted_with_its_spot() {
    let text = [
        event("a").as_str(),
        "no log",
        r#"{"a":1}"#,
        r#"{"kind":"Event","apiVersion":"v1","involvedObject":{}}"#,
        r#"{"auditID":}"#,
        "{]",
        "[1,2]",
        "null",
        "\"text\"",
        "H4sIAAAA!",
        "}{",
        event("b").as_str(),
    ]
    .join("\n");
    let (entries, tally) = read(&text);
    assert_eq!(entries, ["audit a:1", "audit b:12"]);
    assert_eq!(spots(&tally), [2, 3, 4, 5, 6, 7, 7, 8, 9, 10]);
    assert!(tally.is_incomplete());
}

#[test]
fn a_broken_document_gives_what_is_around() {
    let good: Value = serde_json::from_str(&record("a")).unwrap();
    let text = serde_json::to_string_pretty(&json!({"Records": [good, good, good]})).unwrap();
    let at = text.match_indices("\"eventID\": ").nth(1).unwrap().0;
    let broken = format!("{}=={}", &text[..at], &text[at..]);
    let (entries, tally) = read(&broken);
    assert_eq!(entries.first().map(String::as_str), Some("trail a:3"));
    assert_eq!(entries.last().map(String::as_str), Some("trail a:21"));
    assert!(tally.cut == 1 && entries.len() == 3, "{entries:?} {tally:?}");
}

#[test]
fn bytes_that_are_no_text_hide_nothing() {
    let mut bytes = event("a").into_bytes();
    let at = bytes.windows(3).position(|bytes| bytes == b"ann").unwrap();
    bytes[at] = 0xff;
    let (entries, tally) = read_as("log", &bytes);
    assert_eq!((entries, tally.not_utf8, tally.unreadable), (vec!["audit a:1".to_owned()], 1, 0));
    let (_, tally) = read_as("log", b"\xff\xfe{\0\"\0");
    assert!(tally.stopped.is_some_and(|stopped| stopped.why.contains("UTF-16")));
}

#[test]
fn what_is_too_long_is_left_out() {
    let long = "x".repeat(MAX_ENTRY);
    let too_long = event("long").replace("ann", &long);
    for text in [
        format!("{}\n{too_long}\n{}\n", event("a"), event("b")),
        format!("{}\n{}\n{}\n", event("a"), &too_long[..too_long.len() - 20], event("b")),
        format!("{}\n{long}xx\n{}\n", event("a"), event("b")),
    ] {
        let (entries, tally) = read(&text);
        assert_eq!(entries, ["audit a:1", "audit b:3"]);
        assert_eq!(spots(&tally), [2]);
    }
    let file = format!("{{\"Records\":[{},{},{}]}}", record("a"), record(&long), record("b"));
    let (entries, tally) = read(&file);
    assert_eq!(
        (entries.as_slice(), spots(&tally)),
        (["trail a:1", "trail b:1"].map(str::to_owned).as_slice(), vec![1])
    );
}

#[test]
fn wrappings_without_end_have_one() {
    let mut text = event("a");
    for _ in 0..10 {
        text = json!({"message": text}).to_string();
    }
    let (entries, tally) = read(&text);
    assert_eq!((entries.len(), tally.unreadable), (0, 1));
    assert_eq!(read(&"[".repeat(100_000)).1.unreadable, 1);
    assert_eq!(read(&"{\"a\":".repeat(100_000)).1.unreadable, 1);
}

#[test]
fn spots_are_few_and_what_the_sink_refuses_is_counted() {
    let (_, tally) = read(&"nothing\n".repeat(1000));
    assert_eq!((tally.unreadable, tally.spots.len(), tally.lines), (1000, MAX_SPOTS, 1000));
    let mut reader = Reader::new("log".into());
    let mut sink = |_: &Entry<'_>| Err("no event".to_owned());
    reader.feed(event("a").as_bytes(), &mut sink);
    reader.finish(&mut sink);
    assert_eq!((reader.tally().audit, reader.tally().unreadable), (0, 1));
}
