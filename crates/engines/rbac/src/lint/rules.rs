use std::sync::Arc;

use hashbrown::{HashMap, HashSet};
use ringwall_model::{ApiResource, Cluster, PolicyRule, Role, RoleKind, resources_of};

use super::{Lint, LintKind};

/// Verbs whose requests name no object. (A `list` or `watch` with the field selector `metadata.name` does.)
const NAMELESS: [&str; 4] = ["create", "deletecollection", "list", "watch"];
/// Verbs that kubectl and the apiserver use; another case of one of them is a slip.
const VERBS: [&str; 12] = [
    "get",
    "list",
    "watch",
    "create",
    "update",
    "patch",
    "delete",
    "deletecollection",
    "impersonate",
    "bind",
    "escalate",
    "approve",
];

pub(super) fn all(cluster: &Cluster) -> Vec<Lint> {
    let served = resources_of(cluster);
    let names = Names::new(&served);
    let only_in_namespaces = bound_in_namespaces_alone(cluster);
    let mut lints = Vec::new();
    for role in &cluster.roles {
        // What an aggregated role stores is told where it comes from.
        if role.aggregation.is_some() {
            continue;
        }
        for (index, rule) in role.rules.iter().enumerate() {
            let found = of_rule(rule, &names).into_iter().chain(of_paths(role, rule, &only_in_namespaces));
            lints.extend(found.map(|(kind, text)| Lint {
                kind,
                object: role.reference.clone(),
                index,
                source: if rule.line == 0 { role.source.clone() } else { role.source.at(rule.line) },
                text,
            }));
        }
    }
    lints
}

/// Names of ClusterRoles that bindings grant, RoleBindings alone.
fn bound_in_namespaces_alone(cluster: &Cluster) -> HashSet<&str> {
    let mut bound: HashMap<&str, bool> = HashMap::new();
    for binding in cluster.bindings.iter().filter(|binding| binding.role.kind == RoleKind::ClusterRole) {
        let namespaced = binding.reference.namespace.is_some();
        let alone = bound.entry(&binding.role.name).or_insert(true);
        *alone = *alone && namespaced;
    }
    bound.into_iter().filter(|(_, alone)| *alone).map(|(name, _)| name).collect()
}

/// Names by which resources are called wrongly, with the plural that is meant.
struct Names<'r> {
    plurals: HashSet<&'r str>,
    others: HashMap<String, &'r str>,
}

impl<'r> Names<'r> {
    fn new(served: &'r [ApiResource]) -> Self {
        let plurals: HashSet<&'r str> = served.iter().map(|resource| &*resource.plural).collect();
        let mut others = HashMap::new();
        for resource in served {
            let known = [&resource.plural, &resource.singular, &resource.kind]
                .into_iter()
                .chain(&resource.short_names);
            for name in known {
                others.entry(name.to_lowercase()).or_insert(&*resource.plural);
            }
        }
        Self { plurals, others }
    }

    fn plural_of(&self, written: &str) -> Option<&'r str> {
        if self.plurals.contains(written) { None } else { self.others.get(&written.to_lowercase()).copied() }
    }
}

fn of_rule(rule: &PolicyRule, names: &Names<'_>) -> Vec<(LintKind, String)> {
    let mut found = Vec::new();
    if rule.verbs.is_empty() || (rule.resources.is_empty() && rule.non_resource_urls.is_empty()) {
        found.push((
            LintKind::EmptyRule,
            "the rule allows nothing: it lacks verbs, or what they are for".to_owned(),
        ));
    }
    for verb in &rule.verbs {
        let lower = verb.to_lowercase();
        if **verb != *lower && VERBS.contains(&&*lower) {
            let text = format!(
                "verb `{verb}` matches no request: verbs are compared as they stand, `{lower}` is meant"
            );
            found.push((LintKind::VerbCase, text));
        }
    }
    for group in &rule.api_groups {
        if let Some((name, version)) = group.split_once('/') {
            let text = format!(
                "API group `{group}` matches nothing: a group has no version, leave out `/{version}`"
            );
            found.push((
                LintKind::GroupWithVersion,
                if name.is_empty() { text } else { format!("{text}, write `{name}`") },
            ));
        } else if &**group == "v1" {
            let text =
                "API group `v1` matches nothing: the core group is written as the empty string".to_owned();
            found.push((LintKind::GroupWithVersion, text));
        }
    }
    for resource in &rule.resources {
        if let Some(lint) = of_resource(resource, names) {
            found.push(lint);
        }
    }
    found.extend(of_names(rule));
    found
}

fn of_resource(resource: &str, names: &Names<'_>) -> Option<(LintKind, String)> {
    let (name, subresource) = match resource.split_once('/') {
        Some((name, subresource)) => (name, Some(subresource)),
        None => (resource, None),
    };
    let starred = (name != "*" && name.contains('*')) || subresource.is_some_and(|part| part.contains('*'));
    if starred {
        let text =
            format!("`{resource}` is no wildcard and matches nothing: only `*` and `*/subresource` are");
        return Some((LintKind::PartialWildcard, text));
    }
    let plural = names.plural_of(name)?;
    Some((LintKind::NotAPlural, format!("`{resource}` matches nothing: rules name the plural, `{plural}`")))
}

fn of_names(rule: &PolicyRule) -> Vec<(LintKind, String)> {
    let mut found = Vec::new();
    let starred: Vec<&Arc<str>> = rule.resource_names.iter().filter(|name| name.contains('*')).collect();
    for name in starred {
        let text = format!("resource name `{name}` is compared as it stands: a star is no wildcard there");
        found.push((LintKind::WildcardName, text));
    }
    let nameless = |verb: &Arc<str>| NAMELESS.contains(&&**verb);
    // Creating a subresource, such as a token, is done to an object that has a name.
    let whole = |resource: &Arc<str>| !resource.contains('/');
    let dead = !rule.verbs.is_empty() && rule.verbs.iter().all(nameless) && rule.resources.iter().any(whole);
    if !rule.resource_names.is_empty() && dead {
        let verbs: Vec<&str> = rule.verbs.iter().map(|verb| &**verb).collect();
        let text = format!(
            "resourceNames with {} alone match no plain request: those carry no name (list and watch may, by the field selector metadata.name)",
            verbs.join(", ")
        );
        found.push((LintKind::NamesWithoutEffect, text));
    }
    found
}

fn of_paths(role: &Role, rule: &PolicyRule, only_in_namespaces: &HashSet<&str>) -> Vec<(LintKind, String)> {
    let mut found = Vec::new();
    if rule.non_resource_urls.is_empty() {
        return found;
    }
    let why = match &role.reference.namespace {
        Some(_) => Some("a Role can't grant paths"),
        None if only_in_namespaces.contains(&*role.reference.name) => {
            Some("only RoleBindings grant this ClusterRole, and paths have no namespace")
        }
        None => None,
    };
    if let Some(why) = why {
        found.push((LintKind::PathsWithoutEffect, format!("nonResourceURLs have no effect here: {why}")));
    }
    for url in rule.non_resource_urls.iter().filter(|url| url.trim_end_matches('*').contains('*')) {
        let text = format!("path `{url}` has a star that is not at its end: it stands for itself there");
        found.push((LintKind::InnerStarInPath, text));
    }
    found
}
