use ringwall_model::{BindingSubject, Object, Problem, Tree, Value};

use crate::fields::text;
use crate::rbac::GROUP;
use crate::refused::Refused;

/// Longest name of an object that is a DNS subdomain.
const MAX_SUBDOMAIN: usize = 253;

/// A subject of a binding, as `ValidateRoleBindingSubject` accepts it.
///
/// One rule is not the apiserver's: it refuses a service account without a namespace in a ClusterRoleBinding. Such a
/// subject is kept with a warning, since it matches nobody and the others do.
pub(crate) fn subject(
    tree: &Tree,
    object: &Object,
    refused: &mut Refused<'_>,
    warnings: &mut Vec<Problem>,
) -> Option<BindingSubject> {
    let line = tree.line;
    if !matches!(tree.value, Value::Mapping(_)) {
        refused.add(
            line,
            format_args!("a subject is {}, not a mapping", tree.kind()),
            "a subject has kind and name",
        );
        return None;
    }
    for key in ["kind", "apiGroup", "name", "namespace"] {
        if let Some(value) = tree.get(key)
            && !matches!(value.value, Value::String(_) | Value::Null)
        {
            let message = format!("a subject's `{key}` is {}, not a string", value.kind());
            refused.add(value.line, message, "quote it");
            return None;
        }
    }
    let kind = text(tree, "kind").unwrap_or_default();
    let name = text(tree, "name").unwrap_or_default();
    let namespace = text(tree, "namespace");
    let group = text(tree, "apiGroup");
    if name.is_empty() {
        refused.add(line, "a subject has no `name`", "name the user, group or service account");
    }
    match &*kind {
        "ServiceAccount" => {
            if let Some(group) = group {
                refused.add(
                    line,
                    format_args!("a ServiceAccount subject has apiGroup `{group}`"),
                    "remove it: service accounts are of the core group",
                );
            }
            if !name.is_empty() && !is_subdomain(&name) {
                refused.add(
                    line,
                    format_args!("`{name}` is not a service account's name"),
                    "use lower-case letters, digits, `-` and `.`",
                );
            }
            if namespace.is_none() && &*object.reference.kind == "ClusterRoleBinding" {
                let message = format!(
                    "{}: service account `{name}` has no namespace and matches nobody; the apiserver refuses it",
                    object.reference
                );
                warnings.push(Problem::warning(object.source.at(line), message).hint("add its `namespace`"));
            }
        }
        "User" | "Group" => {
            if let Some(group) = group.filter(|group| &**group != GROUP) {
                refused.add(
                    line,
                    format_args!("a {kind} subject has apiGroup `{group}`"),
                    "it must be rbac.authorization.k8s.io",
                );
            }
        }
        _ => refused.add(
            line,
            format_args!("a subject's kind is `{kind}`"),
            "it must be User, Group or ServiceAccount",
        ),
    }
    Some(BindingSubject { kind, name, namespace, line })
}

/// `IsDNS1123Subdomain` of `apimachinery`.
fn is_subdomain(name: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    name.len() <= MAX_SUBDOMAIN
        && name.split('.').all(|label| {
            label.bytes().all(|byte| inner(byte) || byte == b'-')
                && label.bytes().next().is_some_and(inner)
                && label.bytes().last().is_some_and(inner)
        })
}
