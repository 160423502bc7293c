//! Calls of whoever was not authenticated, that were let through.

use ringwall_model::{Responsible, Severity};

use super::Look;
use super::details::signal;
use crate::act::{Act, Caller, Verb};
use crate::finding::{DefinedBy, Kind, Log};
use crate::tactic::Tactic;

/// Paths that are open to everybody by default and tell nothing: what probes ask.
///
/// Sources: AWS GuardDuty User Guide, Discovery:Kubernetes/SuccessfulAnonymousAccess, which leaves them out; Kubernetes, *Using RBAC
/// Authorization*, `system:public-info-viewer`.
const PROBES: [&str; 4] = ["/healthz", "/livez", "/readyz", "/version"];

const REMEDY: &str = "Find what gives rights to `system:anonymous` or `system:unauthenticated` (`ringwall who-can`), take it away, \
                      look what else came from the same address, and start kube-apiserver with `--anonymous-auth=false` or an \
                      AuthenticationConfiguration that lets nobody but probes be anonymous.";

const fn kind(name: &'static str, severity: Severity) -> Kind {
    Kind {
        name,
        severity,
        by: DefinedBy::GuardDuty,
        log: Log::Audit,
        title: "A Kubernetes API was called successfully by somebody who was not authenticated",
        remedy: REMEDY,
        responsible: Responsible::Customer,
        at_metadata: "",
    }
}

pub(super) static CREDENTIAL_ACCESS: Kind =
    kind("CredentialAccess:Kubernetes/SuccessfulAnonymousAccess", Severity::High);
pub(super) static DEFENSE_EVASION: Kind =
    kind("DefenseEvasion:Kubernetes/SuccessfulAnonymousAccess", Severity::High);
pub(super) static DISCOVERY: Kind = kind("Discovery:Kubernetes/SuccessfulAnonymousAccess", Severity::Medium);
pub(super) static IMPACT: Kind = kind("Impact:Kubernetes/SuccessfulAnonymousAccess", Severity::High);
pub(super) static PERSISTENCE: Kind =
    kind("Persistence:Kubernetes/SuccessfulAnonymousAccess", Severity::High);

pub(super) fn look(look: &mut Look<'_, '_>) {
    let act = look.act;
    // In another's name nobody is anonymous, and to impersonate takes a right that RBAC gives to somebody known.
    if act.caller != Caller::Anonymous || act.event.impersonated_user.get().is_some() || is_probe(act) {
        return;
    }
    let kind = match Tactic::of(act) {
        Tactic::CredentialAccess => &CREDENTIAL_ACCESS,
        Tactic::DefenseEvasion => &DEFENSE_EVASION,
        Tactic::Discovery => &DISCOVERY,
        Tactic::Impact => &IMPACT,
        Tactic::Persistence => &PERSISTENCE,
    };
    let from =
        act.event.source_ips.items().first().map_or("an address that is not recorded", |address| address);
    let what = if act.resource.is_empty() { act.path } else { act.resource };
    let description =
        format!("{} of `{what}` was allowed to `{}` from {from}", act.event.verb.text(), act.username());
    let signal = signal(kind, act, look.place, from, description);
    look.tell(signal);
}

/// A probe reads a path below one of those, whatever it asks there.
fn is_probe(act: &Act<'_>) -> bool {
    let reads = matches!(act.verb, Verb::Get) || act.event.verb.text() == "head";
    let path = act.path.trim_end_matches('/');
    let below =
        |probe: &str| path == probe || path.strip_prefix(probe).is_some_and(|rest| rest.starts_with('/'));
    reads && act.resource.is_empty() && PROBES.iter().any(|probe| below(probe)) && !path.contains("..")
}
