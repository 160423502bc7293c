use std::fs;

use super::*;

const KEY: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";

fn load(text: &str) -> Result<Configuration, String> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("release.pub"), KEY).unwrap();
    let path = folder.path().join("guard.toml");
    fs::write(&path, text).unwrap();
    Configuration::load(&path).map_err(|error| {
        let mut text = error.to_string();
        let mut source = std::error::Error::source(&error);
        while let Some(error) = source {
            text = format!("{text}: {error}");
            source = error.source();
        }
        text
    })
}

#[test]
fn a_rule_audits_unless_it_says_otherwise() {
    let read = load(
        "[[rule]]\nname = \"a\"\nsigned = true\nkeys = [\"release.pub\"]\n\n[[rule]]\nname = \"b\"\nmode = \"enforce\"\n\
         max-severity = \"HIGH\"\n",
    )
    .unwrap();
    assert_eq!(
        read.rules.iter().map(|rule| rule.rule.mode).collect::<Vec<_>>(),
        [Mode::Audit, Mode::Enforce]
    );
    assert!(read.rules[0].trust.is_some() && read.rules[1].trust.is_none());
    let read = load("mode = \"enforce\"\n[[rule]]\nname = \"a\"\nscanned = true\n").unwrap();
    assert_eq!(read.rules[0].rule.mode, Mode::Enforce);
}

#[test]
fn what_a_rule_is_for_is_by_image_and_namespace() {
    let read = load(
        "[[rule]]\nname = \"a\"\nscanned = true\nimages = [\"registry.test/shop/*\"]\nnamespaces = [\"shop-*\"]\n\
         except-namespaces = [\"shop-dev\"]\nexempt = [\"registry.test/shop/base\"]\n",
    )
    .unwrap();
    let is_for = |image: &str, namespace| read.of(&image.parse().unwrap(), namespace).count() == 1;
    assert!(is_for("registry.test/shop/web:1", Some("shop-live")));
    assert!(!is_for("registry.test/shop/web:1", Some("shop-dev")));
    assert!(!is_for("registry.test/shop/web:1", Some("other")));
    assert!(!is_for("registry.test/other/web:1", Some("shop-live")));
    assert!(!is_for("registry.test/shop/base:1", Some("shop-live")));
    // A pull is of no namespace.
    assert!(!is_for("registry.test/shop/web:1", None));
}

#[test]
fn what_asks_for_nothing_or_trusts_nobody_is_refused() {
    for (text, why) in [
        ("[[rule]]\nname = \"a\"\n", "asks for nothing"),
        ("[[rule]]\nname = \"a\"\nsigned = true\n", "neither a key nor an identity"),
        (
            "[[rule]]\nname = \"a\"\nscanned = true\nkeys = [\"release.pub\"]\n",
            "does not ask for a signature",
        ),
        ("[[rule]]\nname = \"a\"\nsigned = true\nkeys = [\"missing.pub\"]\n", "can't be read"),
        ("[[rule]]\nname = \"a\"\nsigned = true\nkeys = [\"guard.toml\"]\n", "no public key"),
        ("[[rule]]\nname = \"a\"\nscaned = true\n", "unknown field `scaned`"),
        (
            "[[rule]]\nname = \"a\"\nsigned = true\nidentities = [{ subject = \"a@b.test\", issuer = \"*\" }]\n",
            "no roots",
        ),
    ] {
        let error = load(text).unwrap_err();
        assert!(error.contains(why), "{error}");
    }
}
