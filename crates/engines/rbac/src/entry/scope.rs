//! Access scopes: where in the cluster an access policy holds.

use std::sync::Arc;

use ringwall_model::AccessScope;

use crate::Target;

/// Whether a scope holds where a request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Covers {
    Yes,
    No,
    /// AWS does not say what this scope means.
    Unclear,
}

/// A namespace's scope holds for requests in that namespace alone: not across namespaces, not for what has
/// none, not for paths. A namespace itself is in it, since its requests carry its name as their namespace
/// (Kubernetes v1.34, `apiserver/pkg/endpoints/request/requestinfo.go`).
pub(super) fn covers(scope: &AccessScope, target: &Target<'_>) -> Covers {
    let patterns = match scope {
        AccessScope::Cluster => return Covers::Yes,
        AccessScope::Unknown(_) => return Covers::Unclear,
        AccessScope::Namespaces(patterns) => patterns,
    };
    let namespace = match *target {
        Target::Resource { group: "", resource: "namespaces", name, namespace: "", .. } => name,
        _ => target.namespace(),
    };
    if namespace.is_empty() {
        return Covers::No;
    }
    let all = patterns.iter().map(|pattern| covers_namespace(pattern, namespace));
    all.fold(Covers::No, |found, this| match (found, this) {
        (Covers::Yes, _) | (_, Covers::Yes) => Covers::Yes,
        (Covers::Unclear, _) | (_, Covers::Unclear) => Covers::Unclear,
        (Covers::No, Covers::No) => Covers::No,
    })
}

/// Whether a scope's namespace means this one.
///
/// AWS documents "wildcard characters" by the example `dev-*` alone (EKS user guide, *Associate access
/// policies with access entries*). So a trailing `*` is known; a match that needs any other wildcard is not.
fn covers_namespace(pattern: &str, namespace: &str) -> Covers {
    if pattern == namespace {
        return Covers::Yes;
    }
    match pattern.strip_suffix('*') {
        Some(prefix) if !prefix.contains(['*', '?']) => {
            if namespace.starts_with(prefix) {
                Covers::Yes
            } else {
                Covers::No
            }
        }
        _ if wildcard(pattern.as_bytes(), namespace.as_bytes()) => Covers::Unclear,
        _ => Covers::No,
    }
}

/// Matches `*` for any text and `?` for one byte, in time proportional to the product of the lengths.
pub(super) fn wildcard(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(byte) = text.get(t) {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(expected) if expected == byte || *expected == b'?' => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((at, from)) = star else { return false };
                star = Some((at, from + 1));
                p = at + 1;
                t = from + 1;
            }
        }
    }
    pattern.iter().skip(p).all(|byte| *byte == b'*')
}

/// The scope in words.
pub(super) fn scope_text(scope: &AccessScope) -> String {
    match scope {
        AccessScope::Cluster => "the whole cluster".to_owned(),
        AccessScope::Namespaces(namespaces) => format!("the namespaces {}", list(namespaces)),
        AccessScope::Unknown(kind) => format!("an unknown kind of scope `{kind}`"),
    }
}

fn list(items: &[Arc<str>]) -> String {
    let items: Vec<_> = items.iter().map(|item| format!("`{item}`")).collect();
    if items.is_empty() { "nothing".to_owned() } else { items.join(", ") }
}
