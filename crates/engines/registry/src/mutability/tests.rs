use super::*;
use crate::{Digest, RepositoryName, TagMove, tag_move};

fn may(mode: Mode, filters: &[&str], tag: &str) -> bool {
    let filters = filters.iter().map(|filter| (*filter).to_owned()).collect();
    Mutability::new(mode, filters).unwrap().may_move(&Tag::parse(tag).unwrap())
}

#[test]
fn each_mode_means_what_it_says() {
    for tag in ["latest", "dev-1", "v1"] {
        assert!(may(Mode::Mutable, &[], tag));
        assert!(!may(Mode::Immutable, &[], tag));
    }
    for (tag, excluded) in
        [("latest", true), ("dev-1", true), ("dev-", true), ("v1", false), ("my-dev-1", false)]
    {
        assert_eq!(may(Mode::ImmutableWithExclusion, &["latest", "dev-*"], tag), excluded, "{tag}");
        assert_eq!(may(Mode::MutableWithExclusion, &["latest", "dev-*"], tag), !excluded, "{tag}");
    }
}

#[test]
fn filters_are_limited() {
    let new = |mode, filters: &[&str]| {
        Mutability::new(mode, filters.iter().map(|filter| (*filter).to_owned()).collect())
    };
    assert!(new(Mode::ImmutableWithExclusion, &["a"; 5]).is_ok());
    assert!(new(Mode::ImmutableWithExclusion, &["a"; 6]).is_err());
    assert!(new(Mode::ImmutableWithExclusion, &[]).is_err());
    assert!(new(Mode::Immutable, &["a"]).is_err());
    assert!(new(Mode::Mutable, &["a"]).is_err());
    assert!(new(Mode::MutableWithExclusion, &["*a*"]).is_ok());
    assert!(new(Mode::MutableWithExclusion, &["*a*b*"]).is_err());
    for bad in ["", "a/b", "a b", "a?"] {
        assert!(new(Mode::MutableWithExclusion, &[bad]).is_err(), "`{bad}`");
    }
    assert!(new(Mode::MutableWithExclusion, &[&"a".repeat(128)]).is_ok());
    assert!(new(Mode::MutableWithExclusion, &[&"a".repeat(129)]).is_err());
}

#[test]
fn the_json_is_that_of_ecr_and_is_checked_when_read() {
    let text = r#"{"imageTagMutability":"IMMUTABLE_WITH_EXCLUSION","imageTagMutabilityExclusionFilters":[{"filterType":"WILDCARD","filter":"dev-*"}]}"#;
    let read: Mutability = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), text);
    assert_eq!(serde_json::to_string(&Mutability::default()).unwrap(), r#"{"imageTagMutability":"MUTABLE"}"#);
    assert_eq!(serde_json::from_str::<Mutability>("{}").unwrap(), Mutability::default());
    assert!(
        serde_json::from_str::<Mutability>(&text.replace("IMMUTABLE_WITH_EXCLUSION", "IMMUTABLE")).is_err()
    );
    assert!(serde_json::from_str::<Mutability>(&text.replace("WILDCARD", "REGEX")).is_err());
}

#[test]
fn a_tag_that_stays_with_its_image_is_not_moved() {
    let (one, two) = (format!("sha256:{}", "1".repeat(64)), format!("sha256:{}", "2".repeat(64)));
    let (one, two) = (Digest::parse(&one).unwrap(), Digest::parse(&two).unwrap());
    let (tag, repository) = (Tag::parse("v1").unwrap(), RepositoryName::parse("shop").unwrap());
    let immutable = Mutability::new(Mode::Immutable, Vec::new()).unwrap();
    let judge = |mutability: &Mutability, current| tag_move(mutability, &repository, &tag, current, &one);
    assert_eq!(judge(&immutable, None), Ok(TagMove::New));
    assert_eq!(judge(&immutable, Some(&one)), Ok(TagMove::Same));
    assert_eq!(judge(&Mutability::default(), Some(&two)), Ok(TagMove::Moved));
    assert_eq!(
        judge(&immutable, Some(&two)).unwrap_err().to_string(),
        "The image tag 'v1' already exists in the 'shop' repository and cannot be overwritten because the tag is immutable."
    );
}
