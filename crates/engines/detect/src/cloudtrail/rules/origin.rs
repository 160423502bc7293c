//! Whose credentials are used, from where, with what.

use std::net::IpAddr;
use std::sync::Arc;

use ringwall_model::Severity;

use super::Tell;
use super::details::{guardduty, ringwall, signal};
use crate::cloudtrail::call::{Call, Caller, contains};
use crate::cloudtrail::watch::Watch;
use crate::cloudtrail::whereabouts::{Holder, Stray};
use crate::field::{Field, Text};
use crate::finding::{Kind, ListMatch, Place};
use crate::intel::Role;
use crate::object::object;

const STOLEN: &str = "If nobody of yours did this, the credentials are stolen: deactivate the key or revoke the role's sessions, look at \
                      all that it did (`ringwall timeline --who KEY`), and undo it.";
const ROOT: &str = "Use roles for daily work, a second factor for the root user, and delete its access keys. If nobody of yours did this, \
                    change its password and look at all that it did.";
const STOLEN_SESSION: &str = "Revoke the role's sessions, find how the credentials left the machine (the metadata service within reach of a pod, an exec, \
                              a readable token), close that way, and look at all that they were used for.";

const fn caller(name: &'static str, title: &'static str) -> Kind {
    guardduty(name, Severity::Medium, title, STOLEN)
}

const LISTED: &str = "An API was called from an address that is known to be malicious";
const CUSTOM: &str = "An API was called from an address on a list of your own";
const TOR: &str = "An API was called from an exit node of Tor";
const PEN_TEST: &str = "An API was called from a system that is made for penetration tests";

static RECON: Kind = caller("Recon:IAMUser/MaliciousIPCaller", LISTED);
static RECON_CUSTOM: Kind = caller("Recon:IAMUser/MaliciousIPCaller.Custom", CUSTOM);
static RECON_TOR: Kind = caller("Recon:IAMUser/TorIPCaller", TOR);
static ACCESS: Kind = caller("UnauthorizedAccess:IAMUser/MaliciousIPCaller", LISTED);
static ACCESS_CUSTOM: Kind = caller("UnauthorizedAccess:IAMUser/MaliciousIPCaller.Custom", CUSTOM);
static ACCESS_TOR: Kind = caller("UnauthorizedAccess:IAMUser/TorIPCaller", TOR);
static KALI: Kind = caller("PenTest:IAMUser/KaliLinux", PEN_TEST);
static PARROT: Kind = caller("PenTest:IAMUser/ParrotLinux", PEN_TEST);
static PENTOO: Kind = caller("PenTest:IAMUser/PentooLinux", PEN_TEST);
static ROOT_USED: Kind = guardduty(
    "Policy:IAMUser/RootCredentialUsage",
    Severity::Low,
    "The root user's credentials were used",
    ROOT,
);
static SHORT_ROOT_USED: Kind = guardduty(
    "Policy:IAMUser/ShortTermRootCredentialUsage",
    Severity::Low,
    "Restricted credentials of a member account's root user were used",
    ROOT,
);
static SIGN_INS: Kind = guardduty(
    "UnauthorizedAccess:IAMUser/ConsoleLoginSuccess.B",
    Severity::Medium,
    "Somebody signed in to the console from several places at the same time",
    STOLEN,
);
static INSTANCE_OUTSIDE: Kind = guardduty(
    "UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS",
    Severity::High,
    "Credentials of an instance were used from an address outside",
    STOLEN_SESSION,
);
static INSTANCE_INSIDE: Kind = guardduty(
    "UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.InsideAWS",
    Severity::High,
    "Credentials of an instance were used from elsewhere in AWS",
    STOLEN_SESSION,
);
static RESOURCE_OUTSIDE: Kind = guardduty(
    "UnauthorizedAccess:IAMUser/ResourceCredentialExfiltration.OutsideAWS",
    Severity::High,
    "Credentials of a pod or another resource were used from an address outside",
    STOLEN_SESSION,
);
static TOKEN_OUTSIDE: Kind = ringwall(
    "CredentialAccess:EKS/Ringwall.ServiceAccountTokenUsedOutside",
    Severity::High,
    "A role was assumed with the token of a Kubernetes service account from outside of its cluster",
    "Delete the pod whose token it was, revoke the role's sessions, and find who read the token: an exec, a mounted volume, an \
     image with a shell. Hold the role's trust policy to one subject.",
);

