//! The twin of the lifecycle planner: each rule of the documentation asked for each image on its own, whatever it costs.

use ringwall_registry::lifecycle::{ActionKind, Count, ImageFacts, Policy, Rule, StorageClass, TagSelection};

use crate::lifecycle::DAY;

fn matches(pattern: &[u8], tag: &[u8]) -> bool {
    match (pattern.split_first(), tag.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) if matches(rest, tag) => true,
        (Some((b'*', _)), Some((_, after))) => matches(pattern, after),
        (Some((expected, rest)), Some((letter, after))) => expected == letter && matches(rest, after),
        _ => false,
    }
}

/// What an untagged artifact belongs to, if that is there.
fn subject<'a>(images: &'a [ImageFacts], image: &ImageFacts) -> Option<&'a ImageFacts> {
    let subject = image.subject.as_ref().filter(|_| image.tags.is_empty())?;
    images.iter().find(|image| image.digest == *subject)
}

fn selects(images: &[ImageFacts], rule: &Rule, image: &ImageFacts) -> bool {
    let has = |matching: &dyn Fn(&str) -> bool| image.tags.iter().any(|tag| matching(tag));
    let tags = match &rule.tags {
        TagSelection::Any => true,
        TagSelection::Untagged => image.tags.is_empty(),
        TagSelection::Patterns(patterns) => {
            patterns.iter().all(|pattern| has(&|tag| matches(pattern.as_str().as_bytes(), tag.as_bytes())))
        }
        TagSelection::Prefixes(prefixes) => {
            prefixes.iter().all(|prefix| has(&|tag| tag.get(..prefix.len()) == Some(prefix)))
        }
    };
    tags && rule.class == image.class && subject(images, image).is_none()
}

/// Whether the rule, alone in its policy, would act on the image.
fn identifies(images: &[ImageFacts], rule: &Rule, image: &ImageFacts, now: i64) -> bool {
    if !selects(images, rule, image) {
        return false;
    }
    let older = |since: i64, days: u64| now - since > i64::try_from(days).unwrap() * DAY;
    match rule.count {
        Count::MoreThan(count) => {
            let younger = images.iter().filter(|other| {
                selects(images, rule, other)
                    && (other.pushed_at, &other.digest) > (image.pushed_at, &image.digest)
            });
            younger.count() >= usize::try_from(count).unwrap()
        }
        Count::SincePushed(days) => older(image.pushed_at, days),
        Count::SincePulled(days) => {
            let latest = image.pulled_at.into_iter().chain(image.restored_at).max();
            older(latest.unwrap_or(image.pushed_at), days)
        }
        Count::SinceTransitioned(days) => image.archived_at.is_some_and(|since| older(since, days)),
    }
}

/// What becomes of an image and by which rule, or nothing.
pub(crate) fn fate(
    policy: &Policy,
    images: &[ImageFacts],
    image: &ImageFacts,
    now: i64,
) -> Option<(ActionKind, u64)> {
    if let Some(mut root) = subject(images, image) {
        while let Some(next) = subject(images, root) {
            root = next;
        }
        let (kind, priority) = fate(policy, images, root, now)?;
        let is_there = kind == ActionKind::Archive && image.class == StorageClass::Archive;
        return (!is_there).then_some((kind, priority));
    }
    // The first rule that selects it is the only one that may act on it.
    let rule = policy.rules().iter().find(|rule| selects(images, rule, image))?;
    let referenced = images.iter().any(|index| index.references.contains(&image.digest));
    let runs = |digest: &String| images.iter().any(|image| image.digest == *digest && image.in_use);
    let in_use = image.in_use || image.references.iter().any(runs);
    (identifies(images, rule, image, now) && !referenced && !in_use).then_some((rule.action, rule.priority))
}
