//! What is no danger in itself, and unusual: told by the baseline alone, once that is learned.
//!
//! Each type is about one kind of act. Of those, acts that can do no harm are left out where the log shows that they can't: a role
//! that lets one read what is no Secret, a permission that nobody could abuse, a binding of a narrow role in a namespace of its own.

use ringwall_model::Severity;

use super::bindings::BINDING_CREATED as ROLE_BINDING_CREATED;
use super::details::{short, signal};
use super::exec::EXEC as EXEC_IN_POD;
use super::permissions::PERMISSION_CHECKED;
use super::roles::ROLE_CREATED;
use super::secrets::SECRETS_ACCESSED;
use super::workloads::DEPLOYED as WORKLOAD_DEPLOYED;
use crate::act::{Act, Caller, Verb};
use crate::baseline::Features;
use crate::baseline::said::{Asked, deploys};
use crate::body::{Binding, Role, read};
use crate::field::{Field, Text};
use crate::finding::{
    Container, Kind, PermissionAsked, Place, RoleBindingMade, RoleMade, Signal, Term, Workload,
};

/// Namespaces whose contents are the cluster's own. Source: Kubernetes, *Namespaces*, "Initial namespaces".
const SENSITIVE_NAMESPACES: [&str; 3] = ["kube-system", "kube-public", "kube-node-lease"];

/// ClusterRoles that give far-reaching rights. Source: Kubernetes, *Using RBAC Authorization*, "User-facing roles".
const STRONG_ROLES: [&str; 3] = ["cluster-admin", "admin", "edit"];

/// Of those, the ones for which GuardDuty's severity is High. Source: AWS GuardDuty User Guide, *EKS Protection finding types*.
const ADMIN_ROLES: [&str; 2] = ["cluster-admin", "admin"];

/// An act that is a finding if it is unusual.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Anomaly(&'static Kind);

/// What an act would be told as if it is unusual. What was told already of the same kind is not told again.
pub(crate) fn may_be_anomaly(act: &Act<'_>, features: &Features<'_>, told: &[Signal]) -> Option<Anomaly> {
    let is_told = |signal: &Signal| {
        let name = signal.kind.name;
        name.contains("/AnomalousBehavior.") || name.starts_with("Policy:")
    };
    if !act.took_place() || act.is_dry_run() || told.iter().any(is_told) {
        return None;
    }
    let kind = match (act.resource, act.subresource) {
        // Kubelets and controllers run no commands; the rest is their work.
        ("pods", "exec" | "attach") => &EXEC_IN_POD,
        _ if act.caller.is_system() => return None,
        ("secrets", "") if act.verb.reads() => &SECRETS_ACCESSED,
        ("rolebindings" | "clusterrolebindings", "") if act.verb.makes() => &ROLE_BINDING_CREATED,
        ("roles" | "clusterroles", "") if act.verb.makes() => &ROLE_CREATED,
        ("selfsubjectaccessreviews" | "selfsubjectrulesreviews", "") if act.verb == Verb::Create => {
            &PERMISSION_CHECKED
        }
        _ if deploys(act) => &WORKLOAD_DEPLOYED,
        _ => return None,
    };
    // Whoever was not authenticated has types of its own, which need no baseline.
    if act.caller == Caller::Anonymous {
        return None;
    }
    let may_harm = match kind {
        kind if *kind == ROLE_BINDING_CREATED => is_strong_binding(act),
        kind if *kind == ROLE_CREATED => is_strong_role(act),
        kind if *kind == PERMISSION_CHECKED => features.asked.as_ref().is_none_or(is_strong_permission),
        _ => true,
    };
    may_harm.then_some(Anomaly(kind))
}

impl Anomaly {
    /// The signal, with why it is unusual.
    pub(crate) fn signal(
        self,
        act: &Act<'_>,
        place: &Place,
        features: &Features<'_>,
        terms: Vec<Term>,
    ) -> Signal {
        let (who, namespace, name) = (act.username(), act.namespace, act.name);
        let what = match self.0 {
            kind if *kind == EXEC_IN_POD => format!("ran a command in pod `{namespace}/{name}`"),
            kind if *kind == SECRETS_ACCESSED && name.is_empty() && namespace.is_empty() => {
                "read the Secrets of all namespaces".to_owned()
            }
            kind if *kind == SECRETS_ACCESSED && name.is_empty() => {
                format!("read the Secrets of namespace `{namespace}`")
            }
            kind if *kind == SECRETS_ACCESSED => format!("read Secret `{namespace}/{name}`"),
            kind if *kind == PERMISSION_CHECKED => match &features.asked {
                Some(asked) => format!("asked whether they may `{}` `{}`", asked.verb, asked.resource),
                None => "asked for all that they may do".to_owned(),
            },
            _ => format!("wrote `{}` `{}`", act.resource, written(act)),
        };
        let unusual: Vec<&str> = terms.iter().map(|term| &*term.feature).collect();
        let description =
            format!("`{}` {}, which is unusual by its {}", short(who), short(&what), unusual.join(", "));
        // Pods have new names all the time, and who reads Secrets reads several.
        let object = match self.0 {
            kind if *kind == EXEC_IN_POD || *kind == SECRETS_ACCESSED => namespace.to_owned(),
            kind if *kind == WORKLOAD_DEPLOYED => format!("{namespace}/{}", act.resource),
            _ => what,
        };
        let mut signal = signal(self.0, act, place, &object, description);
        signal.details.terms = terms;
        self.fill(&mut signal, act, features);
        signal
    }

