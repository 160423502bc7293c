//! Attempts that were refused, where it is their number that tells.

use ringwall_model::Severity;

use super::Look;
use super::clients::public_source;
use super::details::{evidence, signal};
use super::kinds::ringwall;
use crate::act::Caller;
use crate::finding::{Kind, Signal};

pub(super) static MANY_REFUSALS: Kind = ringwall(
    "Discovery:Kubernetes/Ringwall.ManyRefusals",
    Severity::Medium,
    "Many different requests from one public address were refused within minutes",
    "Find out whose address it is. If the caller was authenticated, revoke what it used: somebody tries out what it is good for. Let the apiserver be \
     reached from your networks alone.",
    "",
);
pub(super) static SECRETS_REFUSED: Kind = ringwall(
    "CredentialAccess:Kubernetes/Ringwall.SecretsRefused",
    Severity::Medium,
    "Somebody tried to read many Secrets and was refused",
    "Look where the actor's credentials are used, and at the pod, if it is a service account: something in it tries out names of Secrets.",
    "",
);

/// Different requests within ten minutes. What is misconfigured repeats the same few.
const MANY: usize = 10;
/// Of whoever was not authenticated: the Internet is full of scanners, and what is refused is all that they get.
const MANY_ANONYMOUS: usize = 100;
/// Different Secrets, or namespaces of which they are listed.
const MANY_SECRETS: usize = 10;

pub(super) fn look(look: &mut Look<'_, '_>) {
    let act = look.act;
    let place = look.place;
    if act.resource == "secrets" && act.group.is_empty() && act.verb.reads() {
        let actor = ("refused secrets", act.username());
        let (count, first) =
            look.memory.count(actor, (act.namespace, act.name), act.time, || evidence(act, place));
        if count >= MANY_SECRETS {
            let description = format!(
                "`{}` tried to read {count} different Secrets within ten minutes and was refused",
                act.username()
            );
            let told = signal(&SECRETS_REFUSED, act, place, "", description);
            begun(look, &told, first.filter(|_| count == MANY_SECRETS));
            look.tell(told);
        }
    }
    let Some(address) = public_source(act) else { return };
    let is_anonymous = act.caller == Caller::Anonymous;
    let what = (
        act.event.verb.text(),
        act.resource,
        act.subresource,
        act.namespace,
        if act.resource.is_empty() { act.path } else { "" },
    );
    let (count, first) =
        look.memory.count(("refused", is_anonymous, address), what, act.time, || evidence(act, place));
    let many = if is_anonymous { MANY_ANONYMOUS } else { MANY };
    if count < many {
        return;
    }
    let description = format!(
        "{count} different requests from {address} were refused within ten minutes, of `{}` at last",
        act.username()
    );
    let mut told = signal(&MANY_REFUSALS, act, place, "", description);
    told.cause = format!("\0{address}");
    if is_anonymous {
        told.severity = Severity::Low;
    }
    begun(look, &told, first.filter(|_| count == many));
    look.tell(told);
}

/// The finding rests on the first attempt too.
fn begun(look: &mut Look<'_, '_>, told: &Signal, first: Option<crate::finding::Evidence>) {
    if let Some(first) = first {
        look.tell(Signal { evidence: first, ..told.clone() });
    }
}
