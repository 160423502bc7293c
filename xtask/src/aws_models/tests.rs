use regex::Regex;

use super::pattern::to_rust;
use super::served;

fn matches(java: &str, text: &str) -> bool {
    Regex::new(&format!(r"\A(?:{})\z", to_rust(java).unwrap())).unwrap().is_match(text)
}

#[test]
fn the_classes_of_java_are_ascii() {
    for (java, yes, no) in [
        (r"[\w+=,.@-]+", "a_B9+=,.@-", "é"),
        (r"\d", "7", "٧"),
        (r"[\s]", "\u{b}", "\u{a0}"),
        (r".", "é", "\r"),
        (r".", "\u{84}", "\u{85}"),
        (r"\S", "\u{a0}", " "),
        (r"[\u0020-\u00FF]+", "ÿ", "Ā"),
        (r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*", "é ٧-", "!"),
        (r"[a-z-_.]", "-", "A"),
        (r"^a$", "a", "a\n"),
    ] {
        assert!(matches(java, yes), "{java} {yes:?}");
        assert!(!matches(java, no), "{java} {no:?}");
    }
}

#[test]
fn a_pattern_that_looks_ahead_is_rewritten() {
    let alias = "^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$";
    for yes in ["abc", "a-b", "a-b-c9"] {
        assert!(matches(alias, yes), "{yes}");
    }
    for no in ["-ab", "ab-", "a--b", "A-b", ""] {
        assert!(!matches(alias, no), "{no}");
    }
}

#[test]
fn what_rust_cannot_say_is_refused() {
    for (java, why) in [
        ("(?!aws:).*", "a group that is neither plain nor `(?:`"),
        (r"(a)\1", "`\\1` is not known here"),
        (r"\p{Alpha}", "`\\p{Al` may be another set in Rust"),
        ("[a-z&&[^b]]", "`&&` in a class, which Java and Rust may read differently"),
        (r"\uD800", "`\\uD800` is no character"),
    ] {
        let error = to_rust(java).unwrap_err();
        assert_eq!(format!("{error:#}"), format!("the pattern `{java}`: {why}"));
    }
}

#[test]
fn the_list_is_read_by_service() {
    let services = served("# what is served\nkms Encrypt\nsts AssumeRole\nkms Decrypt\n").unwrap();
    let shown: Vec<_> =
        services.iter().map(|(service, names)| format!("{service}: {}", names.join(" "))).collect();
    assert_eq!(shown, ["kms: Encrypt Decrypt", "sts: AssumeRole"]);
    assert!(served("kms Encrypt\nkms Encrypt\n").is_err());
    assert!(served("kms\n").is_err());
}
