//! Roles and bindings, as the apiserver accepts them.

use crate::folder::{clean, kubernetes, told};

const RBAC: &str = "apiVersion: rbac.authorization.k8s.io/v1\n";

/// What is said of one object, without the words before it.
fn refused(object: &str) -> Vec<String> {
    let snapshot = kubernetes(&format!("{RBAC}{object}"));
    assert!(snapshot.cluster.roles.is_empty() && snapshot.cluster.bindings.is_empty(), "{object}");
    assert_eq!(snapshot.cluster.objects.len(), 1, "the object itself is kept");
    told(&snapshot)
        .into_iter()
        .map(|line| {
            let (before, message) = line.split_once(": the apiserver refuses ").unwrap();
            let place = before.strip_prefix("E kubernetes/all.yaml:").unwrap();
            format!("{place} {}", message.split_once(": ").unwrap().1)
        })
        .collect()
}

fn rule(kind: &str, rule: &str) -> Vec<String> {
    refused(&format!("kind: {kind}\nmetadata: {{name: r}}\nrules:\n- {rule}\n"))
}

#[test]
fn rules_are_checked_as_by_the_apiserver() {
    assert_eq!(rule("Role", "{resources: [pods], apiGroups: ['']}"), ["5 a rule has no `verbs`"]);
    assert_eq!(rule("Role", "{verbs: [get], resources: [pods]}"), ["5 a rule has no `apiGroups`"]);
    assert_eq!(
        rule("Role", "{verbs: [get], apiGroups: ['']}"),
        ["5 a rule has neither `resources` nor `nonResourceURLs`"]
    );
    assert_eq!(rule("Role", "{verbs: [get], nonResourceURLs: [/x]}"), ["5 a Role has `nonResourceURLs`"]);
    assert_eq!(
        rule("ClusterRole", "{verbs: [get], nonResourceURLs: [/x], apiGroups: [''], resources: [pods]}"),
        ["5 a rule has both resources and `nonResourceURLs`"]
    );
    assert_eq!(
        rule("Role", "{verbs: [yes], apiGroups: [''], resources: [pods]}"),
        ["5 a rule has no `verbs`", "5 an item of `verbs` is a boolean, not a string"]
    );
}

#[test]
fn role_refs_are_checked_as_by_the_apiserver() {
    let binding = |kind: &str, role: &str| {
        refused(&format!("kind: {kind}\nmetadata: {{name: b}}\nroleRef: {role}\nsubjects: []\n"))
    };
    assert_eq!(binding("ClusterRoleBinding", "{kind: Role, name: r}"), ["4 roleRef.kind is `Role`"]);
    assert_eq!(binding("RoleBinding", "{kind: User, name: r}"), ["4 roleRef.kind is `User`"]);
    assert_eq!(binding("RoleBinding", "{kind: Role}"), ["4 roleRef has no `name`"]);
    assert_eq!(
        binding("RoleBinding", "{kind: Role, name: r, apiGroup: apps}"),
        ["4 roleRef.apiGroup is `apps`"]
    );
    assert_eq!(binding("RoleBinding", "{kind: Role, name: a/b}"), ["4 `a/b` is not a name"]);
}

#[test]
fn subjects_are_checked_as_by_the_apiserver() {
    let subject = |subject: &str| {
        refused(&format!(
            "kind: ClusterRoleBinding\nmetadata: {{name: b}}\nroleRef: {{kind: ClusterRole, name: r}}\nsubjects:\n- {subject}\n"
        ))
    };
    assert_eq!(subject("{kind: Robot, name: a}"), ["6 a subject's kind is `Robot`"]);
    assert_eq!(subject("{kind: User}"), ["6 a subject has no `name`"]);
    assert_eq!(subject("{kind: User, name: 12}"), ["6 a subject's `name` is a number, not a string"]);
    assert_eq!(subject("{kind: Group, name: a, apiGroup: apps}"), ["6 a Group subject has apiGroup `apps`"]);
    assert_eq!(
        subject("{kind: ServiceAccount, name: a, namespace: shop, apiGroup: rbac.authorization.k8s.io}"),
        ["6 a ServiceAccount subject has apiGroup `rbac.authorization.k8s.io`"]
    );
    assert_eq!(
        subject("{kind: ServiceAccount, name: Upper, namespace: shop}"),
        ["6 `Upper` is not a service account's name"]
    );
}

#[test]
fn a_service_account_without_namespace_is_kept_with_a_warning() {
    let text = format!(
        "{RBAC}kind: ClusterRoleBinding\nmetadata: {{name: b}}\nroleRef: {{kind: ClusterRole, name: r}}\nsubjects:\n- {{kind: ServiceAccount, name: a}}\n- {{kind: User, name: u}}\n"
    );
    let snapshot = kubernetes(&text);
    assert_eq!(snapshot.cluster.bindings[0].subjects.len(), 2);
    let told = told(&snapshot);
    assert_eq!(told.len(), 1);
    assert!(
        told[0].starts_with(
            "W kubernetes/all.yaml:6: ClusterRoleBinding b: service account `a` has no namespace"
        )
    );
}

#[test]
fn an_older_version_counts_and_lines_are_kept() {
    let text = "apiVersion: rbac.authorization.k8s.io/v1beta1\nkind: ClusterRole\nmetadata:\n  name: r\n  labels: {a: b}\nrules:\n- verbs: ['*']\n  apiGroups: ['']\n  resources: [pods]\n  resourceNames: [x]\n- {verbs: [get], nonResourceURLs: [/metrics]}\naggregationRule:\n  clusterRoleSelectors:\n  - matchLabels: {a: b}\n    matchExpressions: [{key: k, operator: Exists}]\n";
    let snapshot = clean(&[("kubernetes/r.yaml", text)]);
    let role = &snapshot.cluster.roles[0];
    assert_eq!(role.rules.iter().map(|rule| rule.line).collect::<Vec<_>>(), [7, 11]);
    assert_eq!(role.rules[0].resource_names, ["x".into()]);
    assert_eq!(role.aggregation.as_ref().unwrap().selectors[0].requirements.len(), 2);
    assert_eq!(role.labels.len(), 1);
}