pub(super) const KINDS: &[&Kind] = &[
    &RECON,
    &RECON_CUSTOM,
    &RECON_TOR,
    &ACCESS,
    &ACCESS_CUSTOM,
    &ACCESS_TOR,
    &KALI,
    &PARROT,
    &PENTOO,
    &ROOT_USED,
    &SHORT_ROOT_USED,
    &SIGN_INS,
    &INSTANCE_OUTSIDE,
    &INSTANCE_INSIDE,
    &RESOURCE_OUTSIDE,
    &TOKEN_OUTSIDE,
];

object! {
    /// What the console answers to a sign-in.
    pub(in crate::cloudtrail) struct SignIn {
        /// `Success` or `Failure`.
        "ConsoleLogin" => outcome: Field<Text<'a>>,
    }

    struct Assumed {
        "credentials" => credentials: Field<Credentials<'a>>,
    }

    struct Credentials {
        "accessKeyId" => access_key: Field<Text<'a>>,
    }
}

pub(super) fn look(watch: &mut Watch, call: &Call<'_>, place: &Place, tell: Tell<'_>) {
    // AWS's services call from AWS, with whatever they call themselves; nobody's credentials are abroad.
    if call.is_by_aws() {
        return;
    }
    root(call, place, tell);
    pen_test(call, place, tell);
    if let Some(address) = call.address() {
        listed(watch, call, address, place, tell);
        sign_in(watch, call, address, place, tell);
        stray(watch, call, address, place, tell);
    }
}

fn root(call: &Call<'_>, place: &Place, tell: Tell<'_>) {
    if call.caller != Caller::Root || !call.succeeded {
        return;
    }
    let is_short = call.session().is_some_and(|session| session.assumed_root.is_set());
    let kind = if is_short { &SHORT_ROOT_USED } else { &ROOT_USED };
    let description =
        format!("the root user of account {} called {} of {}", call.account, call.action, call.service);
    tell(signal(kind, kind.severity, call, place, "", description));
}

/// Denied calls count here: whoever is refused by a policy has shown that his key is good.
fn pen_test(call: &Call<'_>, place: &Place, tell: Tell<'_>) {
    let agent = call.record.user_agent.text();
    let named = |system: &str| {
        contains(agent, system)
            && agent.split(|letter: char| !letter.is_ascii_alphanumeric()).any(|word| {
                word.trim_matches(|letter: char| letter.is_ascii_digit()).eq_ignore_ascii_case(system)
            })
    };
    for (system, kind) in [("kali", &KALI), ("parrot", &PARROT), ("pentoo", &PENTOO)] {
        if named(system) {
            let description = format!("`{}` called {} with `{agent}`", call.who(), call.action);
            tell(signal(kind, kind.severity, call, place, "", description));
        }
    }
}

/// An attempt counts, as GuardDuty's description says of these types: the key is known to somebody who should not have it.
fn listed(watch: &Watch, call: &Call<'_>, address: IpAddr, place: &Place, tell: Tell<'_>) {
    let recon = ["Describe", "List", "Get", "BatchGet", "Lookup", "Search"]
        .iter()
        .any(|prefix| call.action.starts_with(prefix));
    let on = watch.intel.find(address);
    for (by, kind) in [
        (Role::Malicious, if recon { &RECON } else { &ACCESS }),
        (Role::Custom, if recon { &RECON_CUSTOM } else { &ACCESS_CUSTOM }),
        (Role::Tor, if recon { &RECON_TOR } else { &ACCESS_TOR }),
    ] {
        let of: Vec<ListMatch> =
            on.iter().filter(|(role, _)| *role == by).map(|(_, found)| found.clone()).collect();
        let Some(first) = of.first() else { continue };
        let description =
            format!("`{}` called {} from {address}, which is on `{}`", call.who(), call.action, first.list);
        let mut signal = signal(kind, kind.severity, call, place, &address.to_string(), description);
        signal.details.lists = of;
        tell(signal);
    }
}

