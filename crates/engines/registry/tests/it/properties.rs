//! The planner on made-up policies and repositories.

use std::collections::HashSet;

use proptest::prelude::*;
use ringwall_registry::lifecycle::{ActionKind, Count, ImageFacts, Policy, StorageClass, plan};
use serde_json::{Value, json};

use crate::lifecycle::DAY;
use crate::naive::fate;

const NOW: i64 = 1000 * DAY;

/// A rule without its priority, that is valid alone.
fn rule() -> impl Strategy<Value = Value> {
    let tags = prop_oneof![
        Just(json!({"tagStatus": "untagged"})),
        Just(json!({"tagStatus": "any"})),
        prop::collection::vec("[ab*]{1,3}", 1..3)
            .prop_map(|list| json!({"tagStatus": "tagged", "tagPatternList": list})),
        prop::collection::vec("[ab]{1,2}", 1..3)
            .prop_map(|list| json!({"tagStatus": "tagged", "tagPrefixList": list})),
    ];
    let archive = json!({"type": "transition", "targetStorageClass": "archive"});
    let expire = json!({"type": "expire"});
    let counts = prop_oneof![
        (1..5_u64, Just(expire.clone())).prop_map(|(count, action)| (json!({"countType": "imageCountMoreThan", "countNumber": count}), action)),
        (1..5_u64, Just(archive.clone())).prop_map(|(count, action)| (json!({"countType": "imageCountMoreThan", "countNumber": count}), action)),
        (1..200_u64, Just(expire.clone())).prop_map(|(days, action)| (json!({"countType": "sinceImagePushed", "countUnit": "days", "countNumber": days}), action)),
        (1..200_u64, Just(archive)).prop_map(|(days, action)| (json!({"countType": "sinceImagePulled", "countUnit": "days", "countNumber": days}), action)),
        (90..200_u64, Just(expire)).prop_map(|(days, action)| (
            json!({"countType": "sinceImageTransitioned", "countUnit": "days", "countNumber": days, "storageClass": "archive"}),
            action
        )),
    ];
    (tags, counts).prop_map(|(mut selection, (count, action))| {
        let all = selection.as_object_mut().unwrap();
        all.extend(count.as_object().unwrap().clone());
        json!({"selection": selection, "action": action})
    })
}

/// As many of the rules as are valid together, with priorities in any order.
fn policy() -> impl Strategy<Value = Policy> {
    prop::collection::vec((rule(), 1..1000_u64), 1..6).prop_filter_map("no rule is valid", |rules| {
        let mut good: Option<(Vec<Value>, Policy)> = None;
        for (mut rule, priority) in rules {
            rule.as_object_mut().unwrap().insert("rulePriority".to_owned(), json!(priority));
            let mut more = good.as_ref().map_or_else(Vec::new, |(rules, _)| rules.clone());
            more.push(rule);
            if let Ok(policy) = Policy::parse(&json!({"rules": more}).to_string()) {
                good = Some((more, policy));
            }
        }
        good.map(|(_, policy)| policy)
    })
}

fn images() -> impl Strategy<Value = Vec<ImageFacts>> {
    let day = 750..1000_i64;
    let image = (
        prop::collection::btree_set("[ab]{1,3}", 0..3),
        day.clone(),
        (prop::option::of(day.clone()), prop::option::of(day.clone()), prop::option::of(day)),
        prop::collection::vec(0..12_usize, 0..2),
        prop::option::weighted(0.3, 0..12_usize),
        prop::bool::weighted(0.1),
    );
    prop::collection::vec(image, 0..12).prop_map(|images| {
        let image =
            |(at, (tags, pushed, (pulled, restored, archived), references, subject, in_use)): (usize, _)| {
                let tags: std::collections::BTreeSet<String> = tags;
                let (references, subject): (Vec<usize>, Option<usize>) = (references, subject);
                let day = |day: Option<i64>| day.map(|day| day * DAY);
                let pushed: i64 = pushed;
                let archived: Option<i64> = archived;
                ImageFacts {
                    tags: tags.into_iter().collect(),
                    pulled_at: day(pulled),
                    restored_at: day(restored),
                    class: if archived.is_some() { StorageClass::Archive } else { StorageClass::Standard },
                    archived_at: day(archived),
                    // A manifest has the digests of what it names, so it comes after it.
                    references: references
                        .iter()
                        .filter(|other| **other < at)
                        .map(|at| format!("d{at}"))
                        .collect(),
                    subject: subject.filter(|other| *other < at).map(|at| format!("d{at}")),
                    in_use,
                    ..ImageFacts::new(format!("d{at}"), pushed * DAY)
                }
            };
        (0..).zip(images).map(image).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn plans_are_as_their_twin_says(policy in policy(), images in images()) {
        let plan = plan(&policy, &images, NOW);
        for image in &images {
            let planned: Vec<_> = plan
                .actions
                .iter()
                .filter(|action| action.digest == image.digest)
                .map(|action| (action.kind, action.priority))
                .collect();
            let expected: Vec<_> = fate(&policy, &images, image, NOW).into_iter().collect();
            prop_assert_eq!(planned, expected, "{:?}", image);
        }
    }

    #[test]
    fn the_order_of_images_does_not_matter(policy in policy(), images in images()) {
        let mut turned = images.clone();
        turned.reverse();
        prop_assert_eq!(plan(&policy, &images, NOW), plan(&policy, &turned, NOW));
    }

    #[test]
    fn what_is_done_twice_is_done_once(policy in policy(), images in images()) {
        // Carried out to the end, a policy comes to rest, and never touches what must stay.
        let mut left = images.clone();
        for _ in 0..=2 * images.len() {
            let plan = plan(&policy, &left, NOW);
            if plan.actions.is_empty() {
                break;
            }
            let expired: HashSet<String> = plan.actions.iter().filter(|action| action.kind == ActionKind::Expire).map(|action| action.digest.to_owned()).collect();
            let archived: HashSet<String> = plan.actions.iter().filter(|action| action.kind == ActionKind::Archive).map(|action| action.digest.to_owned()).collect();
            left.retain(|image| !expired.contains(&image.digest));
            for image in left.iter_mut().filter(|image| archived.contains(&image.digest)) {
                image.class = StorageClass::Archive;
                image.archived_at = Some(NOW);
            }
        }
        prop_assert!(plan(&policy, &left, NOW).actions.is_empty());
        for image in images.iter().filter(|image| image.in_use && image.subject.is_none()) {
            prop_assert!(left.iter().any(|kept| kept.digest == image.digest && kept.class == image.class));
        }
    }

    #[test]
    fn a_rule_that_keeps_some_keeps_at_least_so_many(policy in policy(), images in images()) {
        let plan = plan(&policy, &images, NOW);
        for rule in policy.rules() {
            let Count::MoreThan(count) = rule.count else { continue };
            let acted = plan.actions.iter().filter(|action| action.priority == rule.priority).count();
            let selected = images.iter().filter(|image| rule.class == image.class && rule.tags.selects(&image.tags)).count();
            let followers = images.iter().filter(|image| image.subject.is_some()).count();
            prop_assert!(acted <= selected.saturating_sub(usize::try_from(count).unwrap()) + followers);
        }
    }
}
