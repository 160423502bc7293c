//! An answer with its proof.

use std::sync::Arc;

use ringwall_model::{Decision, Proof, Reason, Ring, StatementRef, Verdict as ModelVerdict};

use super::gather::Gathered;
use crate::decide::decide;
use crate::layers::{Layer, Policies};
use crate::policy::{Effect, Statement};
use crate::request::View;
use crate::verdict::{Deciding, OpenCondition, Outcome, Verdict};

/// Patterns of a statement that are told before the rest is counted.
const SHOWN: usize = 4;

/// The answer to a question.
#[derive(Clone, Debug)]
pub struct Reply<'i> {
    /// The answer, with keys that were not given taken as absent.
    pub verdict: Verdict<'i>,
    /// Conditions on keys that were not given, on which the answer depends.
    pub depends_on: Vec<OpenCondition<'i>>,
    /// The same answer with its proof, and with what could not be evaluated.
    pub decision: Decision,
}

impl<'i> Gathered<'i> {
    /// Decides the question.
    pub fn reply(&self) -> Reply<'i> {
        let verdict = decide(&self.request, &self.policies, View::Closed);
        let depends_on = self.depends_on(&verdict);
        let reasons = verdict.reasons();
        let verdict_of = match verdict.outcome {
            _ if self.could_be_otherwise(&verdict) => ModelVerdict::Unknown,
            Outcome::Allowed => ModelVerdict::Allowed,
            Outcome::ImplicitlyDenied | Outcome::ExplicitlyDenied => ModelVerdict::Denied,
        };
        let not_evaluated = match verdict.outcome {
            // What was not read cannot take back a Deny.
            Outcome::ExplicitlyDenied => Vec::new(),
            _ => self.missing.iter().chain(&self.unknown).cloned().collect(),
        };
        let decision = Decision { verdict: verdict_of, reasons, not_evaluated };
        Reply { verdict, depends_on, decision }
    }

    /// Whether policies that could not be read may turn the answer round.
    fn could_be_otherwise(&self, verdict: &Verdict<'_>) -> bool {
        let Policies { scp, rcp, unread, .. } = &self.policies;
        let unread_level = |layer| match layer {
            Layer::Scp => scp.iter().any(|level| level.unread),
            Layer::Rcp => rcp.iter().any(|level| level.unread),
            _ => false,
        };
        match verdict.outcome {
            _ if verdict.by_aws => false,
            Outcome::ExplicitlyDenied => false,
            Outcome::Allowed => {
                unread.iter().any(|unread| unread.may_deny)
                    || unread_level(Layer::Scp)
                    || unread_level(Layer::Rcp)
            }
            Outcome::ImplicitlyDenied => {
                let is_unread =
                    |layer: Layer| unread.iter().any(|unread| unread.layer == layer) || unread_level(layer);
                // What a resource's policy gives directly needs nothing of the principal's own in the same account.
                let direct = is_unread(Layer::Resource) && self.request.is_same_account();
                let is_own = |layer| matches!(layer, Layer::Boundary | Layer::Session | Layer::Identity);
                verdict.blocked_by.iter().all(|layer| is_unread(*layer) || (direct && is_own(*layer)))
            }
        }
    }

    /// The open conditions of the view that turns the answer round, if one does.
    fn depends_on(&self, verdict: &Verdict<'i>) -> Vec<OpenCondition<'i>> {
        let policies = Policies { unread: Vec::new(), ..self.policies.clone() };
        let view = if verdict.is_allowed() { View::Worst } else { View::Best };
        let other = decide(&self.request, &policies, view);
        let turned = other.is_allowed() != verdict.is_allowed();
        if turned { other.open } else { Vec::new() }
    }
}

impl Verdict<'_> {
    /// The statements as reasons. What an organization's full-access policies allow says nothing about a question, so they
    /// are left out.
    pub fn reasons(&self) -> Vec<Reason> {
        self.statements.iter().filter(|deciding| !deciding.is_full_access()).map(Deciding::reason).collect()
    }
}

impl Deciding<'_> {
    /// Whether this is a control policy's statement that allows everything to everybody.
    fn is_full_access(&self) -> bool {
        let Statement { effect, actions, resources, conditions, .. } = self.statement;
        matches!(self.layer, Layer::Scp | Layer::Rcp)
            && *effect == Effect::Allow
            && conditions.is_empty()
            && !actions.negated
            && actions.patterns.iter().any(|(pattern, _)| pattern.is_everything())
            && resources.as_ref().is_some_and(|element| {
                !element.negated && element.patterns.iter().any(|(pattern, _)| pattern.is_everything())
            })
    }

    /// The statement as a reason.
    pub fn reason(&self) -> Reason {
        let Self { layer: _, policy, statement } = self;
        let text = format!("{}: {}", self.policy_in_words(), in_words(statement));
        let proof = match &policy.arn {
            Some(arn) => Proof::Arn(Arc::clone(arn)),
            None => Proof::Arn(Arc::clone(&policy.name)),
        };
        Reason {
            ring: Ring::Identity,
            proof,
            rule: None,
            statement: Some(StatementRef { index: statement.index, sid: statement.sid.clone() }),
            source: policy.source.at(statement.line),
            text: text.into(),
        }
    }

    fn policy_in_words(&self) -> String {
        let name = &self.policy.name;
        let at = match &self.statement.sid {
            Some(sid) if !sid.is_empty() => format!("`{sid}`"),
            _ => format!("statement {}", self.statement.index),
        };
        match self.layer {
            Layer::Scp => format!("service control policy {name}, {at}"),
            Layer::Rcp => format!("resource control policy {name}, {at}"),
            Layer::Boundary => format!("permissions boundary {name}, {at}"),
            Layer::Session => format!("session policy {name}, {at}"),
            Layer::VpcEndpoint => format!("VPC endpoint policy {name}, {at}"),
            Layer::Resource => format!("{name}, {at}"),
            Layer::Identity => format!("policy {name}, {at}"),
        }
    }
}

/// A statement in a few words: effect, actions and resources.
pub(crate) fn in_words(statement: &Statement) -> String {
    let list = |patterns: &[(crate::pattern::Pattern, u32)]| {
        let shown: Vec<&str> = patterns.iter().take(SHOWN).map(|(pattern, _)| pattern.written()).collect();
        match patterns.len().saturating_sub(SHOWN) {
            0 => shown.join(", "),
            more => format!("{} and {more} more", shown.join(", ")),
        }
    };
    let verb = match statement.effect {
        Effect::Allow => "allows",
        Effect::Deny => "denies",
    };
    let but = |negated| if negated { "everything but " } else { "" };
    let actions = format!("{verb} {}{}", but(statement.actions.negated), list(&statement.actions.patterns));
    let resources = match &statement.resources {
        None => String::new(),
        Some(element) => format!(" on {}{}", but(element.negated), list(&element.patterns)),
    };
    let conditions: Vec<String> = statement.conditions.iter().map(ToString::to_string).collect();
    let conditions =
        if conditions.is_empty() { String::new() } else { format!(" if {}", conditions.join(" and ")) };
    format!("{actions}{resources}{conditions}")
}
