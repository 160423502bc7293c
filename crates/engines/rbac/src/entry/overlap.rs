//! Mappings of the same principal, and lists that the authentication mode does not read.

use hashbrown::HashMap;
use ringwall_model::{AuthenticationMode, Severity};

use super::Reading;
use super::flaw::{Flaw, FlawKind};
use super::mapping::{Mapping, Origin};
use super::principal::{Matcher, fold};

/// Marks what does not count beside the others.
pub(super) fn mark(all: &mut [Mapping], mode: Option<AuthenticationMode>, reading: &Reading) {
    for mapping in all.iter_mut() {
        ignored(mapping, mode);
    }
    let groups = same_matcher(all);
    for places in groups {
        duplicates(all, &places, reading);
        shadowed(all, &places, mode);
    }
}

fn ignored(mapping: &mut Mapping, mode: Option<AuthenticationMode>) {
    let text = match (mode, mapping.origin.is_aws_auth()) {
        (Some(AuthenticationMode::Api), true) => {
            format!("`{}` in aws-auth does not count: the authentication mode is API", mapping.principal)
        }
        (Some(AuthenticationMode::ConfigMap), false) => {
            format!(
                "the access entry of `{}` does not count: the authentication mode is CONFIG_MAP",
                mapping.principal
            )
        }
        _ => return,
    };
    push(mapping, FlawKind::IgnoredMode, text, Severity::Low, true);
}

fn push(mapping: &mut Mapping, kind: FlawKind, text: String, severity: Severity, never: bool) {
    let source = mapping.source.clone();
    mapping.flaws.push(Flaw { kind, text, severity, never, source });
}

/// Places of mappings that match the same principals, in the order of the first of each.
fn same_matcher(all: &[Mapping]) -> Vec<Vec<usize>> {
    let mut numbers: HashMap<(&str, &str), usize> = HashMap::new();
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (place, mapping) in all.iter().enumerate().filter(|(_, mapping)| mapping.is_found()) {
        let key = match &mapping.matcher {
            Matcher::Exact(key) => ("exact", key.as_str()),
            // None of these can be mistaken for another: an ARN's beginning, a unique id, an account's id.
            Matcher::Prefix(key) | Matcher::PermissionSet(key) | Matcher::Id(key) | Matcher::Account(key) => {
                ("", key.as_str())
            }
            Matcher::Like { head, resource } => (head.as_str(), resource.as_str()),
            Matcher::Nobody => continue,
        };
        let next = groups.len();
        let number = *numbers.entry(key).or_insert(next);
        match groups.get_mut(number) {
            Some(group) => group.push(place),
            None => groups.push(vec![place]),
        }
    }
    groups.retain(|group| group.len() > 1);
    groups
}

/// Within one list.
///
/// Source: aws-iam-authenticator 81b1daba, `pkg/config/mapper.go`, `Key`: roles are kept by their ARN in lower
/// case, users by theirs as written, each in a Go map that is then searched in random order.
fn duplicates(all: &mut [Mapping], places: &[usize], reading: &Reading) {
    for origin in [Origin::AccessEntry, Origin::MapRoles, Origin::MapUsers, Origin::MapAccounts] {
        let own: Vec<(usize, String, String)> = places
            .iter()
            .filter_map(|place| Some((*place, all.get(*place)?)))
            .filter(|(_, mapping)| mapping.origin == origin)
            .map(|(place, mapping)| (place, key(mapping, reading), mapping.source.to_string()))
            .collect();
        for (nth, (place, key, _)) in own.iter().enumerate() {
            let rest = own.get(nth + 1..).unwrap_or_default();
            let last = rest.iter().rev().find(|(_, other, _)| other == key);
            let other = own.iter().find(|(_, other, _)| other != key);
            let Some(mapping) = all.get_mut(*place) else { continue };
            let name = mapping.principal.clone();
            match (last, origin) {
                (_, Origin::AccessEntry) if own.len() > 1 => {
                    let text = format!(
                        "`{name}` has two access entries in the snapshot; a cluster has one a principal"
                    );
                    push(mapping, FlawKind::Duplicate, text, Severity::Medium, false);
                }
                (Some((_, _, spot)), Origin::MapAccounts) => {
                    let text = format!("account `{name}` is written again at {spot}");
                    push(mapping, FlawKind::Duplicate, text, Severity::Low, false);
                }
                (Some((_, _, spot)), Origin::MapRoles | Origin::MapUsers) => {
                    let text = format!("`{name}` is mapped again at {spot}, and the last entry alone counts");
                    push(mapping, FlawKind::Duplicate, text, Severity::Medium, true);
                }
                (None, Origin::MapUsers) => {
                    if let Some((_, _, spot)) = other {
                        let text = format!(
                            "`{name}` is mapped in another case at {spot}; which of the two counts changes from login to login"
                        );
                        push(mapping, FlawKind::Duplicate, text, Severity::Medium, false);
                    }
                }
                _ => {}
            }
        }
    }
}

/// What the authenticator keeps a mapping by.
fn key(mapping: &Mapping, reading: &Reading) -> String {
    match reading {
        Reading::Eks if mapping.origin == Origin::MapUsers => mapping.principal.to_string(),
        Reading::Eks => fold(&mapping.principal),
        // The last entry counts of those that the same callers match.
        Reading::Webhook(_) => mapping.unique_id.as_deref().unwrap_or_default().to_owned(),
    }
}

/// Across lists: an access entry hides aws-auth's, a role's entry hides a user's.
fn shadowed(all: &mut [Mapping], places: &[usize], mode: Option<AuthenticationMode>) {
    let counting = |all: &[Mapping], origin: Origin| {
        let mut found =
            places.iter().filter_map(|place| all.get(*place)).filter(|mapping| mapping.is_found());
        found.rfind(|mapping| mapping.origin == origin).map(|mapping| mapping.source.clone())
    };
    if let Some(entry) = counting(all, Origin::AccessEntry) {
        for place in places {
            let Some(mapping) = all.get_mut(*place).filter(|it| it.origin.is_aws_auth() && it.is_found())
            else {
                continue;
            };
            // Without a mode it may be CONFIG_MAP, in which aws-auth counts.
            let never = mode.is_some();
            let text = format!(
                "`{}` has an access entry ({entry}), which counts in place of aws-auth",
                mapping.principal
            );
            push(mapping, FlawKind::Shadowed, text, Severity::Low, never);
        }
    }
    if let Some(role) = counting(all, Origin::MapRoles) {
        for place in places {
            let is_user = |it: &&mut Mapping| it.origin == Origin::MapUsers && it.is_found();
            let Some(mapping) = all.get_mut(*place).filter(is_user) else { continue };
            let text = format!(
                "`{}` is in mapRoles too ({role}), which is searched before mapUsers",
                mapping.principal
            );
            push(mapping, FlawKind::Shadowed, text, Severity::Low, true);
        }
    }
}
