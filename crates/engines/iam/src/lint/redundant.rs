//! What another part of the policy says already.

use super::checks;
use super::findings::{Findings, quoted};
use super::patterns::is_covered;
use crate::pattern::Pattern;
use crate::policy::{Effect, Policy, Statement};

/// Actions or resources of one statement that are compared with each other.
const MAX_PATTERNS: usize = 200;

/// Statements of one policy that are compared with each other.
const MAX_STATEMENTS: usize = 100;

pub(super) fn statement(statement: &Statement, out: &mut Findings) {
    let actions = &statement.actions;
    for (line, text, by) in covered(&actions.patterns, out) {
        let seems = format!("to add {text}");
        out.add(checks::ACTION_COVERED, line, seems, format!("nothing more: {by} includes it"), "remove it");
    }
    if let Some(resources) = &statement.resources {
        for (line, text, by) in covered(&resources.patterns, out) {
            let seems = format!("to add {text}");
            out.add(
                checks::RESOURCE_COVERED,
                line,
                seems,
                format!("nothing more: {by} includes it"),
                "remove it",
            );
        }
    }
}

/// Line and text of each pattern that another one includes, with that one.
fn covered(patterns: &[(Pattern, u32)], out: &mut Findings) -> Vec<(u32, String, String)> {
    let mut found = Vec::new();
    for (at, (pattern, line)) in patterns.iter().take(MAX_PATTERNS).enumerate() {
        let others = patterns.iter().take(MAX_PATTERNS).enumerate().filter(|(other, _)| *other != at);
        for (other, (by, _)) in others {
            // Of two that are the same, the second one is too much.
            let is_too_much = is_covered(pattern, by, out) && (other < at || !is_covered(by, pattern, out));
            if is_too_much {
                found.push((*line, quoted(pattern.written()), quoted(by.written())));
                break;
            }
        }
    }
    found
}

pub(super) fn policy(policy: &Policy, out: &mut Findings) {
    let statements = || policy.statements.iter().take(MAX_STATEMENTS);
    for statement in statements() {
        out.begin(statement);
        let others = || statements().filter(|other| other.index != statement.index);
        let twin = others().find(|other| {
            other.effect == statement.effect
                && includes(other, statement, out)
                && (other.index < statement.index || !includes(statement, other, out))
        });
        if let Some(other) = twin {
            let means = format!("nothing more: the statement at line {} says it already", other.line);
            out.add(checks::STATEMENT_COVERED, statement.line, "to add something", means, "remove it");
        }
        let denied = others().find(|other| {
            statement.effect == Effect::Allow
                && other.effect == Effect::Deny
                && other.conditions.is_empty()
                && includes(other, statement, out)
        });
        if let Some(other) = denied {
            let means = format!("nothing: the Deny at line {} takes all of it away", other.line);
            let hint = "remove one of the two";
            out.add(checks::ALLOW_DENIED, statement.line, "to allow something", means, hint);
        }
    }
}

/// Whether a statement applies wherever another one does.
fn includes(one: &Statement, other: &Statement, out: &mut Findings) -> bool {
    let all = |patterns: &[(Pattern, u32)], by: &[(Pattern, u32)], out: &mut Findings| {
        patterns.len() <= MAX_PATTERNS
            && !patterns.is_empty()
            && patterns.iter().all(|(pattern, _)| by.iter().any(|(by, _)| is_covered(pattern, by, out)))
    };
    let conditions = |statement: &Statement| {
        let mut texts: Vec<String> = statement.conditions.iter().map(ToString::to_string).collect();
        texts.sort_unstable();
        texts
    };
    if one.actions.negated || other.actions.negated {
        return false;
    }
    let same_principals = match (&one.principals, &other.principals) {
        (None, None) => true,
        (Some(one), Some(other)) => {
            one.negated == other.negated
                && one
                    .patterns
                    .iter()
                    .map(|(pattern, _)| pattern)
                    .eq(other.patterns.iter().map(|(pattern, _)| pattern))
        }
        _ => false,
    };
    let resources = match (&one.resources, &other.resources) {
        (None, None) => true,
        (Some(one), Some(other)) => {
            !one.negated && !other.negated && all(&other.patterns, &one.patterns, out)
        }
        _ => false,
    };
    same_principals
        && resources
        && (one.conditions.is_empty() || conditions(one) == conditions(other))
        && all(&other.actions.patterns, &one.actions.patterns, out)
}
