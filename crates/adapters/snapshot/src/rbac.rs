use ringwall_model::{
    AggregationRule, Binding, Object, PolicyRule, Problem, Role, RoleKind, RoleRef, Tree, Value,
};

use crate::fields::{pairs, text};
use crate::rbac_subject;
use crate::refused::{Refused, items, strings};
use crate::selector::label_selector;

/// The API group of RBAC.
pub(crate) const GROUP: &str = "rbac.authorization.k8s.io";

/// A Role or ClusterRole, as the apiserver accepts it.
///
/// Source: Kubernetes 1.37, `pkg/apis/rbac/validation/validation.go`.
pub(crate) fn role(object: &Object) -> Result<Role, Vec<Problem>> {
    let tree = &object.tree;
    let mut refused = Refused::new(object);
    check_name(&object.reference.name, object.source.line, &mut refused);
    let rules = items(tree, "rules", &mut refused)
        .iter()
        .map(|rule| policy_rule(rule, object, &mut refused))
        .collect();
    let aggregation = match tree.get("aggregationRule") {
        Some(rule) if !rule.is_null() && &*object.reference.kind == "ClusterRole" => {
            Some(aggregation(rule, &mut refused))
        }
        _ => None,
    };
    let labels = pairs(tree.at(&["metadata", "labels"]));
    let (reference, source) = (object.reference.clone(), object.source.clone());
    refused.or(Role { reference, source, labels, rules, aggregation })
}

/// `IsPathSegmentName` of `apimachinery`: RBAC takes any name that can stand in a URL.
fn check_name(name: &str, line: u32, refused: &mut Refused<'_>) {
    if matches!(name, "." | "..") || name.contains(['/', '%']) {
        refused.add(
            line,
            format_args!("`{name}` is not a name"),
            "a name is not `.` or `..` and has no `/` or `%`",
        );
    }
}

fn policy_rule(tree: &Tree, object: &Object, refused: &mut Refused<'_>) -> PolicyRule {
    let line = tree.line;
    if !matches!(tree.value, Value::Mapping(_) | Value::Null) {
        refused.add(
            line,
            format_args!("a rule is {}, not a mapping", tree.kind()),
            "a rule has verbs, apiGroups and resources",
        );
        return PolicyRule::default();
    }
    let rule = PolicyRule {
        verbs: strings(tree, "verbs", refused),
        api_groups: strings(tree, "apiGroups", refused),
        resources: strings(tree, "resources", refused),
        resource_names: strings(tree, "resourceNames", refused),
        non_resource_urls: strings(tree, "nonResourceURLs", refused),
        line,
    };
    if rule.verbs.is_empty() {
        refused.add(line, "a rule has no `verbs`", "name at least one verb");
    }
    if !rule.non_resource_urls.is_empty() {
        if &*object.reference.kind == "Role" {
            refused.add(line, "a Role has `nonResourceURLs`", "only a ClusterRole may have them");
        }
        if !rule.api_groups.is_empty() || !rule.resources.is_empty() || !rule.resource_names.is_empty() {
            refused.add(line, "a rule has both resources and `nonResourceURLs`", "make two rules of it");
        }
        return rule;
    }
    if rule.api_groups.is_empty() {
        refused.add(line, "a rule has no `apiGroups`", "the core group is written `\"\"`");
    }
    if rule.resources.is_empty() {
        refused.add(
            line,
            "a rule has neither `resources` nor `nonResourceURLs`",
            "name at least one resource",
        );
    }
    rule
}

fn aggregation(tree: &Tree, refused: &mut Refused<'_>) -> AggregationRule {
    let selectors = items(tree, "clusterRoleSelectors", refused);
    if selectors.is_empty() {
        refused.add(
            tree.line,
            "`aggregationRule` has no `clusterRoleSelectors`",
            "give at least one selector",
        );
    }
    AggregationRule {
        selectors: selectors.iter().map(|selector| label_selector(selector, refused)).collect(),
    }
}

/// A RoleBinding or ClusterRoleBinding, as the apiserver accepts and completes it.
///
/// Source: Kubernetes 1.37, `pkg/apis/rbac/validation/validation.go` and `pkg/apis/rbac/v1/defaults.go`.
pub(crate) fn binding(object: &Object, warnings: &mut Vec<Problem>) -> Result<Binding, Vec<Problem>> {
    let mut refused = Refused::new(object);
    check_name(&object.reference.name, object.source.line, &mut refused);
    let role = role_ref(object, &mut refused);
    let subjects = items(&object.tree, "subjects", &mut refused)
        .iter()
        .filter_map(|subject| rbac_subject::subject(subject, object, &mut refused, warnings))
        .collect();
    let (reference, source) = (object.reference.clone(), object.source.clone());
    refused.or(Binding { reference, source, role, subjects })
}

fn role_ref(object: &Object, refused: &mut Refused<'_>) -> RoleRef {
    let line = object.tree.entry("roleRef").map_or(object.source.line, |entry| entry.line);
    let role_ref = object.tree.get("roleRef");
    let field = |key| role_ref.and_then(|role_ref| text(role_ref, key));
    if let Some(group) = field("apiGroup").filter(|group| &**group != GROUP) {
        refused.add(
            line,
            format_args!("roleRef.apiGroup is `{group}`"),
            "it must be rbac.authorization.k8s.io",
        );
    }
    let kind = match field("kind").as_deref() {
        Some("ClusterRole") => RoleKind::ClusterRole,
        Some("Role") if &*object.reference.kind == "RoleBinding" => RoleKind::Role,
        other => {
            let written = other.unwrap_or_default();
            let hint = "a ClusterRoleBinding takes a ClusterRole, a RoleBinding a Role or a ClusterRole";
            refused.add(line, format_args!("roleRef.kind is `{written}`"), hint);
            RoleKind::ClusterRole
        }
    };
    let name = field("name").unwrap_or_default();
    if name.is_empty() {
        refused.add(line, "roleRef has no `name`", "name the role");
    }
    check_name(&name, line, refused);
    RoleRef { kind, name, line }
}
