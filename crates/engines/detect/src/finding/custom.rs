//! Findings of rules that somebody wrote for himself.

use ringwall_model::{Responsible, Severity};
use serde::{Deserialize, Serialize};

use super::{DefinedBy, Finding, Kind, Log, Place};

/// The rule that a finding is of, if it is none of Ringwall's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomRule {
    /// Its id, or what it is named by where it has none: the same as long as the rule is the same.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its tags: `attack.persistence`.
    pub tags: Vec<String>,
    /// What its author wrote under `falsepositives`: what else it may be.
    pub false_positives: Vec<String>,
    /// Whether it is only tried: it is told, and nobody is woken by it.
    pub is_dry_run: bool,
    /// Where it is written.
    pub place: Place,
}

/// What findings of somebody's own rules have in common. How bad one is says its rule.
const fn kind(name: &'static str, log: Log) -> Kind {
    Kind {
        name,
        severity: Severity::Medium,
        by: DefinedBy::Ringwall,
        log,
        title: "A rule of your own matched",
        remedy: "Look at the events that the finding names, and at what the rule's author says of them.",
        responsible: Responsible::Customer,
        at_metadata: "A rule that asks for what was sent or answered does not match.",
    }
}

/// The types of findings of somebody's own rules.
pub const CUSTOM_KINDS: [&Kind; 3] = [&AUDIT, &CLOUDTRAIL, &BOTH];

static AUDIT: Kind = kind("Custom:Kubernetes/Ringwall.SigmaRule", Log::Audit);
static CLOUDTRAIL: Kind = kind("Custom:IAMUser/Ringwall.SigmaRule", Log::CloudTrail);
static BOTH: Kind = kind("Custom:EKS/Ringwall.SigmaRule", Log::Both);

impl Kind {
    /// The type of what a rule of somebody's own tells from a log.
    pub fn custom(log: Log) -> &'static Self {
        match log {
            Log::Audit => &AUDIT,
            Log::CloudTrail => &CLOUDTRAIL,
            Log::Both => &BOTH,
        }
    }
}

impl Finding {
    /// What happened, in a sentence without names: the type's, or the title of the rule.
    pub fn title(&self) -> &str {
        self.details.rule.as_deref().map_or(self.kind.title, |rule| &rule.title)
    }

    /// Whether a rule made it that is only tried.
    pub fn is_dry_run(&self) -> bool {
        self.details.rule.as_deref().is_some_and(|rule| rule.is_dry_run)
    }
}
