//! Small clusters from small alphabets, so that texts collide.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use ringwall_model::{
    AggregationRule, Binding, BindingSubject, Cluster, LabelRequirement, LabelSelector, ObjectRef,
    PolicyRule, Role, RoleKind, RoleRef, SelectorOperator, Source, User,
};

pub(crate) const VERBS: &[&str] = &["get", "list", "create", "*", "GET"];
pub(crate) const GROUPS: &[&str] = &["", "apps", "*"];
pub(crate) const RESOURCES: &[&str] =
    &["pods", "pods/exec", "pods/*", "*/exec", "*", "deployments", "*/", "a/b/c"];
pub(crate) const PLAIN: &[&str] = &["pods", "deployments", "pods/exec", "*", "a", "a/b", ""];
pub(crate) const SUBRESOURCES: &[&str] = &["", "exec", "*", "c", "b/c"];
pub(crate) const NAMES: &[&str] = &["", "a", "b", "*"];
pub(crate) const URLS: &[&str] = &["/a", "/a/*", "/a*", "*", "/**", "/a/b", "", "/a*b"];
pub(crate) const PATHS: &[&str] = &["/a", "/a/", "/a/b", "/ab", "/", "", "*", "/a*b", "/a*"];
pub(crate) const NAMESPACES: &[&str] = &["n1", "n2"];
pub(crate) const PEOPLE: &[&str] =
    &["u", "v", "system:serviceaccount:n1:sa", "system:serviceaccount:n2:sa", ""];
pub(crate) const TEAMS: &[&str] = &["g", "h", "u", "system:masters", ""];
const ROLES: &[&str] = &["r1", "r2", "r3", "gone"];
const LABELS: &[&str] = &["x", "y"];

fn texts(from: &'static [&'static str], most: usize) -> impl Strategy<Value = Vec<Arc<str>>> {
    vec(select(from).prop_map(Arc::from), 0..=most)
}

pub(crate) fn rule() -> impl Strategy<Value = PolicyRule> {
    let names = prop_oneof![3 => Just(Vec::new()), 1 => texts(NAMES, 2)];
    let urls = prop_oneof![2 => Just(Vec::new()), 1 => texts(URLS, 2)];
    (texts(VERBS, 2), texts(GROUPS, 2), texts(RESOURCES, 2), names, urls).prop_map(
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

fn reference(kind: &str, namespace: Option<&str>, name: &str) -> ObjectRef {
    ObjectRef {
        api_version: "rbac.authorization.k8s.io/v1".into(),
        kind: kind.into(),
        namespace: namespace.map(Arc::from),
        name: name.into(),
    }
}

fn aggregation() -> impl Strategy<Value = AggregationRule> {
    let operator = select(vec![SelectorOperator::In, SelectorOperator::NotIn, SelectorOperator::Exists]);
    let requirement = (select(LABELS), operator).prop_map(|(key, operator)| LabelRequirement {
        key: key.into(),
        operator,
        values: vec!["1".into()],
    });
    let selector = vec(requirement, 0..=2).prop_map(|requirements| LabelSelector { requirements });
    vec(selector, 0..=2).prop_map(|selectors| AggregationRule { selectors })
}

type Parts =
    (Option<&'static str>, &'static str, Vec<PolicyRule>, Vec<&'static str>, Option<AggregationRule>);

fn roles() -> impl Strategy<Value = Vec<Role>> {
    let namespace = prop_oneof![2 => Just(None), 1 => select(NAMESPACES).prop_map(Some)];
    let part = (
        namespace,
        select(ROLES),
        vec(rule(), 0..=3),
        vec(select(LABELS), 0..=2),
        option::weighted(0.3, aggregation()),
    );
    vec(part, 0..=6).prop_map(|parts: Vec<Parts>| {
        let mut roles: Vec<Role> = Vec::new();
        for (namespace, name, rules, mut labels, aggregation) in parts {
            let kind = if namespace.is_some() { "Role" } else { "ClusterRole" };
            let reference = reference(kind, namespace, name);
            // An apiserver holds one object of a name, and none that is called so.
            if name == "gone" || roles.iter().any(|role| role.reference == reference) {
                continue;
            }
            labels.sort_unstable();
            labels.dedup();
            roles.push(Role {
                reference,
                source: Source::new("roles.yaml", 1),
                labels: labels.into_iter().map(|label| (label.into(), "1".into())).collect(),
                rules,
                aggregation,
            });
        }
        roles
    })
}

fn subject() -> impl Strategy<Value = BindingSubject> {
    let namespace = prop_oneof![Just(None), Just(Some("")), select(NAMESPACES).prop_map(Some)];
    let named = prop_oneof![
        3 => select(PEOPLE).prop_map(|name| ("User", name)),
        3 => select(TEAMS).prop_map(|name| ("Group", name)),
        3 => select(vec!["sa", "other", "n1:sa"]).prop_map(|name| ("ServiceAccount", name)),
        1 => select(PEOPLE).prop_map(|name| ("user", name)),
    ];
    (named, namespace).prop_map(|((kind, name), namespace)| BindingSubject {
        kind: kind.into(),
        name: name.into(),
        namespace: namespace.map(Arc::from),
        line: 0,
    })
}

fn bindings() -> impl Strategy<Value = Vec<Binding>> {
    let kind = select(vec![RoleKind::Role, RoleKind::ClusterRole]);
    let part = (option::of(select(NAMESPACES)), kind, select(ROLES), vec(subject(), 0..=3));
    vec(part, 0..=8).prop_map(|parts| {
        let binding = |(number, (namespace, kind, role, subjects)): (usize, _)| Binding {
            reference: reference(
                if Option::<&str>::is_some(&namespace) { "RoleBinding" } else { "ClusterRoleBinding" },
                namespace,
                &format!("b{number}"),
            ),
            source: Source::new("bindings.yaml", 1),
            role: RoleRef { kind, name: Arc::<str>::from(role), line: 0 },
            subjects,
        };
        parts.into_iter().enumerate().map(binding).collect()
    })
}

pub(crate) fn cluster() -> impl Strategy<Value = Cluster> {
    (roles(), bindings()).prop_map(|(roles, bindings)| Cluster { roles, bindings, ..Cluster::default() })
}

pub(crate) fn user() -> impl Strategy<Value = User> {
    // Masters are rare, or they would answer everything.
    let teams = prop_oneof![12 => select(vec!["g", "h", "u", ""]), 1 => Just("system:masters")];
    (select(PEOPLE), vec(teams, 0..=2)).prop_map(|(name, groups)| User::new(name, groups))
}

/// Verb, group, resource, subresource, name, namespace; and a path, which counts if it is there.
pub(crate) type Asked = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    Option<&'static str>,
);

pub(crate) fn asked() -> impl Strategy<Value = Asked> {
    (
        select(vec!["get", "list", "*", "delete"]),
        select(vec!["", "apps", "batch"]),
        select(PLAIN),
        select(SUBRESOURCES),
        select(NAMES),
        select(vec!["", "n1", "n2", "n3"]),
        option::weighted(0.25, select(PATHS)),
    )
}
