use std::sync::Arc;

use serde::Serialize;

use crate::{ObjectRef, Ring, Source};

/// What an engine found. Enforcement treats [`Verdict::Unknown`] as denied; reports treat it as exposure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Something allows it.
    Allowed,
    /// Nothing allows it, and everything that could was evaluated.
    Denied,
    /// Nothing that could be evaluated allows it, but something that could was not evaluated.
    Unknown,
}

/// An engine's answer: allowed or not, because of what, and what it could not look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The answer.
    pub verdict: Verdict,
    /// What it rests on. A denial rests on the absence of reasons.
    pub reasons: Vec<Reason>,
    /// What could have mattered and was not evaluated, in words.
    pub not_evaluated: Vec<String>,
}

impl Decision {
    /// Denied, since nothing allows it.
    pub fn denied() -> Self {
        Self { verdict: Verdict::Denied, reasons: Vec::new(), not_evaluated: Vec::new() }
    }

    /// Allowed because of these.
    pub fn allowed(reasons: Vec<Reason>) -> Self {
        Self { verdict: Verdict::Allowed, reasons, not_evaluated: Vec::new() }
    }

    /// Whether something allows it.
    pub fn is_allowed(&self) -> bool {
        self.verdict == Verdict::Allowed
    }

    /// The answer of several authorizers of which one is enough: allowed beats unknown beats denied.
    #[must_use]
    pub fn or(mut self, other: Self) -> Self {
        self.verdict = match (self.verdict, other.verdict) {
            (Verdict::Allowed, _) | (_, Verdict::Allowed) => Verdict::Allowed,
            (Verdict::Unknown, _) | (_, Verdict::Unknown) => Verdict::Unknown,
            (Verdict::Denied, Verdict::Denied) => Verdict::Denied,
        };
        self.reasons.extend(other.reasons);
        self.not_evaluated.extend(other.not_evaluated);
        self
    }
}

/// One thing that a decision rests on.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reason {
    /// The ring it belongs to.
    pub ring: Ring,
    /// The object or AWS resource that says so.
    pub proof: Proof,
    /// The rule of a role, or the item of a list, counted from 0.
    pub rule: Option<usize>,
    /// The statement of an IAM policy.
    pub statement: Option<StatementRef>,
    /// Where it is written.
    pub source: Source,
    /// What it says, in words.
    pub text: Arc<str>,
}

/// A statement of an IAM policy.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StatementRef {
    /// Which one, counted from 0.
    pub index: usize,
    /// Its `Sid`, if it has one.
    pub sid: Option<Arc<str>>,
}

/// What a [`Reason`] points at.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Proof {
    /// A Kubernetes object.
    Object(ObjectRef),
    /// An AWS resource.
    Arn(Arc<str>),
    /// A rule built into Kubernetes, such as the group `system:masters`.
    BuiltIn(&'static str),
}
