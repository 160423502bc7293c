//! Secrets read in bulk, and tokens that never end.

use ringwall_model::Severity;

use super::clients::is_tool;
use super::details::{evidence, signal};
use super::kinds::guardduty;
use super::{Look, is_made, is_person, tokens, uri};
use crate::act::{Act, Caller, Verb};
use crate::body::{Secret, Written, read};
use crate::finding::Kind;

pub(super) static SECRETS_ACCESSED: Kind = guardduty(
    "CredentialAccess:Kubernetes/AnomalousBehavior.SecretsAccessed",
    Severity::Medium,
    "Secrets were read that are unusual for whoever read them, or in bulk",
    "If you don't know of it, revoke what the actor used and replace every Secret that was read. Give `get` with `resourceNames` in place of `list`: \
     `ringwall who-can list secrets`.",
    "",
);

/// Different Secrets within ten minutes from which on it is a bulk: a person reads a few, a deployment by hand some more.
const MANY: usize = 15;
/// Different namespaces whose Secrets are listed within ten minutes, one by one.
const MANY_NAMESPACES: usize = 5;

pub(super) fn look(look: &mut Look<'_, '_>) {
    match look.act.verb {
        Verb::List | Verb::Watch if look.act.namespace.is_empty() => of_all_namespaces(look),
        Verb::List => one_by_one(look),
        Verb::Get => one_by_one(look),
        Verb::Create | Verb::Update | Verb::Patch => made(look),
        _ => {}
    }
}

fn of_all_namespaces(look: &mut Look<'_, '_>) {
    let act = look.act;
    // A watch gets all of them too if it asks for what there is first, or for what there ever was.
    let is_whole = act.verb == Verb::List
        || uri::values(act.query, "sendInitialEvents").any(|value| value == "true")
        || uri::values(act.query, "resourceVersion").all(|version| matches!(&*version, "" | "0"));
    let asks_one =
        uri::values(act.query, "fieldSelector").any(|selector| selector.contains("metadata.name="));
    if !is_whole || asks_one || is_of_helm(act) || is_of_controller(act) {
        return;
    }
    let description = format!("`{}` read the Secrets of all namespaces at once", act.username());
    let mut signal = signal(&SECRETS_ACCESSED, act, look.place, "all namespaces", description);
    signal.severity = Severity::High;
    look.tell(signal);
}

/// `helm list --all-namespaces` reads Helm's own.
fn is_of_helm(act: &Act<'_>) -> bool {
    uri::values(act.query, "labelSelector").any(|selector| selector.split(',').any(|one| one == "owner=helm"))
        || uri::values(act.query, "fieldSelector").any(|selector| selector == "type=helm.sh/release.v1")
}

/// A controller keeps a copy of all Secrets, as cert-manager, ingress controllers and External Secrets do: a service account that
/// lists as client-go's informers do, at the version that the cache has, or by a program of its own, or those with a label.
/// A service account that lists with kubectl or a script is none.
fn is_of_controller(act: &Act<'_>) -> bool {
    let informs =
        uri::values(act.query, "resourceVersion").any(|version| version == "0") || act.verb == Verb::Watch;
    let selects = uri::values(act.query, "labelSelector")
        .any(|selector| selector.split(',').any(|one| one.contains('=') && !one.contains("!=")));
    matches!(act.caller, Caller::ServiceAccount { .. })
        && (informs || selects || !is_tool(act.event.user_agent.text()))
}

fn one_by_one(look: &mut Look<'_, '_>) {
    let act = look.act;
    if !is_person(act.caller) && !is_tool(act.event.user_agent.text()) {
        return;
    }
    let is_list = act.verb == Verb::List;
    if is_list && is_of_helm(act) {
        return;
    }
    // The versions of one release of Helm's count as one: an upgrade reads them all.
    let name = match act.name.strip_prefix("sh.helm.release.v1.").and_then(|rest| rest.rsplit_once(".v")) {
        Some((release, _)) => release,
        None => act.name,
    };
    let actor = (is_list, act.username());
    let place = look.place;
    let (count, first) = look.memory.count(actor, (act.namespace, name), act.time, || evidence(act, place));
    let many = if is_list { MANY_NAMESPACES } else { MANY };
    if count < many {
        return;
    }
    let what = if is_list { "the Secrets of" } else { "" };
    let of = if is_list { "namespaces one by one" } else { "different Secrets" };
    let description = format!(
        "`{}` read {what}{} {count} {of} within ten minutes",
        act.username(),
        if is_list { "" } else { "at least" }
    );
    let mut signal = signal(&SECRETS_ACCESSED, act, look.place, of, description);
    if let Some(first) = first.filter(|_| count == many) {
        // The finding rests on the first of them too.
        let mut begun = signal.clone();
        begun.evidence = first;
        look.tell(begun);
    }
    if is_list {
        signal.severity = Severity::High;
    }
    look.tell(signal);
}

/// A Secret of the type for tokens gets one that never ends. GitOps tools make such for accounts that they manage, as service
/// accounts of their own.
fn made(look: &mut Look<'_, '_>) {
    if !is_person(look.act.caller) || !is_made(look.act) {
        return;
    }
    let written = Written::of(look.act);
    let account = written.pieces().filter_map(read::<Secret<'_>>).find_map(|secret| {
        let is_token = secret.kind.text() == "kubernetes.io/service-account-token";
        let metadata = secret.metadata.get()?;
        is_token.then(|| metadata.annotation("kubernetes.io/service-account.name").to_owned())
    });
    if let Some(account) = account {
        tokens::tell(look, &account, None);
    }
}
