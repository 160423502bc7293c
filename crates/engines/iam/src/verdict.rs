use crate::assumption::Assumption;
use crate::condition::Condition;
use crate::layers::Layer;
use crate::policy::{Effect, Policy, Statement};

/// What AWS would answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    /// Every layer that has to allow does, and nothing denies.
    Allowed,
    /// Some layer does not allow.
    ImplicitlyDenied,
    /// A statement denies.
    ExplicitlyDenied,
}

impl Outcome {
    /// The outcome as batch answers write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Allowed => "Allowed",
            Self::ImplicitlyDenied => "ImplicitlyDenied",
            Self::ExplicitlyDenied => "ExplicitlyDenied",
        }
    }
}

/// A statement that decided.
#[derive(Clone, Copy, Debug)]
pub struct Deciding<'p> {
    /// The layer of its policy.
    pub layer: Layer,
    /// Its policy.
    pub policy: &'p Policy,
    /// The statement.
    pub statement: &'p Statement,
}

/// A condition on which the outcome depends, since the question left its key open.
#[derive(Clone, Copy, Debug)]
pub struct OpenCondition<'p> {
    /// Whether the statement would allow or deny.
    pub effect: Effect,
    /// The statement.
    pub deciding: Deciding<'p>,
    /// The condition; `None` if it is a variable in the statement's resources.
    pub condition: Option<&'p Condition>,
}

/// An answer, and because of what.
#[derive(Clone, Debug)]
pub struct Verdict<'p> {
    /// The answer.
    pub outcome: Outcome,
    /// For a denial, the layers that deny or do not allow, in order.
    pub blocked_by: Vec<Layer>,
    /// The statements that allow, or those that deny.
    pub statements: Vec<Deciding<'p>>,
    /// What was taken for granted.
    pub assumed: Vec<Assumption<'p>>,
    /// In an open view, the conditions that were not decided.
    pub open: Vec<OpenCondition<'p>>,
    /// Whether AWS decides this otherwise than by policies.
    pub by_aws: bool,
}

impl Verdict<'_> {
    /// Whether it is allowed.
    pub fn is_allowed(&self) -> bool {
        self.outcome == Outcome::Allowed
    }
}
