use serde::Serialize;

use crate::{ObjectRef, Reason, Responsible, Ring, Severity, Source};

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
