//! Roles: what they give, and changes of those that Kubernetes makes itself.

use ringwall_model::Severity;

use super::details::{short, signal};
use super::kinds::{guardduty, ringwall};
use super::memory::Power;
use super::{Look, is_made};
use crate::act::{Act, Verb};
use crate::body::{Role, Rule, Written, read};
use crate::field::{Field, Text};
use crate::finding::{Kind, RoleMade};

pub(super) static ROLE_CREATED: Kind = guardduty(
    "PrivilegeEscalation:Kubernetes/AnomalousBehavior.RoleCreated",
    Severity::Low,
    "A role was made or changed that gives everything, or what leads to everything",
    "Replace the wildcards by the verbs and resources that are needed; take `escalate`, `bind` and `impersonate` out or name their objects. \
     See who has the role (`ringwall who-can`).",
    "What the role gives is not seen: only that somebody wrote one is, to the baseline.",
);
pub(super) static SYSTEM_ROLE: Kind = ringwall(
    "PrivilegeEscalation:Kubernetes/Ringwall.SystemRoleModified",
    Severity::High,
    "A role or binding that Kubernetes makes itself was changed or deleted",
    "Put it back: kube-apiserver writes its default roles anew when it starts, unless they are annotated \
     `rbac.authorization.kubernetes.io/autoupdate: \"false\"`; look what its holders did since, and who may write it.",
    "",
);

