use proptest::prelude::*;

use super::*;

#[test]
fn names_of_repositories_keep_to_the_grammar() {
    for name in ["ab", "team/shop", "a.b", "a_b", "a__b", "a-b", "a---b", "0/1", "a/b/c/d", "k8s.io-x/y__z"] {
        assert_eq!(RepositoryName::parse(name).unwrap().as_str(), name);
    }
    let bad = [
        "", "a", "A/b", "a..b", "a___b", "a_-b", "a._b", "-ab", "ab-", "ab/", "/ab", "a//b", "ab.", "a b",
        "äb", "a/-", "ab\n",
    ];
    for name in bad {
        assert!(RepositoryName::parse(name).is_err(), "`{name}`");
    }
    assert!(RepositoryName::parse(&"a".repeat(256)).is_ok());
    assert!(RepositoryName::parse(&"a".repeat(257)).is_err());
}

#[test]
fn a_wrong_name_is_told_in_the_words_of_ecr() {
    assert_eq!(
        RepositoryName::parse("Team").unwrap_err().to_string(),
        "Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must satisfy regular expression \
         '(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*''"
    );
}

#[test]
fn tags_and_digests_are_told_apart() {
    let sha256 = format!("sha256:{}", "0a".repeat(32));
    let sha512 = format!("sha512:{}", "f1".repeat(64));
    assert_eq!(Reference::parse("v1.2_x-3").unwrap().to_string(), "v1.2_x-3");
    assert!(matches!(Reference::parse(&sha256), Ok(Reference::Digest(digest)) if digest.as_str() == sha256));
    assert!(matches!(Reference::parse(&sha512), Ok(Reference::Digest(_))));
    let upper = sha256.to_uppercase();
    for bad in
        ["", ".a", "-a", "a/b", "sha256:", "sha256:0a", "md5:00", "sha512:0a", &upper, &format!("{sha256}0")]
    {
        assert!(Reference::parse(bad).is_err(), "`{bad}`");
    }
    assert!(Tag::parse(&"_".repeat(128)).is_ok());
    assert!(Tag::parse(&"_".repeat(129)).is_err());
}

/// The twin of `is_part`: the grammar's regular expression, letter by letter.
fn naive(part: &str) -> bool {
    let is_alphanumeric = |c: &char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let mut between = String::new();
    let (mut first, mut last) = (None, None);
    for c in part.chars() {
        first.get_or_insert(c);
        last = Some(c);
        if is_alphanumeric(&c) {
            if !(between.is_empty()
                || [".", "_", "__"].contains(&between.as_str())
                || between.chars().all(|c| c == '-'))
            {
                return false;
            }
            between.clear();
        } else {
            between.push(c);
        }
    }
    first.as_ref().is_some_and(is_alphanumeric) && last.as_ref().is_some_and(is_alphanumeric)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn parts_are_as_their_twin_says(part in "[ab0._-]{0,8}") {
        prop_assert_eq!(is_part(&part), naive(&part));
    }
}
