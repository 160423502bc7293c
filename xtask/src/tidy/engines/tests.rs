use super::*;
use crate::tidy::tests::metadata;

fn whys(source: &str) -> Vec<String> {
    let problems = source_problems("crates/engines/rbac/src/lib.rs", source);
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn each_way_out_is_found() {
    for source in [
        "use std::fs;",
        "use std::{fmt, fs::File};",
        "fn f() { ::std::env::var(\"HOME\"); }",
        "use std::net::TcpStream;",
        "use std::net::*;",
        "use std::process::Command;",
        "use std::time::{Duration, Instant};",
        "use std::time::SystemTime;",
        "use std::time;",
        "use std as s;",
        "fn f() { std::io::stdout(); }",
        "use tokio::sync::mpsc;",
        "use rand;",
        "fn f() { rand::random::<u8>() }",
        "fn f() { println!(\"x\") }",
        "fn f() { eprint!(\"x\") }",
    ] {
        assert_eq!(whys(source).len(), 1, "{source}: {:?}", whys(source));
    }
}

#[test]
fn what_is_pure_passes() {
    for source in [
        "use std::net::{IpAddr, Ipv4Addr};",
        "use std::time::Duration;",
        "use std::collections::BTreeMap; use std::io::Write;",
        "//! Reads no std::fs and calls no println!",
        "const HINT: &str = \"use std::fs\";",
        "let rand = 1; f(rand);",
        "use crate::tokio_like::x;",
    ] {
        assert_eq!(whys(source), Vec::<String>::new(), "{source}");
    }
}

#[test]
fn a_problem_is_one_line_with_its_place() {
    assert_eq!(
        whys("//! Docs.\n\nuse std::fs;\n"),
        ["crates/engines/rbac/src/lib.rs:3: purity: `std::fs` reaches files: an adapter reads them"]
    );
}

#[test]
fn model_and_engines_are_pure_and_their_tests_need_not_be() {
    assert!(is_pure_source("crates/model/src/arn.rs"));
    assert!(is_pure_source("crates/engines/rbac/src/decide/rules.rs"));
    assert!(!is_pure_source("crates/engines/rbac/src/decide/tests.rs"));
    assert!(!is_pure_source("crates/engines/rbac/src/tests/wild.rs"));
    assert!(!is_pure_source("crates/engines/rbac/tests/it/main.rs"));
    assert!(!is_pure_source("crates/engines/rbac/benches/decide.rs"));
    assert!(!is_pure_source("crates/adapters/snapshot/src/lib.rs"));
}

#[test]
fn a_runtime_is_found_behind_another_crate_and_not_behind_a_test() {
    let metadata = metadata(&[
        ("ringwall-rbac", "crates/engines/rbac", &[("helper", None), ("proptest", Some("dev"))]),
        ("helper", "registry", &[("tokio", None)]),
        ("proptest", "registry", &[("rand", None)]),
        ("tokio", "registry", &[]),
        ("rand", "registry", &[]),
    ]);
    let problems = problems(&Tree { files: Vec::new(), metadata: &metadata });
    let whys: Vec<&str> = problems.iter().map(|problem| problem.why.as_str()).collect();
    assert_eq!(whys, ["`ringwall-rbac` reaches the crate `tokio`, which is not pure"]);
}
