//! Texts made to hurt: each costs an error, neither time nor memory, and leaves the rest.

use std::time::{Duration, Instant};

use ringwall_document::limits;

use crate::read::outcome;

/// Far more than any of these takes, far less than what they would take without limits.
const SOON: Duration = Duration::from_secs(20);

/// The one problem of a text; the document after it is read.
fn problem(text: impl AsRef<[u8]>) -> String {
    let started = Instant::now();
    let mut text = text.as_ref().to_vec();
    text.extend_from_slice(b"\n---\nkind: Rest\n");
    let (values, problems) = outcome(text);
    assert!(started.elapsed() < SOON, "it took {:?}", started.elapsed());
    assert_eq!(values, [r#"{kind: "Rest"}"#], "{problems:?}");
    assert_eq!(problems.len(), 1, "{problems:?}");
    problems[0].clone()
}

#[test]
fn an_alias_within_its_own_anchor_is_refused() {
    assert_eq!(problem("a: &a\n  b: *a\n"), "2: alias `*a` stands inside its own anchor");
    assert_eq!(problem("&a [1, *a]"), "1: alias `*a` stands inside its own anchor");
    assert_eq!(problem("a: &a\n  <<: *a\n"), "2: alias `*a` stands inside its own anchor");
}

#[test]
fn a_billion_laughs_are_cut_short() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..10 {
        let before = format!("*a{}", level - 1);
        text.push_str(&format!("a{level}: &a{level} [{}]\n", vec![before; 10].join(", ")));
    }
    assert!(problem(text).contains("aliases expand to more than 400000 values"));
}

#[test]
fn many_aliases_of_one_scalar_are_no_laughs() {
    let text = format!("a: &a x\nb: [{}]\n", vec!["*a"; 10_000].join(", "));
    assert!(outcome(text).1.is_empty());
}

#[test]
fn deep_nesting_is_refused() {
    for bracket in ["[", "{\"a\":", "{a: ", "[[{a: "] {
        let found = problem(bracket.repeat(100_000));
        assert!(found.starts_with("1: "), "{bracket}: {found}");
        assert!(found.contains("nest"), "{bracket}: {found}");
    }
    for bracket in ["[", "{a: "] {
        let found = problem(format!("kind: X\nv: {}", bracket.repeat(100_000)));
        assert!(found.starts_with("2: ") && found.contains("nest"), "{bracket}: {found}");
    }
    assert!(problem("- ".repeat(100_000)).contains("nest"));
    let indented: String = (0..1000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    assert!(problem(indented).contains("nest"));
}

#[test]
fn the_deepest_nesting_is_the_same_in_json_and_yaml() {
    let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    let read = |text: &str| outcome(text).0.len();
    assert_eq!(read(&nested(limits::MAX_DEPTH)), 1);
    assert_eq!(read(&nested(limits::MAX_DEPTH + 1)), 0);
    assert_eq!(read(&format!("# YAML\n{}", nested(limits::MAX_DEPTH))), 1);
    assert_eq!(read(&format!("# YAML\n{}", nested(limits::MAX_DEPTH + 1))), 0);
}

#[test]
fn invalid_utf_8_tells_its_byte_and_line() {
    let found = problem(b"kind: X\nv: \xFFabc\n");
    assert_eq!(found, "2: byte 0xFF is not valid UTF-8 at byte 11 of the file");
    let (values, problems) = outcome(b"a: 1\n---\nb: caf\xE9\n---\nc: 1\n");
    assert_eq!(values, ["{a: int 1}", "{c: int 1}"]);
    assert_eq!(problems, ["3: byte 0xE9 is not valid UTF-8 at byte 15 of the file"]);
    let (_, problems) = outcome(b"\xEF\xBB\xBFa: \xFF\n");
    assert_eq!(problems, ["1: byte 0xFF is not valid UTF-8 at byte 6 of the file"]);
}

#[test]
fn utf_16_is_named() {
    let utf_16 = |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
    for text in [utf_16("\u{FEFF}kind: X\n"), utf_16("kind: X\n")] {
        assert_eq!(outcome(text).1, ["1: the file is UTF-16, not UTF-8"]);
    }
}

#[test]
fn a_nul_byte_tells_where_it_is() {
    assert_eq!(problem(b"kind: X\nv: a\0b\n"), "2: a NUL byte at byte 12 of the file");
}

#[test]
fn tabs_and_open_quotes_are_told_at_their_line() {
    for (text, line) in [
        ("kind: X\nspec:\n\ta: 1\n", 3),
        ("kind: X\nv: \"open\nw: 1\n", 2),
        ("kind: X\nv: 'open\nw: 1\n", 2),
        ("kind: X\nv: [1, 2\nw: 3\n", 2),
        ("kind: X\n  v: 1\n", 2),
        ("kind: X\nv: *\n", 2),
        ("kind: X\nv: &\n- x\n", 2),
    ] {
        let found = problem(text);
        let told: u32 = found.split(':').next().unwrap().parse().unwrap();
        assert!((line..=line + 1).contains(&told), "{text:?}: {found}");
    }
}

#[test]
fn very_many_broken_documents_are_counted() {
    let (values, problems) = outcome("---\na: [\n".repeat(5_000));
    assert!(values.is_empty());
    assert_eq!(problems.len(), limits::MAX_PROBLEMS + 1);
    assert!(problems[limits::MAX_PROBLEMS].contains("4900 more documents"));
}

#[test]
fn long_keys_and_strings_are_read() {
    let long = "x".repeat(2_000_000);
    assert_eq!(outcome(format!("{{\"{long}\": 1}}")).0.len(), 1);
    assert_eq!(outcome(format!("a: \"{long}\"\n")).0.len(), 1);
    assert_eq!(outcome(format!("a: {long}\n")).0.len(), 1);
    assert_eq!(outcome(format!("? {long}\n: 1\n")).0.len(), 1);
}

#[test]
fn many_broken_values_take_no_quadratic_time() {
    let started = Instant::now();
    let (_, problems) = outcome("{\"a\": 1,,}\n".repeat(20_000));
    assert!(!problems.is_empty());
    assert!(started.elapsed() < SOON, "it took {:?}", started.elapsed());
}
