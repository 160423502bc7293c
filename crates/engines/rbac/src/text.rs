//! What roles and bindings say, in words.

use std::sync::Arc;

use ringwall_model::{Binding, BindingSubject, PolicyRule, Role, Source};

/// How many items of a list a sentence names; the file has the rest.
const MOST: usize = 6;

/// `allows get, list on pods, pods/log`.
pub(crate) fn rule(rule: &PolicyRule) -> String {
    let mut parts = Vec::new();
    if !rule.resources.is_empty() {
        let mut what = list(&rule.resources, "every resource");
        match &*rule.api_groups {
            [] => what.push_str(" of no API group"),
            [group] if group.is_empty() => {}
            groups => {
                what.push_str(" of ");
                what.push_str(&list(groups, "every API group"));
            }
        }
        if !rule.resource_names.is_empty() {
            what.push_str(" named ");
            what.push_str(&some(&rule.resource_names));
        }
        parts.push(what);
    }
    if !rule.non_resource_urls.is_empty() {
        parts.push(list(&rule.non_resource_urls, "every path"));
    }
    if parts.is_empty() {
        parts.push("nothing".to_owned());
    }
    format!("allows {} on {}", list(&rule.verbs, "every verb"), parts.join(" and "))
}

fn list(items: &[Arc<str>], all: &str) -> String {
    if items.iter().any(|item| &**item == "*") { all.to_owned() } else { some(items) }
}

fn some(items: &[Arc<str>]) -> String {
    let named: Vec<&str> =
        items.iter().take(MOST).map(|item| if item.is_empty() { "core" } else { &**item }).collect();
    let mut text = if named.is_empty() { "nothing".to_owned() } else { named.join(", ") };
    if items.len() > MOST {
        text.push_str(&format!(" and {} more", items.len() - MOST));
    }
    text
}

/// `gives ClusterRole edit to group devs in namespace shop`.
pub(crate) fn grant(binding: &Binding, subject: &BindingSubject) -> String {
    let given = format!(
        "gives {} {} to {}",
        binding.role.kind.name(),
        binding.role.name,
        subject_of(binding, subject)
    );
    match &binding.reference.namespace {
        Some(namespace) => format!("{given} in namespace {namespace}"),
        None => given,
    }
}

fn subject_of(binding: &Binding, subject: &BindingSubject) -> String {
    match &*subject.kind {
        "ServiceAccount" => {
            let own = subject.namespace.as_ref().filter(|namespace| !namespace.is_empty());
            let namespace = own.or(binding.reference.namespace.as_ref()).map_or("", |namespace| namespace);
            format!("service account {namespace}/{}", subject.name)
        }
        "User" => format!("user {}", subject.name),
        "Group" => format!("group {}", subject.name),
        kind => format!("{kind} {}", subject.name),
    }
}

/// Marks what no file says.
pub(crate) fn assumed(text: &str) -> String {
    format!("assumed: Kubernetes' own default: {text}")
}

/// `has this rule by aggregation from ClusterRole edit`.
pub(crate) fn aggregated(origin: &Role) -> String {
    format!("has this rule by aggregation from ClusterRole {}", origin.reference.name)
}

/// A binding whose role does not exist.
pub(crate) fn dangling(binding: &Binding) -> String {
    let Binding { reference, source, role, .. } = binding;
    format!(
        "{reference} gives {} {}, which is not in the snapshot ({})",
        role.kind.name(),
        role.name,
        Source::at(source, if role.line == 0 { source.line } else { role.line }),
    )
}
