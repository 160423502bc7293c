//! What is no danger in itself, and unusual: told by the baseline alone, once that is learned.
//!
//! Source of names and severities: AWS GuardDuty User Guide, *IAM finding types*.

use ringwall_model::Severity;

use super::details::{guardduty, lower, short, signal};
use crate::baseline::{CallFeatures, Judgement};
use crate::cloudtrail::call::Call;
use crate::cloudtrail::tactic::Tactic;
use crate::finding::{Kind, Place, Signal};

static CREDENTIAL_ACCESS: Kind = guardduty(
    "CredentialAccess:IAMUser/AnomalousBehavior",
    Severity::Medium,
    "Secrets or passwords were asked for in an unusual way",
    "Ask the identity's owner. If it was nobody: deactivate the key or revoke the role's sessions, and rotate each secret that was read.",
);
static DEFENSE_EVASION: Kind = guardduty(
    "DefenseEvasion:IAMUser/AnomalousBehavior",
    Severity::Medium,
    "A log or guard was changed in an unusual way",
    "Put back what was turned off, deactivate the key or revoke the role's sessions, and look at what happened in between in what is left of the logs.",
);
static DISCOVERY: Kind = guardduty(
    "Discovery:IAMUser/AnomalousBehavior",
    Severity::Low,
    "Somebody looked around in an unusual way",
    "Ask the identity's owner. If it was nobody, somebody has the credentials: deactivate the key or revoke the role's sessions before they are used for more.",
);
static EXFILTRATION: Kind = guardduty(
    "Exfiltration:IAMUser/AnomalousBehavior",
    Severity::High,
    "Data was copied or shared in an unusual way",
    "Undo the share, the snapshot's permission or the replication, deactivate the key or revoke the role's sessions, and find out which data it was.",
);
static IMPACT: Kind = guardduty(
    "Impact:IAMUser/AnomalousBehavior",
    Severity::High,
    "Something was deleted or changed in an unusual way",
    "Deactivate the key or revoke the role's sessions at once, then restore what is gone, from backups that the identity can't reach.",
);
static INITIAL_ACCESS: Kind = guardduty(
    "InitialAccess:IAMUser/AnomalousBehavior",
    Severity::Medium,
    "A session was opened in an unusual way",
    "Ask the identity's owner. If it was nobody: end the session, deactivate the key or reset the password, and ask for a second factor.",
);
static PERSISTENCE: Kind = guardduty(
    "Persistence:IAMUser/AnomalousBehavior",
    Severity::Medium,
    "A means to come back was made in an unusual way",
    "Delete the key, user, role or function that was made, then deactivate the credentials that made it, and look for others of the same hour.",
);
static PRIVILEGE_ESCALATION: Kind = guardduty(
    "PrivilegeEscalation:IAMUser/AnomalousBehavior",
    Severity::Medium,
    "Rights were given in an unusual way",
    "Take the policy, group or profile away again, deactivate the credentials that gave it, and look at what was done with it.",
);

pub(super) const KINDS: &[&Kind] = &[
    &CREDENTIAL_ACCESS,
    &DEFENSE_EVASION,
    &DISCOVERY,
    &EXFILTRATION,
    &IMPACT,
    &INITIAL_ACCESS,
    &PERSISTENCE,
    &PRIVILEGE_ESCALATION,
];

/// What a call is told as if it is unusual: nothing if it serves no tactic, or if a rule told of the same purpose no less.
pub(crate) fn may_be_anomaly(call: &Call<'_>, told: &[Signal]) -> Option<&'static Kind> {
    let kind = match Tactic::of(call.service, call.action)? {
        Tactic::CredentialAccess => &CREDENTIAL_ACCESS,
        Tactic::DefenseEvasion => &DEFENSE_EVASION,
        Tactic::Discovery => &DISCOVERY,
        Tactic::Exfiltration => &EXFILTRATION,
        Tactic::Impact => &IMPACT,
        Tactic::InitialAccess => &INITIAL_ACCESS,
        Tactic::Persistence => &PERSISTENCE,
        Tactic::PrivilegeEscalation => &PRIVILEGE_ESCALATION,
    };
    let is_same =
        |signal: &Signal| signal.kind.purpose() == kind.purpose() && signal.severity >= kind.severity;
    // Other failures than refusals (a name that is taken, a limit) say nothing of who it was.
    let counts = call.succeeded || call.was_denied();
    (counts && !told.iter().any(is_same)).then_some(kind)
}

/// The signal, with why it is unusual. What was refused is one step less bad. One actor has one finding of a type, which counts up: a burst
/// of calls is one story.
pub(crate) fn anomaly(
    kind: &'static Kind,
    call: &Call<'_>,
    place: &Place,
    features: &CallFeatures<'_>,
    judgement: &Judgement,
) -> Signal {
    let severity = if call.succeeded { kind.severity } else { lower(kind.severity) };
    let unusual: Vec<&str> = judgement.terms.iter().map(|term| &*term.feature).collect();
    let tried = if call.succeeded { "" } else { "tried and was refused: " };
    let description = format!(
        "{tried}`{}` called {} of {}, which is unusual by its {}",
        short(call.who()),
        short(call.action),
        short(call.service),
        unusual.join(", ")
    );
    let mut signal = signal(kind, severity, call, place, "", description);
    signal.cause = features.actor.clone().into_owned();
    signal.details.terms.clone_from(&judgement.terms);
    signal
}
