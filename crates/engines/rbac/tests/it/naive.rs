//! The rules once more, as plainly as they can be written: no index, no symbols, one loop inside the other.

use std::collections::BTreeSet;
use std::sync::Arc;

use ringwall_model::{Binding, BindingSubject, Cluster, PolicyRule, Role, RoleKind, Subject, User};
use ringwall_rbac::{Scope, Target};

/// Whether RBAC or the group `system:masters` allows it; nodes are left out.
pub(crate) fn allows(cluster: &Cluster, user: &User, verb: &str, target: &Target<'_>) -> bool {
    if user.groups.iter().any(|group| group == "system:masters") {
        return true;
    }
    cluster.bindings.iter().any(|binding| {
        counts_for(binding, target)
            && binding.subjects.iter().any(|subject| is(subject, binding, user))
            && rules_of(cluster, binding).iter().any(|rule| rule_allows(rule, verb, target))
    })
}

/// Whether a binding is looked at: all ClusterRoleBindings, and RoleBindings of the request's namespace.
fn counts_for(binding: &Binding, target: &Target<'_>) -> bool {
    match &binding.reference.namespace {
        None => true,
        Some(namespace) => !target.namespace().is_empty() && **namespace == *target.namespace(),
    }
}

fn is(subject: &BindingSubject, binding: &Binding, user: &User) -> bool {
    match &*subject.kind {
        "User" => *subject.name == *user.name,
        "Group" => user.groups.iter().any(|group| **group == *subject.name),
        "ServiceAccount" => account(subject, binding).is_some_and(|name| name == user.name),
        _ => false,
    }
}

fn account(subject: &BindingSubject, binding: &Binding) -> Option<String> {
    let own = subject.namespace.clone().filter(|namespace| !namespace.is_empty());
    let namespace = own.or_else(|| binding.reference.namespace.clone())?;
    Some(format!("system:serviceaccount:{namespace}:{}", subject.name))
}

/// The rules that a binding grants: those of its role, collected ones if that aggregates.
pub(crate) fn rules_of(cluster: &Cluster, binding: &Binding) -> Vec<PolicyRule> {
    let namespace = match binding.role.kind {
        RoleKind::ClusterRole => None,
        RoleKind::Role => match &binding.reference.namespace {
            Some(namespace) => Some(namespace.clone()),
            None => return Vec::new(),
        },
    };
    let found = cluster.roles.iter().find(|role| role.reference.name == binding.role.name && role.reference.namespace == namespace);
    found.map_or_else(Vec::new, |role| collected(cluster, role, &mut BTreeSet::new()))
}

fn collected(cluster: &Cluster, role: &Role, seen: &mut BTreeSet<Arc<str>>) -> Vec<PolicyRule> {
    let Some(aggregation) = role.aggregation.as_ref().filter(|_| role.reference.namespace.is_none()) else {
        return role.rules.clone();
    };
    if !seen.insert(role.reference.name.clone()) {
        return Vec::new();
    }
    let mut rules = Vec::new();
    for other in &cluster.roles {
        let selected = other.reference.namespace.is_none()
            && aggregation.selectors.iter().any(|selector| selector.matches(&other.labels));
        // Of two roles with one name the first counts.
        let first = cluster.roles.iter().find(|first| first.reference == other.reference);
        if selected && first.is_some_and(|first| std::ptr::eq(first, other)) {
            rules.extend(collected(cluster, other, seen));
        }
    }
    rules
}

fn has(list: &[Arc<str>], text: &str) -> bool {
    list.iter().any(|item| **item == *text)
}

/// Whether one rule allows it.
pub(crate) fn rule_allows(rule: &PolicyRule, verb: &str, target: &Target<'_>) -> bool {
    if !has(&rule.verbs, "*") && !has(&rule.verbs, verb) {
        return false;
    }
    match *target {
        Target::NonResource { path } => rule.non_resource_urls.iter().any(|url| {
            **url == *"*" || **url == *path || (url.ends_with('*') && path.starts_with(url.trim_end_matches('*')))
        }),
        Target::Resource { group, resource, subresource, name, .. } => {
            let whole = if subresource.is_empty() { resource.to_owned() } else { format!("{resource}/{subresource}") };
            let of_any = format!("*/{subresource}");
            (has(&rule.api_groups, "*") || has(&rule.api_groups, group))
                && (has(&rule.resources, "*")
                    || has(&rule.resources, &whole)
                    || (!subresource.is_empty() && has(&rule.resources, &of_any)))
                && (rule.resource_names.is_empty() || has(&rule.resource_names, name))
        }
    }
}

/// Everyone who may do it, by asking of every subject that any binding names.
pub(crate) fn who_can(cluster: &Cluster, verb: &str, target: &Target<'_>) -> BTreeSet<(Subject, Scope)> {
    let mut found = BTreeSet::from([(Subject::group("system:masters"), Scope::Cluster)]);
    for binding in cluster.bindings.iter().filter(|binding| counts_for(binding, target)) {
        if !rules_of(cluster, binding).iter().any(|rule| rule_allows(rule, verb, target)) {
            continue;
        }
        for subject in &binding.subjects {
            let who = match &*subject.kind {
                "User" => Subject::User(subject.name.clone()),
                "Group" => Subject::Group(subject.name.clone()),
                "ServiceAccount" => match subject.namespace.clone().filter(|it| !it.is_empty()).or_else(|| binding.reference.namespace.clone()) {
                    Some(namespace) => Subject::ServiceAccount { namespace, name: subject.name.clone() },
                    None => continue,
                },
                _ => continue,
            };
            let scope = binding.reference.namespace.clone().map_or(Scope::Cluster, Scope::Namespace);
            found.insert((who, scope));
        }
    }
    found
}

/// What of some rights others don't hold, right by right: group, resource or path, verb, name.
pub(crate) fn uncovered(held: &[PolicyRule], wanted: &[PolicyRule]) -> usize {
    let mut missing = 0;
    for rule in wanted {
        let names: Vec<Option<&Arc<str>>> =
            if rule.resource_names.is_empty() { vec![None] } else { rule.resource_names.iter().map(Some).collect() };
        for verb in &rule.verbs {
            for group in &rule.api_groups {
                for resource in &rule.resources {
                    for name in &names {
                        let covers = |held: &PolicyRule| {
                            let star = |list: &[Arc<str>], item: &str| has(list, "*") || has(list, item);
                            let any_with_sub = resource.split_once('/').is_some_and(|(_, sub)| has(&held.resources, &format!("*/{sub}")));
                            star(&held.verbs, verb)
                                && star(&held.api_groups, group)
                                && (star(&held.resources, resource) || any_with_sub)
                                && (held.resource_names.is_empty() || name.is_some_and(|name| has(&held.resource_names, name)))
                        };
                        missing += usize::from(!held.iter().any(covers));
                    }
                }
            }
            for url in &rule.non_resource_urls {
                let covers = |held: &PolicyRule| {
                    (has(&held.verbs, "*") || has(&held.verbs, verb))
                        && held.resource_names.is_empty()
                        && held.non_resource_urls.iter().any(|own| {
                            **own == *"*" || own == url || (own.ends_with('*') && url.starts_with(own.trim_end_matches('*')))
                        })
                };
                missing += usize::from(!held.iter().any(covers));
            }
        }
    }
    missing
}
