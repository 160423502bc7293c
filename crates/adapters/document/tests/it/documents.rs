//! Files of several documents, keys, anchors and lines.

use crate::read::{one, outcome, read, show};

#[test]
fn a_broken_document_costs_itself_alone() {
    let text = "kind: A\n---\nkind: B\nspec: {a: [1, 2}\nmore: x\n---\nkind: C\n---\nspec:\n\tkind: D\n---\nkind: E\n";
    let (values, problems) = outcome(text);
    assert_eq!(values, [r#"{kind: "A"}"#, r#"{kind: "C"}"#, r#"{kind: "E"}"#]);
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems[0].starts_with("4: "), "{problems:?}");
    assert!(problems[1].starts_with("10: "), "{problems:?}");
    assert_eq!(read(text).0.iter().map(|document| document.tree.line).collect::<Vec<_>>(), [1, 7, 12]);
}

#[test]
fn a_broken_document_may_end_with_three_dots_too() {
    let (values, problems) = outcome("kind: A\n...\nkind: [\n...\nkind: C\n---\nkind: D\n");
    assert_eq!(values.first().map(String::as_str), Some(r#"{kind: "A"}"#));
    assert_eq!(values.last().map(String::as_str), Some(r#"{kind: "D"}"#));
    assert_eq!(problems.len(), 1, "{problems:?}");
}

#[test]
fn markers_comments_and_empty_documents() {
    let cases: [(&str, &[&str]); 9] = [
        ("", &[]),
        ("\n\n", &[]),
        ("# nothing\n", &[]),
        ("---\n---\n# c\n---\n", &[]),
        ("null\n---\n~\n---\na: 1\n", &["{a: int 1}"]),
        ("--- # first\na: 1\n--- {b: 2}\n---\tc\n...\n", &["{a: int 1}", "{b: int 2}", "\"c\""]),
        ("%YAML 1.2\n---\na: 1 # one\n# end\n", &["{a: int 1}"]),
        ("a: |\n  ---\n  b\n---\nc: 1\n", &[r#"{a: "---\nb\n"}"#, "{c: int 1}"]),
        ("a: 1\n...\n# between\n---\nb: 2\n", &["{a: int 1}", "{b: int 2}"]),
    ];
    for (text, expected) in cases {
        let (values, problems) = outcome(text);
        assert!(problems.is_empty(), "{text:?}: {problems:?}");
        assert_eq!(values, expected, "{text:?}");
    }
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_change_nothing() {
    let text = "kind: A\nitems:\n- a: |\n    one\n    two\n- b: 'x'\n---\nkind: B\n";
    let plain = read(text).0;
    let windows = read(format!("\u{FEFF}{}", text.replace('\n', "\r\n"))).0;
    assert_eq!(plain.len(), 2);
    for (one, other) in plain.iter().zip(&windows) {
        assert_eq!(one.tree, other.tree);
        assert_eq!(one.literals, other.literals);
    }
    assert_eq!(outcome("\u{FEFF}{\"a\": 1}").0, ["{a: int 1}"]);
}

#[test]
fn a_duplicate_key_is_an_error_that_names_both_lines() {
    let (values, problems) = outcome("spec:\n  a: 1\n  b: 2\n  a: 3\n---\nkind: B\n");
    assert_eq!(values, [r#"{kind: "B"}"#]);
    assert_eq!(problems, ["4: key `a` is written twice, first at line 2"]);
    let (_, problems) = outcome("{\n  \"a\": 1,\n  \"a\": 2\n}\n");
    assert_eq!(problems, ["3: key `a` is written twice, first at line 2"]);
    assert_eq!(outcome("{a: 1, a: 2}").1, ["1: key `a` is written twice"]);
    assert_eq!(outcome("yes: 1\n\"true\": 2\n").1, ["2: key `true` is written twice, first at line 1"]);
}

#[test]
fn a_duplicate_key_is_found_among_many() {
    let mut text: String = (0..100).map(|number| format!("k{number}: {number}\n")).collect();
    assert_eq!(one(&text).tree.entries().len(), 100);
    text.push_str("k42: 0\n");
    assert_eq!(outcome(text).1, ["101: key `k42` is written twice, first at line 43"]);
}

#[test]
fn merge_keys_take_over_what_the_mapping_lacks() {
    let base = "base: &base {a: 1, b: 2}\nother: &other {a: 3, c: 4}\n";
    let merged = |text: &str| show(one(format!("{base}{text}")).tree.get("v").unwrap());
    assert_eq!(merged("v:\n  <<: *base\n  b: 5\n"), "{a: int 1, b: int 5}");
    assert_eq!(merged("v: {<<: [*base, *other], d: 6}\n"), "{a: int 1, c: int 4, b: int 2, d: int 6}");
    assert_eq!(merged("v: {\"<<\": 1}\n"), "{<<: int 1}");
    let (_, problems) = outcome("v:\n  <<: 1\n");
    assert_eq!(problems, ["2: the merge key `<<` has a value that is no mapping"]);
    let (_, problems) = outcome(format!("{base}v:\n  <<: *base\n  b: 1\n  b: 2\n"));
    assert_eq!(problems, ["6: key `b` is written twice, first at line 5"]);
}

#[test]
fn aliases_stand_for_their_anchors() {
    let text = "a: &a {x: [1, 2]}\nb: *a\nc: &s hello\nd: *s\n? *s\n: e\n";
    let document = one(text);
    assert_eq!(
        show(&document.tree),
        r#"{a: {x: [int 1, int 2]}, b: {x: [int 1, int 2]}, c: "hello", d: "hello", hello: "e"}"#
    );
    assert_eq!(outcome("a: &a 1\nb: &a 2\nc: *a\n").0, ["{a: int 1, b: int 2, c: int 2}"]);
    let (values, problems) = outcome("a: *nowhere\n---\nb: 1\n");
    assert_eq!(values, ["{b: int 1}"]);
    assert!(problems[0].starts_with("1: "), "{problems:?}");
    let (_, problems) = outcome("a: &a 1\n---\nb: *a\n");
    assert!(problems[0].starts_with("3: "), "an anchor ends with its document: {problems:?}");
}

#[test]
fn keys_that_are_no_scalars_are_an_error() {
    for text in ["? [a]\n: 1\n", "? {a: b}\n: 1\n", "{{ .Values.x }}: 1\n", "v: {{ .Values.x }}\n"] {
        let (values, problems) = outcome(text);
        assert!(values.is_empty(), "{text}: {values:?}");
        assert!(problems[0].contains("key"), "{text}: {problems:?}");
    }
    assert!(outcome("~: 1\n").1[0].starts_with("1: a key is empty or `null`"));
}

#[test]
fn nested_values_have_their_lines() {
    let text = "# head\nkind: A\nspec:\n  list:\n  - x: 1\n    z: 2\n  -\n    x: 3\n  flow: [a,\n    b]\n";
    let tree = one(text).tree;
    assert_eq!(tree.line, 2);
    assert_eq!(tree.entry("spec").unwrap().line, 3);
    let list = tree.at(&["spec", "list"]).unwrap();
    assert_eq!(list.items().iter().map(|item| item.line).collect::<Vec<_>>(), [5, 8]);
    assert_eq!(list.items()[0].entry("z").unwrap().line, 6);
    let flow = tree.at(&["spec", "flow"]).unwrap();
    assert_eq!(flow.items().iter().map(|item| item.line).collect::<Vec<_>>(), [9, 10]);
}
