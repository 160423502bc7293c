use proptest::prelude::*;
use ringwall_rootkey::Source;

const TOKEN: &str =
    "pkcs11:token=ring%20wall;object=root;id=%01%ff;type=secret-key?module-path=/m.so&pin-source=env:PIN";

#[test]
fn each_form_is_read_and_written() {
    for text in [
        "file:/etc/ringwall/root.key",
        "passphrase:file:/run/secrets/phrase",
        "passphrase:env:RINGWALL_PASSPHRASE",
        TOKEN,
        "pkcs11:token=t;serial=0123;object=o?module-path=/usr/lib/m.so&pin-source=file:/etc/pin",
    ] {
        assert_eq!(text.parse::<Source>().unwrap().to_string(), text);
    }
}

#[test]
fn what_is_wrong_is_told_without_what_may_be_a_secret() {
    let uri = |path: &str, query: &str| format!("pkcs11:{path}?{query}");
    let query = "module-path=/m.so&pin-source=env:PIN";
    for (text, why) in [
        ("", "it begins with no kind of root key"),
        ("hunter2", "it begins with no kind of root key"),
        ("/etc/hunter2", "it begins with no kind of root key"),
        ("vault:hunter2", "it begins with no kind of root key"),
        ("file:hunter2", "the path is not absolute"),
        ("file:", "the path is not absolute"),
        ("passphrase:hunter2", "it says neither `file:` nor `env:` before where the secret is"),
        ("passphrase:env:hunter 2", "that is not the name of an environment variable"),
        ("passphrase:env:", "that is not the name of an environment variable"),
        ("passphrase:env:2hunter", "that is not the name of an environment variable"),
        ("passphrase:file:hunter2", "the path is not absolute"),
        ("pkcs11:token=hunter2;object=o", "the URI has no `?module-path=`"),
        (&uri("object=hunter2", query), "the URI has no `token`"),
        (&uri("token=hunter2", query), "the URI has no `object`"),
        (&uri("token=t;object=o", "pin-source=env:hunter2"), "the URI has no `module-path`"),
        (&uri("token=t;object=o", "module-path=/hunter2"), "the URI has no `pin-source`"),
        (&uri("token=t;object=o", "pin-value=hunter2"), "a URI is no place for a PIN, use `pin-source`"),
        (&uri("token=t;object=o;slot-id=1", query), "the URI has an attribute that is not used here"),
        (&uri("token=t;token=t;object=o", query), "the URI has an attribute twice"),
        (&uri("token=t;object=%ff", query), "the URI has a value that is not UTF-8"),
        (&uri("token=t;object=o;type=private", query), "the URI's `type` is not `secret-key`"),
        (&uri("hunter2", query), "the URI has an attribute without `=`"),
        (&"x".repeat(4097), "it is too long"),
    ] {
        let error = text.parse::<Source>().unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("the root key's source is wrong: {why} (hint: ")),
            "{text}: {error}"
        );
        assert!(!error.contains("hunter"), "{text}: {error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_read_is_written_the_same(text in "(file|passphrase|pkcs11):[ -~]{0,60}") {
        if let Ok(source) = text.parse::<Source>() {
            prop_assert_eq!(source.to_string(), text);
        }
    }

    #[test]
    fn any_change_of_a_uri_is_read_or_refused(at in 0..TOKEN.len(), with in any::<char>()) {
        let changed = format!("{}{with}{}", &TOKEN[..at], &TOKEN[at + 1..]);
        if let Ok(source) = changed.parse::<Source>() {
            prop_assert_eq!(source.to_string(), changed);
        }
    }
}
