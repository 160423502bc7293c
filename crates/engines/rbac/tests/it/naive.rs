//! The authorizer written down rule by rule, with plain loops: slow, and hard to get wrong.

use ringwall_model::{Binding, Cluster, PolicyRule, Role, RoleKind, User};
use ringwall_rbac::{Question, Target};

/// The first grant: the binding's name in full, the role in which the rule is written and the rule's place there.
pub(crate) type Grant = (String, String, usize);

/// The rules of every role after aggregation, by its place in the cluster's list.
pub(crate) type Rules<'c> = Vec<Vec<(&'c Role, usize)>>;

/// Runs the aggregation controller until nothing changes.
pub(crate) fn rules(cluster: &Cluster) -> Rules<'_> {
    let roles = &cluster.roles;
    let aggregated = |role: &Role| role.reference.namespace.is_none() && role.aggregation.is_some();
    let mut rules: Rules<'_> = Vec::new();
    for role in roles {
        rules.push(if aggregated(role) {
            Vec::new()
        } else {
            (0..role.rules.len()).map(|index| (role, index)).collect()
        });
    }
    loop {
        let mut changed = false;
        for place in 0..roles.len() {
            if !aggregated(&roles[place]) {
                continue;
            }
            let mut new: Vec<(&Role, usize)> = Vec::new();
            for selector in &roles[place].aggregation.as_ref().unwrap().selectors {
                let mut selected: Vec<usize> = (0..roles.len())
                    .filter(|other| {
                        roles[*other].reference.namespace.is_none() && selector.matches(&roles[*other].labels)
                    })
                    .collect();
                selected.sort_by_key(|other| &roles[*other].reference.name);
                for other in selected {
                    if roles[other].reference.name == roles[place].reference.name {
                        continue;
                    }
                    for rule in &rules[other] {
                        if !new.iter().any(|known| content(*known) == content(*rule)) {
                            new.push(*rule);
                        }
                    }
                }
            }
            let before: Vec<PolicyRule> = rules[place].iter().map(|rule| content(*rule)).collect();
            let after: Vec<PolicyRule> = new.iter().map(|rule| content(*rule)).collect();
            if !same_set(&before, &after) {
                rules[place] = new;
                changed = true;
            }
        }
        if !changed {
            return rules;
        }
    }
}

fn same_set(one: &[PolicyRule], other: &[PolicyRule]) -> bool {
    one.len() == other.len() && one.iter().all(|rule| other.contains(rule))
}

fn content((role, index): (&Role, usize)) -> PolicyRule {
    PolicyRule { line: 0, ..role.rules[index].clone() }
}

pub(crate) fn all_grants(cluster: &Cluster, rules: &Rules<'_>, question: &Question<'_>) -> Vec<Grant> {
    let mut grants = Vec::new();
    for binding in cluster.bindings.iter().filter(|binding| binding.reference.namespace.is_none()) {
        grants.extend(of_binding(cluster, rules, binding, "", question));
    }
    let namespace = question.target.namespace();
    if !namespace.is_empty() {
        for binding in cluster
            .bindings
            .iter()
            .filter(|binding| binding.reference.namespace.as_deref() == Some(namespace))
        {
            grants.extend(of_binding(cluster, rules, binding, namespace, question));
        }
    }
    grants
}

pub(crate) fn decide(cluster: &Cluster, rules: &Rules<'_>, question: &Question<'_>) -> bool {
    question.user.groups.iter().any(|group| group == "system:masters")
        || !all_grants(cluster, rules, question).is_empty()
}

fn of_binding(
    cluster: &Cluster,
    rules: &Rules<'_>,
    binding: &Binding,
    namespace: &str,
    question: &Question<'_>,
) -> Vec<Grant> {
    if !binding.subjects.iter().any(|subject| {
        applies(
            question.user,
            &subject.kind,
            &subject.name,
            subject.namespace.as_deref().unwrap_or(""),
            namespace,
        )
    }) {
        return Vec::new();
    }
    let Some(role) = cluster.roles.iter().position(|role| match binding.role.kind {
        RoleKind::ClusterRole => {
            role.reference.namespace.is_none() && role.reference.name == binding.role.name
        }
        RoleKind::Role => {
            !namespace.is_empty()
                && role.reference.namespace.as_deref() == Some(namespace)
                && role.reference.name == binding.role.name
        }
    }) else {
        return Vec::new();
    };
    let allowing = rules[role].iter().filter(|(role, index)| allows(&role.rules[*index], question));
    allowing
        .map(|(role, index)| (binding.reference.to_string(), role.reference.to_string(), *index))
        .collect()
}

fn applies(user: &User, kind: &str, name: &str, own_namespace: &str, binding_namespace: &str) -> bool {
    match kind {
        "User" => user.name == name,
        "Group" => user.groups.iter().any(|group| group == name),
        "ServiceAccount" => {
            let namespace = if own_namespace.is_empty() { binding_namespace } else { own_namespace };
            !namespace.is_empty() && user.name == format!("system:serviceaccount:{namespace}:{name}")
        }
        _ => false,
    }
}

pub(crate) fn allows(rule: &PolicyRule, question: &Question<'_>) -> bool {
    let verb = rule.verbs.iter().any(|verb| &**verb == "*" || &**verb == question.verb);
    match question.target {
        Target::Resource { group, resource, subresource, name, .. } => {
            let combined = if subresource.is_empty() {
                resource.to_owned()
            } else {
                format!("{resource}/{subresource}")
            };
            verb && rule.api_groups.iter().any(|held| &**held == "*" || &**held == group)
                && rule.resources.iter().any(|held| {
                    &**held == "*"
                        || **held == *combined
                        || (!subresource.is_empty() && **held == *format!("*/{subresource}"))
                })
                && (rule.resource_names.is_empty() || rule.resource_names.iter().any(|held| &**held == name))
        }
        Target::NonResource { path } => {
            verb && rule.non_resource_urls.iter().any(|held| {
                &**held == "*" || &**held == path || {
                    let mut prefix: &str = held;
                    let mut starred = false;
                    while let Some(shorter) = prefix.strip_suffix('*') {
                        prefix = shorter;
                        starred = true;
                    }
                    starred && path.starts_with(prefix)
                }
            })
        }
    }
}
