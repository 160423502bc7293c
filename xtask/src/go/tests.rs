use super::*;

fn version(text: &str) -> Version {
    Version::parse(text).unwrap()
}

#[test]
fn versions_compare_by_number() {
    assert!(version("1.26.8") > version("1.26.0"));
    assert!(version("1.9.9") < version("1.26"));
    assert_eq!(version("1.27rc1").to_string(), "1.27.0");
    assert_eq!(Version::parse("devel"), None);
}

#[test]
fn a_module_says_what_it_needs() {
    let go_mod = "module example\n\ngo 1.26.0\n\ngodebug default=go1.26\n";
    assert_eq!(Version::of_module(go_mod).unwrap(), version("1.26.0"));
    assert!(Version::of_module("module example\n").is_err());
}

#[test]
fn a_program_says_what_it_is() {
    assert_eq!(Version::of_program("go version go1.26.8 linux/amd64"), Some(version("1.26.8")));
    assert_eq!(Version::of_program("go version devel +a1b2c3 linux/amd64"), None);
}
