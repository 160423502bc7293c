//! Callers whose address is on a list.

use std::net::IpAddr;

use ringwall_model::Severity;

use super::Look;
use super::details::{short, signal};
use super::kinds::guardduty;
use crate::act::Caller;
use crate::finding::{Kind, ListMatch};
use crate::intel::{Intel, Role};
use crate::tactic::Tactic;

const REMEDY: &str = "Find out whether the actor knows of it. If not, revoke what it used (access keys, tokens, certificates), look what else came from the \
                      address, and undo it. Let the apiserver be reached from your networks alone. If the address is known and wanted, put it on \
                      a trusted list.";

const MALICIOUS: &str = "A Kubernetes API was called from an address that is known to be malicious";
const CUSTOM: &str = "A Kubernetes API was called from an address on one of your threat lists";
const TOR: &str = "A Kubernetes API was called from an exit of the Tor network";

/// The types of one tactic.
pub(super) struct OfTactic {
    pub(super) malicious: Kind,
    pub(super) custom: Kind,
    pub(super) tor: Kind,
}

macro_rules! of_tactic {
    ($tactic:literal, $severity:expr) => {
        OfTactic {
            malicious: guardduty(
                concat!($tactic, ":Kubernetes/MaliciousIPCaller"),
                $severity,
                MALICIOUS,
                REMEDY,
                "",
            ),
            custom: guardduty(
                concat!($tactic, ":Kubernetes/MaliciousIPCaller.Custom"),
                $severity,
                CUSTOM,
                REMEDY,
                "",
            ),
            tor: guardduty(concat!($tactic, ":Kubernetes/TorIPCaller"), $severity, TOR, REMEDY, ""),
        }
    };
}

pub(super) static CREDENTIAL_ACCESS: OfTactic = of_tactic!("CredentialAccess", Severity::High);
pub(super) static DEFENSE_EVASION: OfTactic = of_tactic!("DefenseEvasion", Severity::High);
pub(super) static DISCOVERY: OfTactic = of_tactic!("Discovery", Severity::Medium);
pub(super) static IMPACT: OfTactic = of_tactic!("Impact", Severity::High);
pub(super) static PERSISTENCE: OfTactic = of_tactic!("Persistence", Severity::Medium);

/// All addresses that an event names are looked up: the client's is what proxies say of it, so that who calls can put any address
/// before their own. Whoever was not authenticated is told as such.
pub(super) fn look(look: &mut Look<'_, '_>, intel: &Intel) {
    let act = look.act;
    let is_anonymous = act.caller == Caller::Anonymous && act.event.impersonated_user.get().is_none();
    if intel.is_empty() || is_anonymous {
        return;
    }
    let addresses = act.event.source_ips.items().iter().filter_map(|text| text.parse().ok());
    let mut found: Vec<(Role, ListMatch)> = Vec::new();
    for address in addresses {
        found.extend(intel.find(address));
    }
    if found.is_empty() {
        return;
    }
    let of = match Tactic::of(act) {
        Tactic::CredentialAccess => &CREDENTIAL_ACCESS,
        Tactic::DefenseEvasion => &DEFENSE_EVASION,
        Tactic::Discovery => &DISCOVERY,
        Tactic::Impact => &IMPACT,
        Tactic::Persistence => &PERSISTENCE,
    };
    for (role, kind) in [(Role::Malicious, &of.malicious), (Role::Custom, &of.custom), (Role::Tor, &of.tor)] {
        let lists: Vec<ListMatch> =
            found.iter().filter(|(of, _)| *of == role).map(|(_, found)| found.clone()).collect();
        let Some(first) = lists.first() else { continue };
        let address: IpAddr = first.address;
        let what = if act.resource.is_empty() { act.path } else { act.resource };
        let description = format!(
            "`{}` called {} of `{}` from {address}, which the list `{}` has",
            act.username(),
            act.event.verb.text(),
            short(what),
            first.list
        );
        let mut signal = signal(kind, act, look.place, &address.to_string(), description);
        signal.details.lists = lists;
        look.tell(signal);
    }
}
