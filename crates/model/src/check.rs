use serde::Serialize;

use crate::{ObjectRef, Proof, Reason, Responsible, Ring, Severity, Source};

/// How a check came out for one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It holds.
    Pass,
    /// It does not hold.
    Fail,
    /// It has no meaning here.
    NotApplicable,
    /// It could not be judged; `why` says what is missing.
    Unknown,
}

/// One check, judged for one object, with its proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckResult {
    /// The check's stable id, as `rbac-escalate`.
    pub check: &'static str,
    /// The ring it belongs to.
    pub ring: Ring,
    /// One line that says what holds or not, in general.
    pub title: &'static str,
    /// The object that it was judged for; `None` for AWS resources, which `arn` names.
    pub object: Option<ObjectRef>,
    /// The AWS resource that it was judged for.
    pub arn: Option<String>,
    /// Where that is written.
    pub source: Source,
    /// How it came out.
    pub outcome: Outcome,
    /// Why, for this very object.
    pub why: String,
    /// Who has to act.
    pub responsible: Responsible,
    /// How bad a failure is.
    pub severity: Severity,
    /// What it rests on.
    pub reasons: Vec<Reason>,
    /// What to do about it.
    pub remedy: &'static str,
}

/// What a check says of itself, whatever it is judged for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct About {
    /// The check's stable id.
    pub check: &'static str,
    /// The ring it belongs to.
    pub ring: Ring,
    /// One line that says what holds or not, in general.
    pub title: &'static str,
    /// What to do about a failure.
    pub remedy: &'static str,
}

impl About {
    /// A result for the object or AWS resource that its first reason names, at that reason's spot; the customer has to act.
    pub fn result(
        self,
        outcome: Outcome,
        severity: Severity,
        why: String,
        reasons: Vec<Reason>,
    ) -> CheckResult {
        let Self { check, ring, title, remedy } = self;
        let first = reasons.first();
        let (object, arn) = match first.map(|reason| &reason.proof) {
            Some(Proof::Object(object)) => (Some(object.clone()), None),
            Some(Proof::Arn(arn)) => (None, Some(arn.to_string())),
            Some(Proof::BuiltIn(_)) | None => (None, None),
        };
        let source = first.map_or_else(Source::built_in, |reason| reason.source.clone());
        let responsible = Responsible::Customer;
        CheckResult {
            check,
            ring,
            title,
            object,
            arn,
            source,
            outcome,
            why,
            responsible,
            severity,
            reasons,
            remedy,
        }
    }
}
