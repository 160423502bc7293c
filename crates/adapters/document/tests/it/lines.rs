use ringwall_document::{Lines, Reader};

use crate::{one, read};

#[test]
fn every_value_and_key_has_its_line() {
    let yaml = one("a: 1\nb:\n- x\n- y: 2\n  z: 3\nc:\n  d: e\n");
    assert_eq!(yaml.line, 1);
    let items = yaml.list("b");
    assert_eq!((items[0].line, items[1].line), (3, 4));
    assert_eq!(items[1].entry("z").unwrap().line, 5);
    assert_eq!(yaml.entry("c").unwrap().line, 6);
    assert_eq!(yaml.at(&["c", "d"]).unwrap().line, 7);
    let json = one("{\n \"a\": [\n  1,\n  {\"b\":\n   2}\n ],\n \"c\": \"d\"}");
    assert_eq!((json.line, json.entry("a").unwrap().line), (1, 2));
    assert_eq!((json.list("a")[0].line, json.list("a")[1].line), (3, 4));
    assert_eq!(json.list("a")[1].get("b").unwrap().line, 5);
    assert_eq!(json.entry("c").unwrap().line, 7);
}

#[test]
fn values_that_follow_each_other_are_documents() {
    let (trees, problems) = read("{\"a\": 1}\n{\"b\": 2} [3]\n---\n{c: 3}\n...\nd: 4\n");
    assert_eq!(problems, []);
    assert_eq!(trees.iter().map(|tree| tree.line).collect::<Vec<_>>(), [1, 2, 2, 4, 6]);
}

/// The lines of `x` in a document within the string under `v`.
fn embedded_line(text: &str) -> u32 {
    let file = "f.yaml".into();
    let mut reader = Reader::default();
    let mut found = None;
    reader.read(&file, text.as_bytes(), &mut |document| {
        let value = document.tree.get("v").unwrap();
        found = Some((value.as_shared().unwrap().clone(), document.literals.lines_of(value)));
    });
    let (text, lines) = found.unwrap();
    reader.read_embedded(&file, &text, lines).unwrap().entry("x").unwrap().line
}

#[test]
fn a_document_within_a_document_has_the_files_lines() {
    assert_eq!(embedded_line("v: |\n  a: 1\n  x: 2\n"), 3);
    assert_eq!(embedded_line("v: |-  # note\n\n  # c\n  a: 1\n  x: 2\n"), 5);
    assert_eq!(embedded_line("w: 1\nv: \"a: 1\\nx: 2\"\n"), 2);
    assert_eq!(embedded_line("w: 1\nv: >\n  {a: 1,\n  x: 2}\n"), 2);
    assert_eq!(embedded_line("w: 1\nv:\n  \"a: 1\\nx: 2\"\n"), 3);
}

#[test]
fn an_embedded_document_may_be_empty_or_broken() {
    let mut reader = Reader::default();
    assert!(reader.read_embedded(&"f".into(), "", Lines::From(7)).unwrap().is_null());
    let problem = reader.read_embedded(&"f".into(), "a: 1\nb: [\n", Lines::From(7)).unwrap_err();
    assert!((8..=9).contains(&problem.source.line), "{problem}");
}

#[test]
fn a_line_is_one_value() {
    let mut reader = Reader::default();
    let file = "f".into();
    assert!(reader.read_line(&file, 3, b" \n").unwrap().is_none());
    assert_eq!(reader.read_line(&file, 3, b"{\"a\": 1}\n").unwrap().unwrap().line, 3);
    for text in [&b"{} {}"[..], b"{", b"\xff", b"{\"a\": 1, \"a\": 2}"] {
        assert_eq!(reader.read_line(&file, 3, text).unwrap_err().source.line, 3);
    }
}
