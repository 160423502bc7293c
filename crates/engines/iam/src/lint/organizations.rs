//! Service and resource control policies.

use super::checks;
use super::findings::{Findings, quoted};
use crate::catalog::catalog;
use crate::policy::{Effect, PolicyKind, Statement};

pub(super) fn statement(kind: PolicyKind, statement: &Statement, out: &mut Findings) {
    match kind {
        PolicyKind::Scp => scp(statement, out),
        PolicyKind::Rcp => rcp(statement, out),
        _ => {}
    }
}

fn is_full(statement: &Statement) -> bool {
    let every = |patterns: &[(crate::pattern::Pattern, u32)]| {
        patterns.iter().any(|(pattern, _)| pattern.is_everything())
    };
    !statement.actions.negated
        && every(&statement.actions.patterns)
        && statement
            .resources
            .as_ref()
            .is_some_and(|resources| !resources.negated && every(&resources.patterns))
        && statement.conditions.is_empty()
}

fn scp(statement: &Statement, out: &mut Findings) {
    if statement.effect == Effect::Allow && !is_full(statement) {
        let means = "all else is forbidden in the accounts below, and the root and every unit above has to allow these too; it grants nobody anything";
        let hint = "keep `FullAWSAccess` attached and deny what is to be forbidden, or allow the list at every level";
        out.add(checks::SCP_ALLOW_LIST, statement.line, "to allow some actions", means, hint);
    }
}

fn rcp(statement: &Statement, out: &mut Findings) {
    let seems = "to limit who reaches the resources";
    let line = statement.actions.patterns.first().map_or(statement.line, |(_, line)| *line);
    if statement.effect == Effect::Allow {
        if !is_full(statement) {
            let means = "nothing: AWS refuses an Allow in a resource control policy, but for its own `RCPFullAWSAccess`";
            let hint = "deny what is to be forbidden";
            out.add(checks::RCP_REFUSED, statement.line, seems, means, hint);
        }
        return;
    }
    if statement.actions.negated {
        let means = "nothing: AWS refuses `NotAction` in a resource control policy";
        return out.add(checks::RCP_REFUSED, line, seems, means, "list the actions with `Action`");
    }
    for (pattern, line) in &statement.actions.patterns {
        if pattern.is_everything() {
            let means = "nothing: AWS refuses `*` alone as the action of a resource control policy";
            out.add(checks::RCP_REFUSED, *line, seems, means, "name the services, as in `s3:*`");
            continue;
        }
        let prefix = pattern.written().split(':').next().unwrap_or_default();
        if let Some(service) = catalog().service(prefix).filter(|service| !service.supports_rcp()) {
            let seems = format!("to deny {}", quoted(pattern.written()));
            let means = format!("nothing: resource control policies do not apply to `{}`", service.prefix());
            let hint = "deny it with a service control policy, or in the resource's own policy";
            out.add(checks::RCP_SERVICE, *line, seems, means, hint);
        }
    }
}
