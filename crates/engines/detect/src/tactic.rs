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

/// What a line of the table asks of the verb.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verbs {
    Any,
    Reads,
    Makes,
    Deletes,
    /// To change or remove what is there.
    Alters,
    Creates,
}

impl Verbs {
    fn has(self, verb: Verb) -> bool {
        let deletes = matches!(verb, Verb::Delete | Verb::DeleteCollection);
        match self {
            Self::Any => true,
            Self::Reads => verb.reads(),
            Self::Makes => verb.makes(),
            Self::Deletes => deletes,
            Self::Alters => deletes || matches!(verb, Verb::Update | Verb::Patch),
            Self::Creates => verb == Verb::Create,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Reads => "get, list, watch",
            Self::Makes => "create, update, patch",
            Self::Deletes => "delete, deletecollection",
            Self::Alters => "update, patch, delete, deletecollection",
            Self::Creates => "create",
        }
    }
}

/// A line of the table.
struct Line {
    verbs: Verbs,
    /// Resources, with their part after `/`; one without stands for all of its parts. None stand for all.
    resources: &'static [&'static str],
    tactic: Tactic,
    why: &'static str,
}

/// The first line that fits counts.
///
/// Public evidence is AWS's own tester (awslabs/amazon-guardduty-tester, commit 3ced4a4a): `GET /api` and listing pods are
/// Discovery, making a service account is Impact.
static TABLE: &[Line] = &[
    Line {
        verbs: Verbs::Reads,
        resources: &["secrets"],
        tactic: Tactic::CredentialAccess,
        why: "to read a Secret is to have what it proves",
    },
    Line {
        verbs: Verbs::Creates,
        resources: &["serviceaccounts/token"],
        tactic: Tactic::CredentialAccess,
        why: "a token of somebody else",
    },
    Line {
        verbs: Verbs::Makes,
        resources: &["certificatesigningrequests"],
        tactic: Tactic::CredentialAccess,
        why: "a certificate of somebody else",
    },
    Line {
        verbs: Verbs::Deletes,
        resources: &["events"],
        tactic: Tactic::DefenseEvasion,
        why: "traces are removed",
    },
    Line {
        verbs: Verbs::Alters,
        resources: &[
            "validatingwebhookconfigurations",
            "mutatingwebhookconfigurations",
            "validatingadmissionpolicies",
            "validatingadmissionpolicybindings",
            "mutatingadmissionpolicies",
            "mutatingadmissionpolicybindings",
            "networkpolicies",
            "podsecuritypolicies",
        ],
        tactic: Tactic::DefenseEvasion,
        why: "a guard is weakened or removed",
    },
    Line {
        verbs: Verbs::Any,
        resources: &["pods/exec", "pods/attach", "pods/portforward"],
        tactic: Tactic::Impact,
        why: "what runs can be tampered with; over WebSocket the verb is `get`",
    },
    Line {
        verbs: Verbs::Makes,
        resources: &[
            "roles",
            "clusterroles",
            "rolebindings",
            "clusterrolebindings",
            "daemonsets",
            "cronjobs",
            "mutatingwebhookconfigurations",
            "validatingwebhookconfigurations",
            "secrets",
        ],
        tactic: Tactic::Persistence,
        why: "rights and programs that stay or come back",
    },
    Line { verbs: Verbs::Reads, resources: &[], tactic: Tactic::Discovery, why: "to look around" },
    Line {
        verbs: Verbs::Creates,
        resources: &[
            "subjectaccessreviews",
            "localsubjectaccessreviews",
            "selfsubjectaccessreviews",
            "selfsubjectrulesreviews",
            "selfsubjectreviews",
            "tokenreviews",
        ],
        tactic: Tactic::Discovery,
        why: "to ask who one is and what one may do changes nothing",
    },
];

impl Tactic {
    /// The tactic of a call.
    pub fn of(act: &Act<'_>) -> Self {
        let fits = |line: &&Line| {
            let fits_resource = |known: &&'static str| match known.split_once('/') {
                Some((resource, part)) => resource == act.resource && part == act.subresource,
                None => *known == act.resource,
            };
            line.verbs.has(act.verb)
                && (line.resources.is_empty() || line.resources.iter().any(fits_resource))
        };
        if let Some(line) = TABLE.iter().find(fits) {
            return line.tactic;
        }
        let looks = act.resource.is_empty() && matches!(act.event.verb.text(), "get" | "head" | "options");
        if looks { Self::Discovery } else { Self::Impact }
    }

    /// GuardDuty's word.
    pub fn name(self) -> &'static str {
        match self {
            Self::CredentialAccess => "CredentialAccess",
            Self::DefenseEvasion => "DefenseEvasion",
            Self::Discovery => "Discovery",
            Self::Impact => "Impact",
            Self::Persistence => "Persistence",
        }
    }

    /// The table as a page, in Markdown: what comes first counts.
    pub fn page() -> String {
        let mut page = String::from("| Verb | Resource | Tactic | Why |\n|---|---|---|---|\n");
        let mut line = |verbs: &str, resources: &str, tactic: Self, why: &str| {
            page.push_str("| ");
            page.push_str(&[verbs, resources, tactic.name(), why].join(" | "));
            page.push_str(" |\n");
        };
        for Line { verbs, resources, tactic, why } in TABLE {
            let named: Vec<String> = resources.iter().map(|resource| format!("`{resource}`")).collect();
            let named = if named.is_empty() { "any other".to_owned() } else { named.join(", ") };
            line(verbs.words(), &named, *tactic, why);
        }
        line("HTTP get, head, options", "a path that is no resource", Self::Discovery, "to look around");
        line("any other", "any other", Self::Impact, "to change or destroy");
        page
    }
}
