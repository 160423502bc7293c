use proptest::collection::vec;
use proptest::prelude::*;
use ringwall_model::PolicyRule;
use ringwall_rbac::covers;

use crate::generate;

/// Every atom of every rule, each compared with every held rule, field by field.
fn naive(held: &[PolicyRule], wanted: &[PolicyRule]) -> Vec<PolicyRule> {
    let mut atoms = Vec::new();
    for rule in wanted {
        for group in &rule.api_groups {
            for resource in &rule.resources {
                for verb in &rule.verbs {
                    let names: Vec<Vec<_>> = if rule.resource_names.is_empty() {
                        vec![Vec::new()]
                    } else {
                        rule.resource_names.iter().map(|name| vec![name.clone()]).collect()
                    };
                    for resource_names in names {
                        atoms.push(PolicyRule {
                            verbs: vec![verb.clone()],
                            api_groups: vec![group.clone()],
                            resources: vec![resource.clone()],
                            resource_names,
                            non_resource_urls: Vec::new(),
                            line: rule.line,
                        });
                    }
                }
            }
        }
        for url in &rule.non_resource_urls {
            for verb in &rule.verbs {
                atoms.push(PolicyRule {
                    verbs: vec![verb.clone()],
                    non_resource_urls: vec![url.clone()],
                    line: rule.line,
                    ..PolicyRule::default()
                });
            }
        }
    }
    atoms.retain(|atom| !held.iter().any(|rule| one_covers(rule, atom)));
    atoms
}

fn one_covers(held: &PolicyRule, atom: &PolicyRule) -> bool {
    let star = |list: &[std::sync::Arc<str>]| list.iter().any(|item| &**item == "*");
    let all = |list: &[std::sync::Arc<str>], wanted: &[std::sync::Arc<str>]| {
        wanted.iter().all(|item| list.contains(item))
    };
    let verbs = star(&held.verbs) || all(&held.verbs, &atom.verbs);
    let groups = star(&held.api_groups) || all(&held.api_groups, &atom.api_groups);
    let resources = star(&held.resources)
        || atom.resources.iter().all(|wanted| {
            let pieces: Vec<&str> = wanted.splitn(2, '/').collect();
            held.resources.contains(wanted)
                || (pieces.len() == 2
                    && held.resources.iter().any(|held| **held == *format!("*/{}", pieces[1])))
        });
    let names = held.resource_names.is_empty()
        || (!atom.resource_names.is_empty() && all(&held.resource_names, &atom.resource_names));
    let urls = atom.non_resource_urls.iter().all(|wanted| {
        held.non_resource_urls.iter().any(|held| {
            held == wanted || (held.ends_with('*') && wanted.starts_with(held.trim_end_matches('*')))
        })
    });
    verbs && groups && resources && names && urls
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn covers_agrees_with_atoms_compared_one_by_one(
        held in vec(generate::rule(), 0..5),
        wanted in vec(generate::rule(), 0..4),
    ) {
        let found: Vec<PolicyRule> = covers(&held, &wanted).collect();
        prop_assert_eq!(found, naive(&held, &wanted));
    }

    #[test]
    fn everyone_may_hand_on_what_they_hold(mut rules in vec(generate::rule(), 0..5)) {
        // A rule with names covers no path, its own neither.
        for rule in rules.iter_mut().filter(|rule| !rule.resource_names.is_empty()) {
            rule.non_resource_urls.clear();
        }
        prop_assert_eq!(covers(&rules, &rules).next(), None);
    }
}

#[test]
fn a_rule_of_long_lists_does_not_fill_memory() {
    let many = |text: &str| (0..2_000).map(|number| format!("{text}{number}").into()).collect();
    let bomb = PolicyRule {
        verbs: many("v"),
        api_groups: many("g"),
        resources: many("r"),
        resource_names: many("n"),
        ..PolicyRule::default()
    };
    assert_eq!(covers(&[], std::slice::from_ref(&bomb)).take(3).count(), 3);
}
