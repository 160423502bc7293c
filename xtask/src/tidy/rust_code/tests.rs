use super::*;

fn words(source: &str) -> Vec<String> {
    RustCode::new(source).tokens.into_iter().map(|token| token.text).collect()
}

fn paths(source: &str) -> Vec<String> {
    RustCode::new(source).paths("std").into_iter().map(|(_, path)| path.join("::")).collect()
}

#[test]
fn literals_and_comments_are_no_code() {
    assert_eq!(words(r#"a("b \" c", 'd', '\'', b'e', b"f") g"#), ["a", "(", ",", ",", ",", ",", ")", "g"]);
    assert_eq!(words(r###"x = r#"a " b"# ; y"###), ["x", "=", ";", "y"]);
    assert_eq!(words("a /* b /* c */ d */ e // f\ng"), ["a", "e", "g"]);
}

#[test]
fn a_lifetime_is_not_the_start_of_a_character() {
    assert_eq!(words("fn f<'a>(x: &'a str) {}").last().unwrap(), "}");
}

#[test]
fn a_raw_identifier_is_not_a_raw_string() {
    assert_eq!(words("r#type x"), ["r", "#", "type", "x"]);
}

#[test]
fn comments_keep_their_lines() {
    let code = RustCode::new("a\n// one\n\"\n\n\" // two\n");
    let found: Vec<_> = code.comments.iter().map(|comment| (comment.line, comment.text.as_str())).collect();
    assert_eq!(found, [(2, "// one"), (5, "// two")]);
}

#[test]
fn doc_comments_are_told_from_others() {
    let is_doc = |text: &str| Comment { line: 1, text: text.to_owned() }.is_doc();
    assert!(is_doc("/// a") && is_doc("//! a") && is_doc("/** a */"));
    assert!(!is_doc("// a") && !is_doc("//// a"));
}

#[test]
fn use_trees_are_taken_apart() {
    assert_eq!(
        paths("use std::{fs, net::{IpAddr, TcpStream as T}, time::Duration}; std::env::var"),
        ["std::fs", "std::net::IpAddr", "std::net::TcpStream", "std::time::Duration", "std::env::var"]
    );
    assert_eq!(paths("use ::std::io::{self, *};"), ["std::io::self", "std::io::*"]);
    assert_eq!(paths("let std_fs = 1;"), Vec::<String>::new());
}

#[test]
fn an_unfinished_file_ends() {
    for source in ["\"", "'", "/*", "r#\"", "use std::{", "use std::", "b'"] {
        let code = RustCode::new(source);
        assert!(code.paths("std").len() <= 1, "{source}");
    }
}