/// Why a role is dangerous.
pub(super) fn danger(role: &Role<'_>) -> Option<&'static str> {
    let takes_all = role.aggregation.get().is_some_and(|rule| {
        let is_empty = |labels: bool, expressions: bool| !labels && !expressions;
        rule.selectors.items().iter().any(|selector| {
            is_empty(
                selector.labels.get().is_some_and(|labels| labels.iter().next().is_some()),
                !selector.expressions.items().is_empty(),
            )
        })
    });
    if takes_all {
        return Some("it takes over the rules of all roles");
    }
    role.rules.items().iter().find_map(of_rule)
}

fn of_rule(rule: &Rule<'_>) -> Option<&'static str> {
    if !rule.resource_names.items().is_empty() {
        return None;
    }
    let group = |name| any_of(&rule.api_groups, &["*", name]);
    let resource = |names: &[&str]| any_of(&rule.resources, &["*"]) || any_of(&rule.resources, names);
    let verb = |name| any_of(&rule.verbs, &["*", name]);
    // Wildcards within the groups of one's own custom resources are what every operator has.
    if group("")
        && any_of(&rule.resources, &["*", "*/*"])
        && ["create", "update", "patch"].into_iter().any(verb)
    {
        return Some("it may change all resources");
    }
    let rbac = group("rbac.authorization.k8s.io") && resource(&["roles", "clusterroles"]);
    if rbac && (verb("escalate") || verb("bind")) {
        return Some("it may give rights that its holder does not have");
    }
    if group("") && resource(&["users", "groups", "serviceaccounts"]) && any_of(&rule.verbs, &["impersonate"])
    {
        return Some("it may act as anybody");
    }
    if group("") && any_of(&rule.resources, &["users", "groups"]) && verb("impersonate") {
        return Some("it may act as anybody");
    }
    if group("") && any_of(&rule.resources, &["nodes/proxy", "nodes/*", "*/proxy"]) && verb("create") {
        return Some("it may run commands in all pods by way of the kubelets");
    }
    None
}

/// Whether a role, within `kube-system`, leads to those who are there.
fn leads_on_in_system(role: &Role<'_>) -> bool {
    role.rules.items().iter().any(|rule| {
        let core = any_of(&rule.api_groups, &["", "*"]);
        let apps = any_of(&rule.api_groups, &["apps", "batch", "*"]);
        let verb = |names: &[&str]| any_of(&rule.verbs, names);
        let of = |names: &[&str]| any_of(&rule.resources, names);
        let writes = verb(&["*", "create", "update", "patch"]);
        rule.resource_names.items().is_empty()
            && ((core && of(&["*", "secrets"]) && verb(&["*", "get", "list", "watch"]))
                || (core
                    && of(&["*", "*/*", "pods/exec", "pods/attach", "pods/ephemeralcontainers"])
                    && verb(&["*", "create", "get", "patch", "update"]))
                || (core && of(&["serviceaccounts/token", "pods", "replicationcontrollers"]) && writes)
                || (apps
                    && of(&[
                        "*",
                        "deployments",
                        "daemonsets",
                        "statefulsets",
                        "replicasets",
                        "jobs",
                        "cronjobs",
                    ])
                    && writes))
    })
}

fn any_of(list: &Field<Vec<Text<'_>>>, names: &[&str]) -> bool {
    list.items().iter().any(|item| names.contains(&&**item))
}

/// What a role gives.
fn power(role: &Role<'_>) -> Power {
    match danger(role) {
        Some(_) => Power::Everything,
        None if leads_on_in_system(role) => Power::InSystem,
        None => Power::Harmless,
    }
}

/// `Role` or `ClusterRole`, `RoleBinding` or `ClusterRoleBinding`.
pub(super) fn kind_of(resource: &str) -> &'static str {
    match resource {
        "roles" => "Role",
        "clusterroles" => "ClusterRole",
        "rolebindings" => "RoleBinding",
        _ => "ClusterRoleBinding",
    }
}

/// Roles that kube-apiserver makes, and EKS. Those of others may begin with `system:` too, as that of metrics-server does, and are
/// theirs to change.
///
/// Sources: Kubernetes, *Using RBAC Authorization*, "Default roles and role bindings"; AWS EKS User Guide, *Default Amazon EKS created
/// Kubernetes roles and users*.
pub(super) fn is_made_by_kubernetes(name: &str) -> bool {
    const NAMES: [&str; 21] = [
        "admin",
        "cluster-admin",
        "edit",
        "extension-apiserver-authentication-reader",
        "system:auth-delegator",
        "system:basic-user",
        "system:discovery",
        "system:kube-aggregator",
        "system:kube-controller-manager",
        "system:kube-dns",
        "system:kube-scheduler",
        "system:kubelet-api-admin",
        "system:monitoring",
        "system:node",
        "system:node-bootstrapper",
        "system:node-problem-detector",
        "system:node-proxier",
        "system:persistent-volume-provisioner",
        "system:public-info-viewer",
        "system:volume-scheduler",
        "view",
    ];
    const BEGINNINGS: [&str; 5] =
        ["system:controller:", "system:aggregate-to-", "system::", "system:certificates.k8s.io:", "eks:"];
    NAMES.contains(&name) || BEGINNINGS.iter().any(|begin| name.starts_with(begin))
}

pub(super) fn look(look: &mut Look<'_, '_>) {
    let act = look.act;
    if act.caller.is_system() {
        // Kubernetes' own are known by name; what its aggregation controller puts together was judged where it was written.
        return;
    }
    if matches!(act.verb, Verb::Update | Verb::Patch | Verb::Delete)
        && !is_made(act)
        && is_made_by_kubernetes(act.name)
    {
        tell_system(look);
    }
    if !act.verb.makes() {
        return;
    }
    let written = Written::of(act);
    let sent: Vec<Role<'_>> = written.pieces().filter_map(read).collect();
    let result: Option<Role<'_>> = act.event.response_object.json().and_then(read);
    let name = sent
        .iter()
        .chain(&result)
        .find_map(|role| role.metadata.get())
        .map_or("", |metadata| metadata.name.text());
    let name = if act.name.is_empty() { name } else { act.name };
    let kind = kind_of(act.resource);
    let identity = (kind, act.namespace, name);
    let of_parts = sent.iter().map(power).max();
    let power = match (&result, of_parts) {
        (Some(result), _) => power(result),
        // Of a patch alone the rest is not known; it gives no less than before.
        (None, Some(added)) if act.verb == Verb::Patch => {
            look.memory.role(identity).map_or(added, |known| known.max(added))
        }
        (None, Some(all)) => all,
        (None, None) => return,
    };
    look.memory.learn_role(identity, power);
    let of_result =
        || result.as_ref().filter(|_| written.copies() || act.verb != Verb::Patch || is_made(act));
    let Some(why) = sent.iter().chain(of_result()).find_map(danger) else { return };
    let is_new = look.memory.is_new_danger(("role", identity, why));
    if !is_new && !is_made(act) {
        return;
    }
    let place = if act.namespace.is_empty() { String::new() } else { format!(" in `{}`", act.namespace) };
    let verb = if is_made(act) { "made" } else { "changed" };
    let description = format!("`{}` {verb} the {kind} `{name}`{place}: {why}", act.username());
    let mut signal =
        signal(&ROLE_CREATED, act, look.place, &format!("{kind}/{}/{name}", act.namespace), description);
    if kind == "ClusterRole" {
        signal.severity = Severity::Medium;
    }
    let uid = result.as_ref().and_then(|role| role.metadata.get()).map_or("", |metadata| metadata.uid.text());
    signal.details.role = Some(RoleMade { kind: kind.to_owned(), name: short(name), uid: short(uid) });
    look.tell(signal);
}

/// Tells that somebody changed what Kubernetes makes itself.
pub(super) fn tell_system(look: &mut Look<'_, '_>) {
    let Act { name, namespace, resource, .. } = *look.act;
    let kind = kind_of(resource);
    let verb = if look.act.verb == Verb::Delete { "deleted" } else { "changed" };
    let description =
        format!("`{}` {verb} the {kind} `{name}`, which Kubernetes makes itself", look.act.username());
    let signal =
        signal(&SYSTEM_ROLE, look.act, look.place, &format!("{kind}/{namespace}/{name}"), description);
    look.tell(signal);
}
