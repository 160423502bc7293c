use std::sync::Arc;

use ringwall_model::{Binding, BindingSubject, Cluster, PolicyRule, Role, RoleKind, RoleRef, ServiceAccount};

use super::*;

fn texts(items: &[&str]) -> Vec<Arc<str>> {
    items.iter().map(|item| Arc::from(*item)).collect()
}

fn rule(verbs: &[&str], groups: &[&str], resources: &[&str], names: &[&str]) -> PolicyRule {
    PolicyRule {
        verbs: texts(verbs),
        api_groups: texts(groups),
        resources: texts(resources),
        resource_names: texts(names),
        non_resource_urls: Vec::new(),
        line: 7,
    }
}

fn paths(urls: &[&str]) -> PolicyRule {
    PolicyRule { verbs: texts(&["get"]), non_resource_urls: texts(urls), line: 7, ..PolicyRule::default() }
}

fn reference(kind: &str, namespace: Option<&str>) -> ObjectRef {
    ObjectRef {
        api_version: "rbac.authorization.k8s.io/v1".into(),
        kind: kind.into(),
        namespace: namespace.map(Into::into),
        name: "x".into(),
    }
}

fn role(namespace: Option<&str>, rule: PolicyRule) -> Role {
    let kind = if namespace.is_some() { "Role" } else { "ClusterRole" };
    Role {
        reference: reference(kind, namespace),
        source: Source::new("rbac.yaml", 1),
        labels: Vec::new(),
        rules: vec![rule],
        aggregation: None,
    }
}

fn binding(namespace: Option<&str>, kind: &str, name: &str, of: Option<&str>) -> Binding {
    Binding {
        reference: reference(
            if namespace.is_some() { "RoleBinding" } else { "ClusterRoleBinding" },
            namespace,
        ),
        source: Source::new("rbac.yaml", 20),
        role: RoleRef { kind: RoleKind::ClusterRole, name: "x".into(), line: 21 },
        subjects: vec![BindingSubject {
            kind: kind.into(),
            name: name.into(),
            namespace: of.map(Into::into),
            line: 25,
        }],
    }
}

fn kinds_of_rule(rule: PolicyRule) -> Vec<LintKind> {
    let cluster = Cluster { roles: vec![role(None, rule)], ..Cluster::default() };
    lint(&cluster).into_iter().map(|lint| lint.kind).collect()
}

fn kinds_of_subject(binding: Binding) -> Vec<LintKind> {
    let account = ServiceAccount {
        namespace: "shop".into(),
        name: "checkout".into(),
        source: Source::built_in(),
        role_arn: None,
        role_arn_line: 0,
        audience: None,
        sts_regional_endpoints: None,
        labels: Vec::new(),
        automount_token: None,
    };
    let cluster = Cluster { bindings: vec![binding], service_accounts: vec![account], ..Cluster::default() };
    lint(&cluster).into_iter().map(|lint| lint.kind).collect()
}

#[test]
fn what_says_what_it_means_is_left_alone() {
    for rule in [
        rule(&["get", "list"], &["", "apps"], &["pods", "pods/log", "deployments"], &[]),
        rule(&["*"], &["*"], &["*"], &[]),
        rule(&["get"], &["*"], &["*/status"], &[]),
        rule(&["get", "list"], &[""], &["secrets"], &["db"]),
        rule(&["create"], &[""], &["serviceaccounts/token"], &["checkout"]),
        rule(&["use"], &["example.com"], &["widgets"], &[]),
        paths(&["/metrics", "/healthz/*", "*"]),
    ] {
        assert_eq!(kinds_of_rule(rule.clone()), [], "{rule:?}");
    }
}

