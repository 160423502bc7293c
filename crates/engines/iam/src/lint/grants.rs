//! Statements that allow far more than they name.

use super::checks;
use super::findings::{Findings, quoted_list};
use crate::pattern::Pattern;
use crate::policy::{Effect, PolicyKind, Statement};
use crate::wildcard::matches;

pub(super) fn statement(kind: PolicyKind, statement: &Statement, out: &mut Findings) {
    if statement.effect != Effect::Allow {
        return;
    }
    let written =
        |patterns: &[(Pattern, u32)]| quoted_list(patterns.iter().map(|(pattern, _)| pattern.written()));
    // As a limit for others, `NotAction` names what stays out.
    let is_limit = matches!(kind, PolicyKind::Boundary | PolicyKind::Scp);
    if statement.actions.negated && !is_limit {
        let line = statement.actions.patterns.first().map_or(statement.line, |(_, line)| *line);
        let seems = format!("to keep {} from being used", written(&statement.actions.patterns));
        let means = "every other action of every service is allowed, those that AWS adds later too";
        let hint = "list the actions with `Action`; to forbid some, deny them";
        out.add(checks::ALLOW_NOT_ACTION, line, seems, means, hint);
    }
    let Some(resources) = &statement.resources else { return };
    let line = resources.patterns.first().map_or(statement.line, |(_, line)| *line);
    if resources.negated && !is_limit {
        let seems = format!("to keep {} from being used", written(&resources.patterns));
        let means =
            "every other resource of every account is allowed, and another policy may still allow these";
        let hint = "list the resources with `Resource`; to forbid some, deny them";
        out.add(checks::ALLOW_NOT_RESOURCE, line, seems, means, hint);
    }
    let on_all = resources.negated || resources.patterns.iter().any(|(pattern, _)| is_all_roles(pattern));
    if !on_all || statement.actions.negated || is_limit || matches!(kind, PolicyKind::VpcEndpoint) {
        return;
    }
    if names(statement, "iam:passrole")
        && !has_key(statement, &["iam:passedtoservice", "iam:associatedresourcearn"])
    {
        let means = "every role of the account may be given to any service, so their permissions are its own";
        let hint = "name the roles, and add a condition on `iam:PassedToService`";
        out.add(checks::PASS_ROLE, line, "to let a role be handed to a service", means, hint);
    }
    if names(statement, "sts:assumerole") && statement.conditions.is_empty() {
        let means = "every role that trusts this account may be assumed, in other accounts too";
        out.add(checks::ASSUME_ROLE, line, "to let some role be assumed", means, "name the roles");
    }
}

/// Whether the statement names an action, by a pattern of its service or of it; `*` says what it means.
fn names(statement: &Statement, action: &str) -> bool {
    let patterns = statement.actions.patterns.iter().map(|(pattern, _)| pattern);
    patterns.filter(|pattern| !pattern.is_everything()).any(|pattern| matches(&*pattern.parts, action))
}

/// Whether a resource takes in all roles of an account.
fn is_all_roles(pattern: &Pattern) -> bool {
    let text = pattern.written();
    pattern.is_everything()
        || (text.starts_with("arn:")
            && (text.ends_with(":role/*") || text.ends_with(":*"))
            && text.contains(":iam:"))
}

/// Whether some condition is on one of these keys.
pub(super) fn has_key(statement: &Statement, keys: &[&str]) -> bool {
    statement.conditions.iter().any(|condition| keys.contains(&condition.key.lower()))
}
