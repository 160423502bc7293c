//! Actions that AWS does not have.

use std::collections::BTreeSet;
use std::sync::Arc;

use ringwall_model::{CheckResult, Severity, Source};

use super::purpose::told;
use super::{About, Judge};
use crate::catalog::catalog;
use crate::policy::{Effect, Policy};

pub(super) const ABOUT: About = About {
    check: "iam-unknown-action",
    title: "policies name actions that AWS has",
    remedy: "write the action's name as the Service Authorization Reference has it; `ringwall iam lint` tells more",
};

impl Judge<'_> {
    /// Actions, or patterns of them, that match nothing: what was meant is not allowed, or worse, not denied.
    ///
    /// Source: AWS IAM User Guide, *Access Analyzer policy check reference*, "Error – Invalid action".
    pub(super) fn unknown_actions(&self) -> Vec<CheckResult> {
        let mut seen: BTreeSet<(Source, Arc<str>)> = BTreeSet::new();
        let mut failures = Vec::new();
        for policy in self.inventory.principals().iter().flat_map(|known| known.policies()) {
            for (action, line, effect) in unknown(policy) {
                let source = policy.source.at(line);
                let owner = policy.arn.clone().unwrap_or_else(|| Arc::clone(&policy.name));
                if owner.contains(":iam::aws:policy/") || !seen.insert((source.clone(), Arc::from(action))) {
                    continue;
                }
                let meant = catalog().nearest_action(action);
                let meant = meant.map(|meant| format!("; did you mean `{meant}`?")).unwrap_or_default();
                let (severity, cost) = match effect {
                    Effect::Allow => (Severity::Low, "what was meant is not allowed"),
                    Effect::Deny => (Severity::High, "what was meant is not denied"),
                };
                let why = format!(
                    "policy `{}` names the action `{action}`, which AWS does not have: {cost}{meant}",
                    policy.name
                );
                let reason = told(&owner, &source, format!("names `{action}`"));
                failures.push(ABOUT.fails(Some(&owner), severity, why, vec![reason]));
            }
        }
        ABOUT.or_passes(failures)
    }
}

/// Actions of a policy that match nothing, each with its line and what its statement does.
fn unknown(policy: &Policy) -> impl Iterator<Item = (&str, u32, Effect)> {
    let statements = policy.statements.iter();
    let actions = statements.flat_map(|statement| {
        statement
            .actions
            .patterns
            .iter()
            .map(move |(pattern, line)| (pattern.written(), *line, statement.effect))
    });
    actions.filter(|(action, ..)| *action != "*" && catalog().matching(action).next().is_none())
}
