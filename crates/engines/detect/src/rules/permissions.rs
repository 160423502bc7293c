//! Who asks what they may do.

use ringwall_model::Severity;

use super::Look;
use super::clients::is_tool;
use super::details::{short, signal};
use super::kinds::guardduty;
use crate::act::Verb;
use crate::body::{AccessReview, ResourceAttributes, Written, read};
use crate::finding::{Kind, PermissionAsked};

pub(super) static PERMISSION_CHECKED: Kind = guardduty(
    "Discovery:Kubernetes/AnomalousBehavior.PermissionChecked",
    Severity::Low,
    "Somebody asked whether they may do what gives a cluster away, and they may",
    "If you don't know of it, find where the actor's credentials are used besides. Take the permission away if it is not needed.",
    "Neither the permission nor the answer is seen: only that somebody asked is, to the baseline.",
);

/// `kubectl auth can-i` asks so. Programs ask too, of what they are about to do or to show, as consoles of clusters do all day; they are
/// told apart by what they call themselves, as no permission is used yet.
pub(super) fn look(look: &mut Look<'_, '_>) {
    let act = look.act;
    if act.verb != Verb::Create || !is_tool(act.event.user_agent.text()) {
        return;
    }
    let written = Written::of(act);
    let sent: Vec<AccessReview<'_>> = written.pieces().filter_map(read).collect();
    let result: Option<AccessReview<'_>> = act.event.response_object.json().and_then(read);
    let is_allowed =
        result.as_ref().and_then(|review| review.status.get()).is_some_and(|status| status.allowed.is_true());
    let asked = sent
        .iter()
        .chain(&result)
        .filter_map(|review| review.spec.get())
        .find_map(|spec| spec.resource.get());
    let Some(asked) = asked.filter(|asked| is_allowed && is_powerful(asked)) else { return };
    let (verb, resource) = (asked.verb.text(), resource(asked));
    let place = match asked.namespace.text() {
        "" => "in all namespaces".to_owned(),
        namespace => format!("in `{namespace}`"),
    };
    let description =
        format!("`{}` asked whether they may {verb} {resource} {place}, and may", act.username());
    let mut signal = signal(&PERMISSION_CHECKED, act, look.place, "", description);
    signal.details.permission = Some(PermissionAsked {
        verb: short(verb),
        resource: short(&resource),
        namespace: short(asked.namespace.text()),
        allowed: Some(true),
    });
    look.tell(signal);
}

fn resource(asked: &ResourceAttributes<'_>) -> String {
    match asked.subresource.text() {
        "" => asked.resource.text().to_owned(),
        part => format!("{}/{part}", asked.resource.text()),
    }
}

/// Whether a permission leads to everything. What concerns one object, or one namespace other than `kube-system`, mostly does not.
fn is_powerful(asked: &ResourceAttributes<'_>) -> bool {
    let (verb, resource) = (asked.verb.text(), resource(asked));
    let is_wide = matches!(asked.namespace.text(), "" | "kube-system") && asked.name.text().is_empty();
    match (verb, resource.as_str()) {
        ("*", "*") => true,
        ("*", _) | (_, "*") => is_wide,
        ("escalate" | "bind", "roles" | "clusterroles") => true,
        ("impersonate", "users" | "groups" | "serviceaccounts") => true,
        ("get" | "list" | "watch", "secrets") => is_wide,
        (
            "create",
            "pods/exec" | "pods/attach" | "serviceaccounts/token" | "rolebindings" | "pods" | "daemonsets",
        ) => is_wide,
        ("get" | "create", "nodes/proxy") => true,
        ("create" | "update" | "patch", "clusterroles" | "clusterrolebindings") => true,
        (
            "create" | "update" | "patch",
            "mutatingwebhookconfigurations" | "validatingwebhookconfigurations",
        ) => true,
        ("approve" | "sign", "signers") | ("update" | "patch", "certificatesigningrequests/approval") => true,
        _ => false,
    }
}
