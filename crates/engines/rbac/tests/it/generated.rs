//! Clusters and questions from small vocabularies, so that questions meet rules.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use ringwall_model::{
    AggregationRule, Binding, BindingSubject, Cluster, LabelRequirement, LabelSelector, ObjectRef, PolicyRule, Role,
    RoleKind, RoleRef, SelectorOperator, Source, User,
};
use ringwall_rbac::Target;

const VERBS: [&str; 5] = ["get", "list", "create", "*", "Get"];
const GROUPS: [&str; 3] = ["", "apps", "*"];
const RESOURCES: [&str; 9] =
    ["pods", "pods/exec", "pods/*", "*", "*/exec", "*/status", "secrets", "secrets/status", "*/*"];
const NAMES: [&str; 4] = ["", "a", "b", "*"];
const PATHS: [&str; 8] = ["/metrics", "/metrics/a", "/metrics*", "/*", "*", "/a**", "/a", ""];
const NAMESPACES: [&str; 3] = ["one", "two", ""];
const ROLE_NAMES: [&str; 5] = ["r1", "r2", "r3", "r4", "missing"];
const LABELS: [&str; 2] = ["to-x", "to-y"];
const SUBJECTS: [&str; 5] = ["ann", "devs", "sa", "system:serviceaccount:one:sa", ""];
const SUBJECT_KINDS: [&str; 5] = ["User", "Group", "ServiceAccount", "ServiceAccount", "Robot"];

fn texts(from: &'static [&'static str], most: usize) -> impl Strategy<Value = Vec<Arc<str>>> {
    vec(select(from).prop_map(Arc::from), 0..=most)
}

pub(crate) fn rule() -> impl Strategy<Value = PolicyRule> {
    let names = prop_oneof![3 => Just(Vec::new()), 1 => texts(&NAMES, 2)];
    let paths = prop_oneof![3 => Just(Vec::new()), 1 => texts(&PATHS, 2)];
    (texts(&VERBS, 2), texts(&GROUPS, 2), texts(&RESOURCES, 3), names, paths).prop_map(
        |(verbs, api_groups, resources, resource_names, non_resource_urls)| PolicyRule {
            verbs,
            api_groups,
            resources,
            resource_names,
            non_resource_urls,
            line: 0,
        },
    )
}

fn reference(kind: &str, namespace: &str, name: &str) -> ObjectRef {
    ObjectRef {
        api_version: "rbac.authorization.k8s.io/v1".into(),
        kind: kind.into(),
        namespace: Some(namespace).filter(|namespace| !namespace.is_empty()).map(Arc::from),
        name: name.into(),
    }
}

fn selector() -> impl Strategy<Value = LabelSelector> {
    let requirement = (select(&LABELS[..]), select(vec![SelectorOperator::In, SelectorOperator::Exists, SelectorOperator::NotIn]));
    vec(requirement, 0..=1).prop_map(|requirements| LabelSelector {
        requirements: requirements
            .into_iter()
            .map(|(key, operator)| {
                let values = if operator == SelectorOperator::Exists { Vec::new() } else { vec!["true".into()] };
                LabelRequirement { key: key.into(), operator, values }
            })
            .collect(),
    })
}

fn role() -> impl Strategy<Value = Role> {
    let aggregation = prop_oneof![4 => Just(None), 1 => vec(selector(), 1..=2).prop_map(Some)];
    let labels = vec(select(&LABELS[..]), 0..=2);
    (select(&NAMESPACES[..]), select(&ROLE_NAMES[..4]), vec(rule(), 0..=3), labels, aggregation).prop_map(
        |(namespace, name, rules, labels, aggregation)| {
            let kind = if namespace.is_empty() { "ClusterRole" } else { "Role" };
            Role {
                reference: reference(kind, namespace, name),
                source: Source::new("roles.yaml", 1),
                labels: labels.into_iter().map(|label| (label.into(), "true".into())).collect(),
                rules,
                aggregation: aggregation.map(|selectors| AggregationRule { selectors }),
            }
        },
    )
}

fn subject() -> impl Strategy<Value = BindingSubject> {
    let namespace = option::of(select(&NAMESPACES[..]));
    (select(&SUBJECT_KINDS[..]), select(&SUBJECTS[..]), namespace).prop_map(|(kind, name, namespace)| BindingSubject {
        kind: kind.into(),
        name: name.into(),
        namespace: namespace.map(Arc::from),
        line: 0,
    })
}

fn binding() -> impl Strategy<Value = Binding> {
    let kind = select(vec![RoleKind::Role, RoleKind::ClusterRole]);
    (select(&NAMESPACES[..]), kind, select(&ROLE_NAMES[..]), vec(subject(), 0..=3)).prop_map(
        |(namespace, kind, role, subjects)| Binding {
            reference: reference(
                if namespace.is_empty() { "ClusterRoleBinding" } else { "RoleBinding" },
                namespace,
                "b",
            ),
            source: Source::new("bindings.yaml", 1),
            role: RoleRef { kind, name: role.into(), line: 0 },
            subjects,
        },
    )
}

pub(crate) fn cluster() -> impl Strategy<Value = Cluster> {
    (vec(role(), 0..=6), vec(binding(), 0..=6)).prop_map(|(roles, mut bindings)| {
        // No two objects share a name, as in a cluster.
        for (at, binding) in bindings.iter_mut().enumerate() {
            binding.reference.name = format!("b{at}").into();
        }
        Cluster { roles, bindings, ..Cluster::default() }
    })
}

pub(crate) fn user() -> impl Strategy<Value = User> {
    let groups = prop_oneof![12 => vec(select(&["devs", "ann", "sa", "ops"][..]), 0..=2), 1 => Just(vec!["system:masters"])];
    (select(&SUBJECTS[..]), groups).prop_map(|(name, groups)| User::new(name, groups))
}

/// A target that owns its texts.
#[derive(Clone, Debug)]
pub(crate) struct Owned {
    pub(crate) verb: &'static str,
    texts: [&'static str; 5],
    path: Option<&'static str>,
}

impl Owned {
    pub(crate) fn target(&self) -> Target<'static> {
        let [group, resource, subresource, name, namespace] = self.texts;
        match self.path {
            Some(path) => Target::NonResource { path },
            None => Target::Resource { group, resource, subresource, name, namespace },
        }
    }
}

pub(crate) fn question() -> impl Strategy<Value = Owned> {
    let resources = ["pods", "secrets", "pods/exec", "*", "*/exec", ""];
    let texts = (
        select(&["", "apps", "*"][..]),
        select(resources.to_vec()),
        select(&["", "exec", "status", "*"][..]),
        select(&NAMES[..]),
        select(&NAMESPACES[..]),
    );
    let path = prop_oneof![4 => Just(None), 1 => select(&PATHS[..]).prop_map(Some)];
    (select(&VERBS[..]), texts, path).prop_map(|(verb, (group, resource, subresource, name, namespace), path)| Owned {
        verb,
        texts: [group, resource, subresource, name, namespace],
        path,
    })
}
