use std::fs;
use std::path::Path;

use bytes::Bytes;
use proptest::prelude::*;
use ringwall_stream::{Parts, split};

#[path = "../../../../../fuzz/stream.rs"]
mod stream;

#[test]
fn the_corpus_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../fuzz/corpus/event_list");
    let parts =
        fs::read_dir(&folder).unwrap().map(|file| stream::read(&fs::read(file.unwrap().path()).unwrap()));
    assert!(parts.filter(|parts| parts.is_some_and(|parts| parts > 1)).count() >= 3);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn parts_hold_what_the_whole_holds(
        items in prop::collection::vec("[a-z\\[\\]{},\"\\\\é]{0,40}", 0..30),
        spaces in "[ \n]{0,2}",
        most in 0..400_u16,
    ) {
        let items: Vec<_> = items.iter().map(|text| serde_json::json!({ "items": [text], "auditID": text })).collect();
        let list = serde_json::json!({ "kind": "EventList", "metadata": {}, "items": items });
        let text = serde_json::to_string(&list).unwrap().replace("\"items\":[{", &format!("\"items\":{spaces}[{spaces}{{"));
        let bytes: Vec<u8> = most.to_be_bytes().into_iter().chain(text.bytes()).collect();
        prop_assert!(stream::read(&bytes).is_some());
    }
}

#[test]
fn what_is_no_list_is_not_split() {
    for text in [
        "",
        "x",
        "[1,2]",
        r#"{"kind":"EventList"}"#,
        r#"{"items":{}}"#,
        r#"{"items":[1,2}"#,
        r#"{"items":[1 2]}"#,
    ] {
        assert_eq!(
            split(&Bytes::from(text), 0),
            (text.is_empty()).then(|| Parts { parts: vec![Bytes::new()], too_long: Vec::new() }),
            "{text}"
        );
    }
    // One event that is too long costs itself alone.
    let list = Bytes::from(format!(r#"{{"items":[1,"{}",2]}}"#, "x".repeat(50)));
    let Parts { parts, too_long } = split(&list, 20).unwrap();
    assert_eq!(parts, [Bytes::from_static(br#"{"items":[1,2]}"#)]);
    assert_eq!((too_long.len(), too_long[0].clone()), (1, 12..64));
}
