//! Bindings: who is given which role.

use ringwall_model::Severity;

use super::details::{short, signal};
use super::kinds::{NOTHING, guardduty};
use super::memory::Power;
use super::roles::{is_made_by_kubernetes, kind_of, tell_system};
use super::{Look, is_made};
use crate::act::{ANONYMOUS, Act, UNAUTHENTICATED, Verb};
use crate::body::{Binding, Subject, Written, read};
use crate::finding::{Kind, RoleBindingMade};

pub(super) static ANONYMOUS_GRANTED: Kind = guardduty(
    "Policy:Kubernetes/AnonymousAccessGranted",
    Severity::High,
    "Whoever is not authenticated was given a role",
    "Delete the binding, unless everybody on the network may know what its role shows, and look for calls of `system:anonymous` since.",
    NOTHING,
);
pub(super) static ADMIN_TO_DEFAULT: Kind = guardduty(
    "Policy:Kubernetes/AdminAccessToDefaultServiceAccount",
    Severity::High,
    "The default service account of a namespace was given administrator's rights",
    "Delete the binding: every pod of the namespace that names no other account has its rights. Give the pod that needs rights an account \
     and a role of its own.",
    NOTHING,
);
pub(super) static BINDING_CREATED: Kind = guardduty(
    "PrivilegeEscalation:Kubernetes/AnomalousBehavior.RoleBindingCreated",
    Severity::Medium,
    "A role that gives everything, or leads to it, was given to somebody",
    "If you don't know of it, delete the binding and look what its subjects did since. If it is wanted, bind a smaller role, in the namespaces \
     that need it.",
    "Role and subjects are not seen: only that somebody wrote a binding is, to the baseline.",
);

/// Whom a subject means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whom {
    Anonymous,
    DefaultAccount,
    Other,
}

/// RBAC compares names alone: a service account may be written as the user that it is, or as one of its groups.
/// Source: Kubernetes, *Using RBAC Authorization*, "Referring to subjects".
fn whom(subject: &Subject<'_>) -> Whom {
    let name = subject.name.text();
    match subject.kind.text() {
        "User" if name == ANONYMOUS => Whom::Anonymous,
        "Group" if name == UNAUTHENTICATED => Whom::Anonymous,
        "ServiceAccount" if name == "default" => Whom::DefaultAccount,
        "User" if name.starts_with("system:serviceaccount:") && name.ends_with(":default") => {
            Whom::DefaultAccount
        }
        "Group" if name == "system:serviceaccounts" || name.starts_with("system:serviceaccounts:") => {
            Whom::DefaultAccount
        }
        _ => Whom::Other,
    }
}

/// A role that a binding names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Given<'b> {
    kind: &'b str,
    name: &'b str,
}

impl<'b> Given<'b> {
    fn of(binding: &'b Binding<'_>) -> Option<Self> {
        let role = binding.role.get()?;
        Some(Self { kind: role.kind.text(), name: role.name.text() }).filter(|given| !given.name.is_empty())
    }
}

pub(super) fn look(look: &mut Look<'_, '_>) {
    let act = look.act;
    let is_default = is_made_by_kubernetes(act.name);
    if act.verb == Verb::Delete && is_default {
        return tell_system(look);
    }
    if !act.verb.makes() {
        return;
    }
    let written = Written::of(act);
    let sent: Vec<Binding<'_>> = written.pieces().filter_map(read).collect();
    let result: Option<Binding<'_>> = act.event.response_object.json().and_then(read);
    let told = judge(look, &sent, result.as_ref(), written.copies());
    if !told && is_default && !is_made(act) {
        tell_system(look);
    }
}

