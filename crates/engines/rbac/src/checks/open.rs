//! What is open to everyone: anonymous callers, and whoever has logged in.

use ringwall_model::{Binding, CheckResult, Cluster, PolicyRule, Severity};

use super::About;
use crate::Authorizer;

/// Subjects that stand for everyone, and whether they need not even log in.
const EVERYONE: [(&str, &str, bool); 3] = [
    ("Group", "system:unauthenticated", true),
    ("User", "system:anonymous", true),
    ("Group", "system:authenticated", false),
];

/// Paths that Kubernetes opens to everyone (`system:public-info-viewer`) …
const PUBLIC_PATHS: [&str; 5] = ["/healthz", "/livez", "/readyz", "/version", "/version/"];
/// … and to whoever has logged in (`system:discovery`).
const DISCOVERY_PATHS: [&str; 6] = ["/api", "/api/*", "/apis", "/apis/*", "/openapi", "/openapi/*"];
/// What whoever has logged in may ask about themselves (`system:basic-user`), all by `create`.
const SELF_REVIEWS: [(&str, &str); 3] = [
    ("authorization.k8s.io", "selfsubjectaccessreviews"),
    ("authorization.k8s.io", "selfsubjectrulesreviews"),
    ("authentication.k8s.io", "selfsubjectreviews"),
];

pub(super) fn results(cluster: &Cluster, authorizer: &Authorizer<'_>) -> Vec<CheckResult> {
    let about = About {
        check: "rbac-anonymous",
        title: "nothing is open to everyone beyond what Kubernetes opens itself",
        remedy: "bind the role to the groups that need it; everyone who reaches the API is in these",
    };
    let mut failures = Vec::new();
    for binding in &cluster.bindings {
        for (kind, name, anonymous) in EVERYONE {
            if !binding.subjects.iter().any(|subject| &*subject.kind == kind && &*subject.name == name) {
                continue;
            }
            let mut beyond = authorizer.rules_of_role(&binding.role, binding.reference.namespace.as_deref());
            beyond.retain(|rule| !is_default_for_everyone(rule, anonymous));
            if !beyond.is_empty() {
                failures.push(failure(about, binding, kind, name, anonymous, &beyond));
            }
        }
    }
    about.or_passes(failures)
}

fn failure(
    about: About,
    binding: &Binding,
    kind: &str,
    name: &str,
    anonymous: bool,
    beyond: &[&PolicyRule],
) -> CheckResult {
    let who = if anonymous {
        "anybody who reaches the API, without logging in,"
    } else {
        "every user and pod that has logged in"
    };
    let place = match &binding.reference.namespace {
        Some(namespace) => format!("in namespace {namespace}"),
        None => "across the cluster".to_owned(),
    };
    let what = crate::summary(beyond.iter().copied());
    let why = format!(
        "{} {} is bound to {} {}: {who} {what} {place}",
        kind.to_lowercase(),
        name,
        binding.role.kind.name(),
        binding.role.name
    );
    let only_paths = beyond.iter().all(|rule| rule.resources.is_empty());
    let severity = match (anonymous, only_paths) {
        (true, false) => Severity::Critical,
        (true, true) | (false, false) => Severity::High,
        (false, true) => Severity::Medium,
    };
    super::about_binding(about, severity, why, binding)
}

/// Whether Kubernetes opens what the rule allows to everyone by default.
///
/// Source: Kubernetes documentation, *Using RBAC Authorization*, section "API discovery roles";
/// `bootstrappolicy/policy.go`, release 1.34.
pub(crate) fn is_default_for_everyone(rule: &PolicyRule, anonymous: bool) -> bool {
    let all =
        |list: &[std::sync::Arc<str>], known: &dyn Fn(&str) -> bool| list.iter().all(|item| known(item));
    if rule.resources.is_empty() {
        let open =
            |path: &str| PUBLIC_PATHS.contains(&path) || (!anonymous && DISCOVERY_PATHS.contains(&path));
        return all(&rule.verbs, &|verb| verb == "get") && all(&rule.non_resource_urls, &open);
    }
    !anonymous
        && rule.non_resource_urls.is_empty()
        && all(&rule.verbs, &|verb| verb == "create")
        && rule.api_groups.iter().all(|group| {
            rule.resources.iter().all(|resource| SELF_REVIEWS.contains(&(&**group, &**resource)))
        })
}
