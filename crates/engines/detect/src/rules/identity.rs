//! Identities that are used where they don't belong.

use ringwall_model::{Responsible, Severity};

use super::clients::{is_tool, public_source};
use super::details::{short, signal};
use super::kinds::ringwall;
use super::{Look, is_person};
use crate::act::Caller;
use crate::finding::Kind;

pub(super) static IMPERSONATED: Kind = ringwall(
    "PrivilegeEscalation:Kubernetes/Ringwall.PrivilegeImpersonated",
    Severity::Medium,
    "Somebody acted in the name of a privileged identity",
    "Ask whoever did it. Give `impersonate` with `resourceNames` alone: `ringwall who-can impersonate groups`.",
    "",
);
/// Nodes and pods are the customer's, the control plane is AWS's. Source: AWS EKS User Guide, *Security in Amazon EKS*.
pub(super) static SYSTEM_FROM_OUTSIDE: Kind = Kind {
    responsible: Responsible::Shared,
    ..ringwall(
        "CredentialAccess:Kubernetes/Ringwall.SystemPrincipalFromPublicAddress",
        Severity::High,
        "Credentials of a part of the cluster were used from the Internet",
        "Replace the node, or delete the pod and its service account's tokens; if it is a part of the control plane, tell AWS, whose it is. Find how the \
         credentials got out, and let the apiserver be reached from your networks alone.",
        "",
    )
};

/// Remembers from where kubelets call: a cluster whose apiserver is reached over the Internet has its nodes there, or behind the
/// address that its network shares.
pub(super) fn learn(look: &mut Look<'_, '_>) {
    let act = look.act;
    if act.caller == Caller::Node
        && act.event.user_agent.text().starts_with("kubelet")
        && let Some(address) = public_source(act)
    {
        look.memory.learn_node_address(address);
    }
}

pub(super) fn look(look: &mut Look<'_, '_>) {
    if look.act.event.impersonated_user.get().is_some() {
        impersonated(look);
    }
    let is_of_cluster = match look.act.caller {
        Caller::Node => true,
        Caller::ControlPlane => !look.act.username().starts_with("eks:"),
        Caller::ServiceAccount { namespace, .. } => namespace == "kube-system",
        Caller::Anonymous | Caller::User => false,
    };
    if is_of_cluster {
        from_outside(look);
    }
}

fn impersonated(look: &mut Look<'_, '_>) {
    let act = look.act;
    let Some(other) = act.event.impersonated_user.get() else { return };
    if act.caller.is_system() {
        return;
    }
    let name = other.username.text();
    let is_master = other.groups.items().iter().any(|group| &**group == "system:masters");
    let is_admin = matches!(name, "system:admin" | "kubernetes-admin" | "kubernetes-super-admin");
    let is_privileged = match Caller::of(name) {
        Caller::Node | Caller::ControlPlane => true,
        // GitOps tools act as the accounts of those whose manifests they apply.
        Caller::ServiceAccount { namespace, .. } => namespace == "kube-system" && is_person(act.caller),
        Caller::Anonymous | Caller::User => false,
    };
    if !(is_master || is_admin || is_privileged) {
        return;
    }
    let group = if is_master { " in `system:masters`" } else { "" };
    let description = format!("`{}` acted as `{}`{group}", act.username(), short(name));
    let mut signal = signal(&IMPERSONATED, act, look.place, name, description);
    if is_master || is_admin {
        signal.severity = Severity::High;
    }
    look.tell(signal);
}

/// With a tool that people use, and from an address from which no kubelet calls.
fn from_outside(look: &mut Look<'_, '_>) {
    let act = look.act;
    if !is_tool(act.event.user_agent.text()) {
        return;
    }
    let Some(address) = public_source(act) else { return };
    if look.memory.is_node_address(address) {
        return;
    }
    let description = format!(
        "the credentials of `{}` were used from {address} by `{}`",
        act.username(),
        short(act.event.user_agent.text())
    );
    let signal = signal(&SYSTEM_FROM_OUTSIDE, act, look.place, &address.to_string(), description);
    look.tell(signal);
}
