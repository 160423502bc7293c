//! What holds for any bytes that are read as one of a registry's rules. The fuzz target calls it, and a test that replays its
//! corpus.
#![allow(dead_code, reason = "the fuzz target has no use for what was read")]

use ringwall_registry::lifecycle::{ImageFacts, MAX_RULES, Policy, plan};
use ringwall_registry::replication::{self, Change, Origin};
use ringwall_registry::{Mutability, Reference, RepositoryName, Tag, cache, guard, scanning, template};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Which kinds of rule some bytes were.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Read {
    pub(crate) lifecycle: bool,
    pub(crate) mutability: bool,
    pub(crate) replication: bool,
    pub(crate) scanning: bool,
    pub(crate) template: bool,
    pub(crate) cache: bool,
    pub(crate) guard: bool,
    pub(crate) name: bool,
}

/// Reads the bytes as each kind of rule. What is read is written and read again as the same, and decides without a panic.
pub(crate) fn rules(bytes: &[u8]) -> Read {
    let Ok(text) = std::str::from_utf8(bytes) else { return Read::default() };
    let name = RepositoryName::parse("team/shop").unwrap();
    let name = RepositoryName::parse(text).unwrap_or(name);
    if let Ok(origin) = Origin::parse(text) {
        assert_eq!(origin.to_string(), text);
    }
    if let Ok(reference) = Reference::parse(text) {
        assert_eq!(reference.to_string(), text);
    }
    let policy = Policy::parse(text);
    if let Ok(policy) = &policy {
        assert!((1..=MAX_RULES).contains(&policy.rules().len()));
        let mut images: Vec<_> =
            (0..9).map(|at| ImageFacts::new(format!("sha256:{at}"), at * 40_000_000_000)).collect();
        for (image, tag) in images.iter_mut().zip(["prod-1", "v1", "", "latest", "beta"]) {
            image.tags.extend((!tag.is_empty()).then(|| tag.to_owned()));
        }
        let plan = plan(policy, &images, i64::MAX);
        assert!(plan.actions.len() + plan.kept.len() <= images.len());
    }
    let tag = Tag::parse("v1.2.0").unwrap();
    let mutability = again::<Mutability>(text);
    _ = mutability.as_ref().map(|mutability| mutability.may_move(&tag));
    let replication = again::<replication::Configuration>(text);
    _ = replication.as_ref().map(|rules| rules.targets(&name, Change::Push, None).len());
    let scanning = again::<scanning::Configuration>(text);
    _ = scanning.as_ref().map(|rules| rules.frequency(&name));
    let template = again::<template::Template>(text);
    _ = template
        .as_ref()
        .map(|found| (found.check(), template::find([found], &name, template::AppliedFor::CreateOnPush)));
    let cache = again::<cache::Rule>(text);
    _ = cache.as_ref().map(|rule| {
        (rule.check(), rule.upstream_name(&name), cache::Upstream::at(&rule.upstream_registry_url))
    });
    let guard = again::<guard::Rule>(text);
    _ = guard.as_ref().map(|rule| rule.is_for(&name));
    Read {
        lifecycle: policy.is_ok(),
        mutability: mutability.is_some(),
        replication: replication.is_some(),
        scanning: scanning.is_some(),
        template: template.is_some_and(|template| template.check().is_ok()),
        cache: cache.is_some_and(|rule| rule.check().is_ok()),
        guard: guard.is_some(),
        name: RepositoryName::parse(text).is_ok(),
    }
}

fn again<T: DeserializeOwned + Serialize + PartialEq + std::fmt::Debug>(text: &str) -> Option<T> {
    let read: T = serde_json::from_str(text).ok()?;
    let written = serde_json::to_string(&read).unwrap();
    assert_eq!(serde_json::from_str::<T>(&written).unwrap(), read);
    Some(read)
}