    fn fill(self, signal: &mut Signal, act: &Act<'_>, features: &Features<'_>) {
        let cluster_wide = act.resource.starts_with("cluster");
        let details = &mut signal.details;
        if *self.0 == ROLE_BINDING_CREATED {
            let role = bound(act);
            let kind = if cluster_wide { "ClusterRoleBinding" } else { "RoleBinding" };
            let (role_kind, role) = role.map(|role| (short(&role.0), short(&role.1))).unwrap_or_default();
            if role_kind == "ClusterRole" && ADMIN_ROLES.contains(&role.as_str()) {
                signal.severity = Severity::High;
            }
            let (kind, name) = (kind.to_owned(), short(act.name));
            details.binding = Some(RoleBindingMade { kind, name, role, role_kind, ..Default::default() });
        } else if *self.0 == ROLE_CREATED {
            let kind = if cluster_wide { "ClusterRole" } else { "Role" };
            details.role =
                Some(RoleMade { kind: kind.to_owned(), name: short(act.name), uid: String::new() });
        } else if *self.0 == PERMISSION_CHECKED {
            details.permission = features.asked.as_ref().map(|asked| PermissionAsked {
                verb: short(&asked.verb),
                resource: short(&asked.resource),
                namespace: short(&asked.namespace),
                allowed: asked.allowed,
            });
        } else if *self.0 == WORKLOAD_DEPLOYED {
            let image = |image: &String| Container { image: short(image), ..Container::default() };
            details.workload = Some(Workload {
                kind: short(act.resource),
                name: short(act.name),
                namespace: short(act.namespace),
                containers: features.images.iter().map(image).collect(),
                ..Workload::default()
            });
        }
    }
}

/// An object's namespace and name, as far as it has them.
fn written(act: &Act<'_>) -> String {
    match (act.namespace, act.name) {
        ("", name) => name.to_owned(),
        (namespace, "") => format!("{namespace}/*"),
        (namespace, name) => format!("{namespace}/{name}"),
    }
}

/// Kind and name of the role that a binding gives.
fn bound(act: &Act<'_>) -> Option<(String, String)> {
    // A patch seldom has it, since it can't be changed; what came of it has.
    let bodies = [&act.event.request_object, &act.event.response_object];
    bodies.into_iter().find_map(|body| {
        let binding: Binding<'_> = body.json().and_then(read)?;
        let role = binding.role.get()?;
        Some((role.kind.text().to_owned(), role.name.text().to_owned()))
    })
}

/// What is not recorded may be strong.
fn is_strong_binding(act: &Act<'_>) -> bool {
    act.resource == "clusterrolebindings"
        || SENSITIVE_NAMESPACES.contains(&act.namespace)
        || bound(act)
            .is_none_or(|(kind, name)| kind == "ClusterRole" && STRONG_ROLES.contains(&name.as_str()))
}

/// Whether a role gives more than to read what is no Secret; what is not recorded may.
fn is_strong_role(act: &Act<'_>) -> bool {
    let Some(role) = act.event.request_object.json().and_then(read::<Role<'_>>) else { return true };
    let Field::Is(rules) = role.rules else { return true };
    rules.iter().any(|rule| {
        let reads = rule.verbs.items().iter().all(|verb| Verb::of(verb).reads());
        let is_secret = |resource: &Text<'_>| matches!(&**resource, "*" | "secrets");
        !reads || rule.resources.items().iter().any(is_secret)
    })
}

/// Whether a permission would be worth having for somebody who is not meant to have it, and it was not refused.
fn is_strong_permission(asked: &Asked) -> bool {
    let (verb, resource) = (asked.verb.as_str(), asked.resource.as_str());
    let is_strong = matches!(verb, "*" | "escalate" | "bind" | "impersonate" | "approve" | "sign")
        || matches!(resource, "*" | "secrets" | "pods/exec" | "pods/attach" | "nodes/proxy")
        || (Verb::of(verb).makes()
            && matches!(
                resource,
                "pods"
                    | "deployments"
                    | "daemonsets"
                    | "statefulsets"
                    | "jobs"
                    | "cronjobs"
                    | "roles"
                    | "clusterroles"
                    | "rolebindings"
                    | "clusterrolebindings"
                    | "serviceaccounts/token"
                    | "pods/ephemeralcontainers"
            ));
    is_strong && asked.allowed != Some(false)
}
