//! The cases of lifecycle policies.

use std::fs;
use std::path::Path;

use ringwall_registry::lifecycle::{ImageFacts, Keep, Policy, StorageClass, plan};
use serde::Deserialize;
use serde_json::Value;

/// Milliseconds of a day.
pub(crate) const DAY: i64 = 86_400_000;

/// The day on which the cases are looked at.
const NOW: i64 = 1000 * DAY;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    policy: Value,
    images: Vec<Image>,
    actions: Vec<(String, String, u64)>,
    #[serde(default)]
    kept: Vec<(String, String)>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Image {
    digest: String,
    #[serde(default)]
    tags: Vec<String>,
    pushed: i64,
    pulled: Option<i64>,
    restored: Option<i64>,
    archived: Option<i64>,
    #[serde(default)]
    references: Vec<String>,
    subject: Option<String>,
    #[serde(default)]
    in_use: bool,
}

impl From<Image> for ImageFacts {
    fn from(image: Image) -> Self {
        let day = |day: Option<i64>| day.map(|day| day * DAY);
        Self {
            tags: image.tags,
            pulled_at: day(image.pulled),
            restored_at: day(image.restored),
            class: if image.archived.is_some() { StorageClass::Archive } else { StorageClass::Standard },
            archived_at: day(image.archived),
            references: image.references,
            subject: image.subject,
            in_use: image.in_use,
            ..Self::new(image.digest, image.pushed * DAY)
        }
    }
}

fn lines(file: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../cases/registry");
    fs::read_to_string(folder.join(file)).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn cases_are_decided_as_expected() {
    let cases = lines("lifecycle.jsonl");
    assert!(cases.len() >= 20);
    for line in cases {
        let case: Case = serde_json::from_str(&line).unwrap();
        let policy = Policy::parse(&case.policy.to_string()).unwrap();
        let images: Vec<ImageFacts> = case.images.into_iter().map(ImageFacts::from).collect();
        let plan = plan(&policy, &images, NOW);
        let actions: Vec<_> = plan
            .actions
            .iter()
            .map(|action| (action.digest.to_owned(), action.kind.as_str().to_owned(), action.priority))
            .collect();
        assert_eq!(actions, case.actions, "{}", case.name);
        let because = |keep| match keep {
            Keep::Referenced => "referenced".to_owned(),
            Keep::InUse => "in use".to_owned(),
        };
        let mut kept: Vec<_> =
            plan.kept.iter().map(|kept| (kept.action.digest.to_owned(), because(kept.because))).collect();
        kept.sort();
        let mut expected = case.kept;
        expected.sort();
        assert_eq!(kept, expected, "{}", case.name);
    }
}

#[test]
fn errors_are_told_in_the_words_of_ecr() {
    #[derive(Deserialize)]
    struct Wrong {
        name: String,
        policy: String,
        message: String,
    }
    let cases = lines("lifecycle-errors.jsonl");
    assert!(cases.len() >= 25);
    for line in cases {
        let wrong: Wrong = serde_json::from_str(&line).unwrap();
        let message = Policy::parse(&wrong.policy).unwrap_err().to_string();
        let expected = format!(
            "Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: 'Lifecycle policy validation failure: {}'",
            wrong.message
        );
        assert_eq!(message, expected, "{}", wrong.name);
    }
}

#[test]
fn a_text_that_is_too_long_or_too_deep_is_refused() {
    let long = format!(r#"{{"rules": [], "x": "{}"}}"#, "x".repeat(30_720));
    assert!(Policy::parse(&long).unwrap_err().to_string().contains("less than or equal to 30720"));
    assert!(Policy::parse(&"[".repeat(30_000)).is_err());
}
