//! Which tactic a call serves.
//!
//! GuardDuty names its types by tactic and does not publish which calls it counts to which. This is Ringwall's table, in the
//! order in which it is asked; docs/detection/tactics.md shows it.

use crate::act::{Act, Verb};

/// What an attacker wants by a call, in GuardDuty's words, which are MITRE ATT&CK's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tactic {
    /// To get hold of secrets and tokens.
    CredentialAccess,
    /// To do away with traces and guards.
    DefenseEvasion,
    /// To look around.
    Discovery,
    /// To change or destroy.
    Impact,
    /// To come back.
    Persistence,
}

impl Tactic {
    /// The tactic of a call.
    ///
    /// Public evidence is AWS's own tester (awslabs/amazon-guardduty-tester, commit 3ced4a4a): `GET /api` and listing pods are
    /// Discovery, making a service account is Impact.
    pub fn of(act: &Act<'_>) -> Self {
        let Act { verb, resource, subresource, .. } = *act;
        match (verb, resource, subresource) {
            (Verb::Get | Verb::List | Verb::Watch, "secrets", _) => Self::CredentialAccess,
            (Verb::Create, "serviceaccounts", "token") => Self::CredentialAccess,
            (Verb::Create | Verb::Update | Verb::Patch, "certificatesigningrequests", _) => {
                Self::CredentialAccess
            }
            (Verb::Delete | Verb::DeleteCollection, "events", _) => Self::DefenseEvasion,
            (
                _,
                "validatingwebhookconfigurations"
                | "mutatingwebhookconfigurations"
                | "validatingadmissionpolicies"
                | "validatingadmissionpolicybindings"
                | "mutatingadmissionpolicies"
                | "mutatingadmissionpolicybindings"
                | "networkpolicies"
                | "podsecuritypolicies",
                _,
            ) if !verb.reads() && verb != Verb::Create => Self::DefenseEvasion,
            (
                Verb::Create | Verb::Update | Verb::Patch,
                "roles"
                | "clusterroles"
                | "rolebindings"
                | "clusterrolebindings"
                | "daemonsets"
                | "cronjobs"
                | "mutatingwebhookconfigurations"
                | "validatingwebhookconfigurations"
                | "secrets",
                _,
            ) => Self::Persistence,
            _ if verb.reads() => Self::Discovery,
            (
                Verb::Create,
                "subjectaccessreviews" | "selfsubjectaccessreviews" | "selfsubjectrulesreviews",
                _,
            ) => Self::Discovery,
            (Verb::Create, "selfsubjectreviews" | "localsubjectaccessreviews", _) => Self::Discovery,
            (Verb::Other, "", _) if matches!(act.event.verb.text(), "get" | "head" | "options") => {
                Self::Discovery
            }
            _ => Self::Impact,
        }
    }
}