/// Whether something was told of the subjects that a binding got.
fn judge(look: &mut Look<'_, '_>, sent: &[Binding<'_>], result: Option<&Binding<'_>>, copies: bool) -> bool {
    let act = look.act;
    let kind = kind_of(act.resource);
    let name = sent
        .iter()
        .chain(result)
        .find_map(|binding| binding.metadata.get())
        .map_or("", |metadata| metadata.name.text());
    let name = if act.name.is_empty() { name } else { act.name };
    let identity = (kind, act.namespace, name);
    let is_default = is_made_by_kubernetes(name);
    let of_name = Given { kind: "ClusterRole", name };
    // A binding never changes its role. Source: Kubernetes, *Using RBAC Authorization*, "RoleBinding and ClusterRoleBinding".
    let given = sent.iter().chain(result).find_map(Given::of);
    let power = match given {
        Some(given) => power(look, given),
        None => look.memory.role(("binding", identity)).unwrap_or_else(|| {
            // Kubernetes' own bindings are named as their roles are.
            if is_default { power(look, of_name) } else { Power::Harmless }
        }),
    };
    look.memory.learn_role(("binding", identity), power);
    let given = given.or(is_default.then_some(of_name)).unwrap_or_default();
    let is_whole = act.verb != Verb::Patch || is_made(act) || copies;
    let of_result = result.filter(|_| sent.is_empty() || is_whole);
    let mut worst: Option<(&'static Kind, Severity, Vec<&Subject<'_>>)> = None;
    let mut seen = Vec::new();
    for subject in sent.iter().chain(of_result).flat_map(|binding| binding.subjects.items()) {
        let (subject_kind, subject_name, of) =
            (subject.kind.text(), subject.name.text(), subject.namespace.text());
        let who = (subject_kind, subject_name, of);
        if subject.directive.text() == "delete" || seen.contains(&who) {
            continue;
        }
        seen.push(who);
        let Some((kind, severity)) = verdict(act, whom(subject), given, power) else { continue };
        let is_new = look.memory.is_new_danger(("binding", identity, who));
        if !is_new && !is_made(act) {
            continue;
        }
        match &mut worst {
            Some((told, _, subjects)) if *told == kind => subjects.push(subject),
            Some((told, ..)) if rank(told) >= rank(kind) => {}
            _ => worst = Some((kind, severity, vec![subject])),
        }
    }
    let Some((kind_of_finding, severity, subjects)) = worst else { return false };
    let whom: Vec<String> = subjects.iter().take(8).map(|subject| subject_name(subject)).collect();
    let place = if act.namespace.is_empty() { String::new() } else { format!(" in `{}`", act.namespace) };
    let role = match given.name {
        // A patch without its result.
        "" => "its role".to_owned(),
        role => format!("the {} `{role}`", given.kind),
    };
    let whom = short(&whom.join(", "));
    let description = format!("`{}` gave {role} to {whom}{place} by the {kind} `{name}`", act.username());
    let mut signal =
        signal(kind_of_finding, act, look.place, &format!("{kind}/{}/{name}", act.namespace), description);
    signal.severity = severity;
    let uid = result.and_then(|binding| binding.metadata.get()).map_or("", |metadata| metadata.uid.text());
    signal.details.binding = Some(RoleBindingMade {
        kind: kind.to_owned(),
        name: short(name),
        uid: short(uid),
        role: short(given.name),
        role_kind: short(given.kind),
    });
    look.tell(signal);
    true
}

/// Of several subjects the worst is told, since they are one act.
fn rank(kind: &'static Kind) -> u8 {
    if *kind == ANONYMOUS_GRANTED { 2 } else { u8::from(*kind == ADMIN_TO_DEFAULT) }
}

fn subject_name(subject: &Subject<'_>) -> String {
    let (kind, name, namespace) = (subject.kind.text(), subject.name.text(), subject.namespace.text());
    if namespace.is_empty() {
        format!("the {kind} `{name}`")
    } else {
        format!("the {kind} `{namespace}/{name}`")
    }
}

/// What it means to give a role to somebody.
fn verdict(act: &Act<'_>, whom: Whom, given: Given<'_>, power: Power) -> Option<(&'static Kind, Severity)> {
    match whom {
        Whom::Anonymous => {
            // kubeadm lets nodes that join find the cluster, and everybody may know that the apiserver is well.
            let is_meant = given.name == "system:public-info-viewer"
                || (given.name == "kubeadm:bootstrap-signer-clusterinfo" && act.namespace == "kube-public");
            // The keys of the issuer of service-account tokens are public wherever others trust them.
            let is_keys = given.name == "system:service-account-issuer-discovery";
            (!is_meant).then_some((&ANONYMOUS_GRANTED, if is_keys { Severity::Low } else { Severity::High }))
        }
        Whom::DefaultAccount if power >= Power::Everything => Some((&ADMIN_TO_DEFAULT, Severity::High)),
        // Source: AWS GuardDuty User Guide, the type's entry: high if the ClusterRole is `admin` or `cluster-admin`.
        _ if power == Power::Admin => Some((&BINDING_CREATED, Severity::High)),
        _ if power == Power::Everything => Some((&BINDING_CREATED, Severity::Medium)),
        _ if power == Power::InSystem && act.namespace == "kube-system" => {
            Some((&BINDING_CREATED, Severity::Medium))
        }
        _ => None,
    }
}

/// What a role gives: Kubernetes' own by name, others as they were seen. One that was not seen may give anything; within
/// `kube-system` it counts, unless it is what add-ons have there: to read how extension servers authenticate, and to elect a leader.
fn power(look: &mut Look<'_, '_>, given: Given<'_>) -> Power {
    let Given { kind, name } = given;
    if kind != "Role" {
        match name {
            "cluster-admin" | "admin" => return Power::Admin,
            "system:kube-controller-manager" | "system:kubelet-api-admin" | "system:node" => {
                return Power::Everything;
            }
            _ if name.starts_with("system:controller:") => return Power::Everything,
            "edit" => return Power::InSystem,
            _ if is_made_by_kubernetes(name) => return Power::Harmless,
            _ => {}
        }
    }
    let namespace = if kind == "Role" { look.act.namespace } else { "" };
    if let Some(known) = look.memory.role((kind_named(kind), namespace, name)) {
        return known;
    }
    let lower = name.to_ascii_lowercase();
    let elects = lower.contains("leader") && lower.contains("elect");
    if elects || name == "extension-apiserver-authentication-reader" {
        Power::Harmless
    } else {
        Power::InSystem
    }
}

fn kind_named(kind: &str) -> &'static str {
    if kind == "Role" { "Role" } else { "ClusterRole" }
}