fn sign_in(watch: &mut Watch, call: &Call<'_>, address: IpAddr, place: &Place, tell: Tell<'_>) {
    /// Two are a phone and a desk, or a VPN.
    const MANY: usize = 3;
    if call.action != "ConsoleLogin" || !call.succeeded {
        return;
    }
    let networks = watch.signed_in(call, address);
    if networks >= MANY {
        let description = format!("`{}` signed in from {networks} networks within an hour", call.who());
        tell(signal(&SIGN_INS, SIGN_INS.severity, call, place, "", description));
    }
}

fn stray(watch: &mut Watch, call: &Call<'_>, address: IpAddr, place: &Place, tell: Tell<'_>) {
    let intel = Arc::clone(&watch.intel);
    let ranges = intel.aws();
    if call.is("sts", "AssumeRoleWithWebIdentity") {
        let Caller::WebIdentity(subject) = call.caller else { return };
        if !call.succeeded || !subject.starts_with("system:serviceaccount:") {
            return;
        }
        let found = watch.whereabouts.token_used(call, subject, ranges);
        let desktop = desktop(call);
        if found.is_some() || desktop.is_some() {
            let why =
                desktop.map_or_else(|| from(&found, address), |system| format!("{address}, from {system}"));
            let description = format!("the token of `{subject}` was used from {why}");
            tell(signal(&TOKEN_OUTSIDE, TOKEN_OUTSIDE.severity, call, place, subject, description));
        } else {
            let answer: Assumed<'_> = call.response();
            let key = answer.credentials.get().map_or("", |credentials| credentials.access_key.text());
            watch.whereabouts.handed_out(call, key);
        }
        return;
    }
    let Some(holder) = Holder::of(call) else { return };
    let Some(found) = watch.whereabouts.used(call, holder, ranges) else { return };
    let kind = match (holder, &found) {
        (Holder::Instance(_), Stray::Outside { .. }) => &INSTANCE_OUTSIDE,
        (Holder::Instance(_), Stray::Inside(_)) => &INSTANCE_INSIDE,
        (Holder::Resource(_), Stray::Outside { .. }) => &RESOURCE_OUTSIDE,
        (Holder::Resource(_), Stray::Inside(_)) => return,
    };
    let description = format!(
        "credentials of `{}` were used for {} from {}",
        holder.name(),
        call.action,
        from(&Some(found), address)
    );
    tell(signal(kind, kind.severity, call, place, "", description));
}

/// A system that no pod runs on.
fn desktop(call: &Call<'_>) -> Option<&'static str> {
    let agent = call.record.user_agent.text();
    [
        ("darwin/", "a Mac"),
        ("os/macos", "a Mac"),
        ("windows/10", "a desktop"),
        ("windows/11", "a desktop"),
        ("os/windows#1", "a desktop"),
    ]
    .into_iter()
    .find(|(mark, _)| contains(agent, mark))
    .map(|(_, system)| system)
}

fn from(found: &Option<Stray>, address: IpAddr) -> String {
    match found {
        Some(Stray::Inside(place)) => format!("{address}, {place}"),
        Some(Stray::Outside { certain: true, .. }) => format!("{address}, which is no address of AWS's"),
        Some(Stray::Outside { before: Some(before), .. }) => format!("{address}, after {before}"),
        Some(Stray::Outside { .. }) | None => format!("{address}, after addresses within the VPC"),
    }
}
