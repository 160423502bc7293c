use super::{Doc, MAX_DEPTH};
use crate::read::Spot;

#[test]
fn what_stands_before_a_fault_of_json_stays() {
    let (doc, fault) = Doc::json(b"{\"a\": {\"v\": \"1\"},\n \"b\": {\"v\": \"2\", \"w\": [1, tru");
    assert_eq!(doc.get("a").and_then(|a| a.text("v")), Some("1"));
    assert_eq!(doc.get("b").and_then(|b| b.text("v")), Some("2"));
    assert_eq!(fault.unwrap().spot, Spot::Line(2));
}

#[test]
fn what_stands_before_a_fault_of_yaml_stays() {
    let (doc, fault) = Doc::yaml("a:\n  v: 1.10\n  dev: true\nb: {x: 'true', y: [p, q]}\nc: [\n");
    assert_eq!(doc.get("a").and_then(|a| a.text("v")), Some("1.10"));
    assert!(doc.get("a").unwrap().is("dev") && !doc.get("b").unwrap().is("x"));
    assert_eq!(doc.get("b").unwrap().list("y").len(), 2);
    assert!(fault.is_some());
}

#[test]
fn what_stands_around_a_fault_of_toml_stays() {
    let (doc, fault) = Doc::toml("[[package]]\nname = \"a\"\nversion = ???\n[[package]]\nname = \"b\"\n");
    let names: Vec<_> = doc.list("package").iter().filter_map(|package| package.text("name")).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(fault.unwrap().spot, Spot::Line(3));
}

#[test]
fn depth_is_bounded() {
    let deep = 100 * MAX_DEPTH;
    assert!(Doc::json("[".repeat(deep).as_bytes()).1.is_some());
    assert!(Doc::yaml(&"[".repeat(deep)).1.is_some());
    assert!(Doc::toml(&format!("a = {}{}", "[".repeat(deep), "]".repeat(deep))).1.is_some());
    assert!(Doc::yaml("a: &x 1\nb: *x\n").1.is_some());
}
