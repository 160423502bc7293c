//! Types of findings.

use ringwall_model::{Responsible, Severity};
use serde::{Deserialize, Serialize};

/// Who defined a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DefinedBy {
    /// GuardDuty has it, by this name.
    GuardDuty,
    /// GuardDuty had it and has retired it: told if somebody asks for it.
    Retired,
    /// Ringwall: what GuardDuty doesn't see. Its name has `Ringwall.` where the family begins.
    Ringwall,
}

/// Which log a type is told from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Log {
    /// The apiserver's audit log.
    Audit,
    /// CloudTrail.
    CloudTrail,
    /// Both together.
    Both,
}

/// A type of finding: what all findings of it have in common.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// GuardDuty's form: `ThreatPurpose:ResourceType/Family.Mechanism!Artifact`.
    pub name: &'static str,
    /// How bad it is, unless the finding says otherwise.
    pub severity: Severity,
    /// Who defined it.
    pub by: DefinedBy,
    /// What it is told from.
    pub log: Log,
    /// What happened, in a sentence without names.
    pub title: &'static str,
    /// What is to be done.
    pub remedy: &'static str,
    /// Who has to do it.
    pub responsible: Responsible,
    /// What is not seen of it at the audit level `Metadata`; empty if nothing is lost.
    pub at_metadata: &'static str,
}

impl Kind {
    /// The tactic, as GuardDuty calls it "threat purpose": what stands before the colon.
    pub fn purpose(&self) -> &'static str {
        self.name.split(':').next().unwrap_or_default()
    }
}

/// GuardDuty's number of a severity.
///
/// Source: AWS GuardDuty User Guide, *Understanding GuardDuty findings' severity levels*: low 1.0–3.9, medium 4.0–6.9, high
/// 7.0–8.9, critical 9.0–10.0; findings have the numbers 2, 5, 8 and 9.
pub fn number(severity: Severity) -> f64 {
    match severity {
        Severity::Low => 2.0,
        Severity::Medium => 5.0,
        Severity::High => 8.0,
        Severity::Critical => 9.0,
    }
}
