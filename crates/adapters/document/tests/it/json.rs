//! JSON, as kubectl and the AWS CLI print it.

use ringwall_document::Reader;

use crate::read::{FILE, one, outcome, show};

#[test]
fn values_keep_their_lines() {
    let tree = one("\n{\n  \"a\": [\n    1,\n    {\"b\": 2}\n  ],\n  \"c\":\n    true\n}\n").tree;
    assert_eq!(tree.line, 2);
    assert_eq!(tree.list("a").iter().map(|item| item.line).collect::<Vec<_>>(), [4, 5]);
    assert_eq!(tree.list("a")[1].entry("b").unwrap().line, 5);
    assert_eq!(tree.get("c").unwrap().line, 8);
}

#[test]
fn values_may_follow_each_other() {
    for text in ["{\"a\":1}{\"b\":2}", "{\"a\":1}\n{\"b\":2}\n", "{\"a\":1}\n---\n{\"b\":2}\n"] {
        let (values, problems) = outcome(text);
        assert!(problems.is_empty(), "{problems:?}");
        assert_eq!(values, ["{a: int 1}", "{b: int 2}"], "{text}");
    }
}

#[test]
fn after_a_broken_value_the_next_line_with_a_bracket_counts() {
    let (values, problems) = outcome("{\"a\": 1}\n{\"b\": 1,\n \"c\" 2}\n{\"d\": 4}\n{\"e\": tru}\n[5]\n");
    assert_eq!(values, ["{a: int 1}", "{d: int 4}", "[int 5]"]);
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems[0].starts_with("3: not valid JSON"), "{problems:?}");
    assert!(problems[1].starts_with("5: "), "{problems:?}");
}

#[test]
fn a_cut_off_file_is_told() {
    let (values, problems) = outcome("{\n  \"items\": [\n    {\"a\": 1},\n");
    assert!(values.is_empty());
    assert!(problems[0].contains("the file ends"), "{problems:?}");
}

#[test]
fn what_begins_like_json_may_be_yaml() {
    assert_eq!(outcome("{kind: A, on: yes}\n").0, [r#"{kind: "A", true: true}"#]);
    assert_eq!(outcome("[a, # comment\n b]\n---\n{\"a\": 'x',}\n").0, [r#"["a", "b"]"#, r#"{a: "x"}"#]);
}

#[test]
fn in_json_words_and_numbers_are_only_those_of_json() {
    let text =
        r#"{"a": "yes", "b": 12, "c": 1.5e1, "d": 9223372036854775808, "e": -0, "f": 1e21, "g": null}"#;
    let expected = r#"{a: "yes", b: int 12, c: int 15, d: float 9.223372036854776e18, e: int 0, f: float 1e21, g: null}"#;
    assert_eq!(outcome(text).0, [expected]);
    let (values, problems) = outcome("{\"a\": 1e999}\n[1]\n");
    assert_eq!(values, ["[int 1]"]);
    assert_eq!(problems, ["1: `1e999` is too large for a number"]);
}

#[test]
fn escapes_are_resolved() {
    assert_eq!(show(&one(r#"["\u00e9\ud83d\ude00\n\/\"\\"]"#).tree), "[\"é😀\\n/\\\"\\\\\"]");
    assert_eq!(one(r#"{"\u0061": 1}"#).tree.entries()[0].key.as_ref(), "a");
    assert_eq!(outcome(r#"{"\u0061": 1, "a": 2}"#).1, ["1: key `a` is written twice"]);
}

#[test]
fn json_lines_are_read_one_by_one() {
    let mut reader = Reader::default();
    let mut read = |text: &[u8]| {
        reader
            .read_line(&FILE.into(), 7, text)
            .map(|tree| tree.as_ref().map(show))
            .map_err(|problem| problem.to_string())
    };
    assert_eq!(read(b"{\"a\": 1}\r\n"), Ok(Some("{a: int 1}".into())));
    assert_eq!(read(b"  \n"), Ok(None));
    assert_eq!(read(b""), Ok(None));
    assert_eq!(read(b"{} {}"), Err(format!("{FILE}:7: more than one value stands in the line")));
    for broken in [
        &b"{\"a\": \xFF}"[..],
        b"{\"a\"",
        b"{\"a\": \n",
        b"{a: 1}",
        b"{\"a\": 1, \"a\": 2}",
        &b"[".repeat(100_000),
    ] {
        let error = read(broken).unwrap_err();
        assert!(error.starts_with(&format!("{FILE}:7: ")), "{error}");
    }
}
