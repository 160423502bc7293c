//! Rules of admin policies that come too late.

use ringwall_model::{CheckResult, Severity};

use super::{About, of_rule};
use crate::{Network, rules, shadowed};

const SHADOWED: About = About {
    check: "network-rule-shadowed",
    title: "every rule of an admin policy decides over something",
    remedy: "remove the rule, or put it before those that decide over the same traffic",
};

pub(super) const CHECKS: &[&About] = &[&SHADOWED];

pub(super) fn results(network: &Network<'_>) -> Vec<CheckResult> {
    let mut found = Vec::new();
    for shadowed in shadowed(network) {
        let Some(entry) = network.policies().get(shadowed.policy.index()) else { continue };
        let all = rules(entry.policy, shadowed.direction).unwrap_or_default();
        let Some(rule) = all.iter().find(|rule| rule.index == shadowed.rule) else { continue };
        let why = format!(
            "a rule of {} decides over nothing: rules before it decide over all that it matches",
            entry.policy.reference
        );
        let text = format!("its {} rule {} is never got to", shadowed.direction.name(), rule.index);
        found.push(SHADOWED.fails(
            Severity::Low,
            why,
            vec![of_rule(entry.policy, rule.index, &rule.source, text)],
        ));
    }
    SHADOWED.or_passes(found)
}