#[test]
fn rules_that_mean_other_than_they_seem() {
    use LintKind::{
        EmptyRule, GroupWithVersion, InnerStarInPath, NamesWithoutEffect, NotAPlural, PartialWildcard,
        VerbCase, WildcardName,
    };
    for (rule, expected) in [
        (rule(&["get"], &[""], &["pods/*"], &[]), PartialWildcard),
        (rule(&["get"], &[""], &["pod*"], &[]), PartialWildcard),
        (rule(&["get"], &[""], &["secrets"], &["db-*"]), WildcardName),
        (rule(&["list", "watch"], &[""], &["secrets"], &["db"]), NamesWithoutEffect),
        (rule(&["create"], &[""], &["secrets"], &["db"]), NamesWithoutEffect),
        (rule(&["deletecollection"], &[""], &["secrets"], &["db"]), NamesWithoutEffect),
        (rule(&["Get"], &[""], &["pods"], &[]), VerbCase),
        (rule(&["get"], &["apps/v1"], &["deployments"], &[]), GroupWithVersion),
        (rule(&["get"], &["v1"], &["pods"], &[]), GroupWithVersion),
        (rule(&["get"], &["apps"], &["Deployment"], &[]), NotAPlural),
        (rule(&["get"], &["apps"], &["deploy"], &[]), NotAPlural),
        (rule(&["get"], &[""], &["Pods"], &[]), NotAPlural),
        (rule(&["get"], &[""], &["pod/log"], &[]), NotAPlural),
        (rule(&[], &[""], &["pods"], &[]), EmptyRule),
        (rule(&["get"], &[""], &[], &[]), EmptyRule),
        (paths(&["/api/*/pods"]), InnerStarInPath),
    ] {
        assert_eq!(kinds_of_rule(rule.clone()), [expected], "{rule:?}");
    }
}

#[test]
fn paths_need_a_cluster_role_binding() {
    let role_alone = Cluster { roles: vec![role(Some("shop"), paths(&["/metrics"]))], ..Cluster::default() };
    assert_eq!(lint(&role_alone)[0].kind, LintKind::PathsWithoutEffect);
    let bound = |namespace| Cluster {
        roles: vec![role(None, paths(&["/metrics"]))],
        bindings: vec![binding(namespace, "Group", "devs", None)],
        ..Cluster::default()
    };
    assert_eq!(lint(&bound(Some("shop")))[0].kind, LintKind::PathsWithoutEffect);
    assert_eq!(lint(&bound(None)), []);
}

#[test]
fn subjects_that_match_nobody_or_somebody_else() {
    use LintKind::{AccountAsGroup, AccountWithoutNamespace, GroupAsUser, UnknownAccount, UnknownKind};
    for (binding, expected) in [
        (binding(None, "ServiceAccount", "checkout", None), AccountWithoutNamespace),
        (binding(None, "ServiceAccount", "checkout", Some("")), AccountWithoutNamespace),
        (binding(Some("shop"), "ServiceAccount", "gone", None), UnknownAccount),
        (binding(None, "Group", "system:serviceaccount:shop:checkout", None), AccountAsGroup),
        (binding(None, "User", "system:masters", None), GroupAsUser),
        (binding(None, "user", "ada", None), UnknownKind),
    ] {
        assert_eq!(kinds_of_subject(binding.clone()), [expected], "{binding:?}");
    }
    for good in [
        binding(Some("shop"), "ServiceAccount", "checkout", None),
        binding(None, "ServiceAccount", "checkout", Some("shop")),
        binding(None, "User", "system:serviceaccount:shop:checkout", None),
        binding(None, "Group", "system:serviceaccounts:shop", None),
    ] {
        assert_eq!(kinds_of_subject(good.clone()), [], "{good:?}");
    }
}

#[test]
fn a_finding_names_its_line() {
    let cluster =
        Cluster { roles: vec![role(None, rule(&["get"], &[""], &["pods/*"], &[]))], ..Cluster::default() };
    let lint = &lint(&cluster)[0];
    assert_eq!((lint.source.to_string(), lint.index), ("rbac.yaml:7".to_owned(), 0));
    assert!(lint.text.contains("`pods/*` is no wildcard"));
}
