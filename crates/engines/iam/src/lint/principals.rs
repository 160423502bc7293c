//! Principals that are somebody else than they seem.

use super::checks::{self, Level};
use super::findings::{Findings, quoted};
use super::grants::has_key;
use crate::policy::{AwsPrincipalPattern, Effect, PolicyKind, PrincipalPattern, Statement};

/// Keys by which a statement for everybody is for some: who calls, from where, and on whose behalf.
const NARROWING: [&str; 20] = [
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalisawsservice",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:principalservicename",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceip",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:sourceowner",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:userid",
    "aws:vpceaccount",
    "aws:vpceorgid",
    "kms:calleraccount",
    "lambda:functionurlauthtype",
    "s3:dataaccesspointaccount",
];

/// Keys that tell for whom a service acts.
const ON_BEHALF_OF: [&str; 9] = [
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:sourceowner",
    "kms:calleraccount",
    "kms:viaservice",
    "lambda:eventsourcetoken",
    "sts:externalid",
];

/// Services that assume a role for the account's own compute: who hands them the role needs `iam:PassRole` on it, or makes
/// the association in the same account.
const OWN_COMPUTE: [&str; 14] = [
    "autoscaling.amazonaws.com",
    "build.apprunner.amazonaws.com",
    "ec2.amazonaws.com",
    "ec2.amazonaws.com.cn",
    "ecs-tasks.amazonaws.com",
    "ecs.amazonaws.com",
    "edgelambda.amazonaws.com",
    "eks-fargate-pods.amazonaws.com",
    "eks-nodegroup.amazonaws.com",
    "eks.amazonaws.com",
    "lambda.amazonaws.com",
    "pods.eks.amazonaws.com",
    "spot.amazonaws.com",
    "ssm.amazonaws.com",
];

pub(super) fn statement(kind: PolicyKind, statement: &Statement, out: &mut Findings) {
    let Some(principals) = &statement.principals else { return };
    if kind == PolicyKind::Rcp {
        return;
    }
    if principals.negated {
        let line = principals.patterns.first().map_or(statement.line, |(_, line)| *line);
        match statement.effect {
            Effect::Allow => {
                let means = "everybody else is allowed, in every account, without signing in too";
                let hint = "name with `Principal` who is to be allowed";
                out.add(checks::ALLOW_NOT_PRINCIPAL, line, "to keep some principals out", means, hint);
            }
            Effect::Deny => {
                let means = "a role is spared only if its account is listed as well, and its boundary may deny it still";
                let hint = "deny `\"Principal\": \"*\"` with `ArnNotEquals` on `aws:PrincipalArn`";
                out.add(checks::DENY_NOT_PRINCIPAL, line, "to deny all but some principals", means, hint);
            }
        }
        return;
    }
    for (pattern, line) in &principals.patterns {
        match pattern {
            PrincipalPattern::Aws(AwsPrincipalPattern::UniqueId(id)) => {
                let seems = format!("to name {}", quoted(id));
                let means = "nobody: this is the id of a user or role that was deleted; a new one of the same name has another id";
                out.add(checks::PRINCIPAL_DELETED, *line, seems, means, "remove it, or write the ARN again");
            }
            PrincipalPattern::Everybody if statement.effect == Effect::Allow => {
                everybody(kind, statement, *line, out)
            }
            PrincipalPattern::Service(name) if statement.effect == Effect::Allow => {
                service(kind, statement, name, *line, out);
            }
            _ => {}
        }
    }
}

fn everybody(kind: PolicyKind, statement: &Statement, line: u32, out: &mut Findings) {
    // What goes through an endpoint comes from its own network.
    if kind == PolicyKind::VpcEndpoint || has_key(statement, &NARROWING) {
        return;
    }
    let (seems, means) = match kind {
        PolicyKind::Trust if !has_key(statement, &["sts:externalid"]) => {
            ("to let principals assume the role", "every principal of every AWS account may assume it")
        }
        PolicyKind::Trust => return,
        _ => ("to allow principals", "everybody is allowed, in every account, without signing in too"),
    };
    let hint = "name the principals, or add a condition such as `aws:PrincipalOrgID`";
    out.add(checks::PRINCIPAL_EVERYBODY, line, seems, means, hint);
}

fn service(kind: PolicyKind, statement: &Statement, name: &str, line: u32, out: &mut Findings) {
    let is_own = kind == PolicyKind::Trust && OWN_COMPUTE.contains(&name);
    if is_own || kind == PolicyKind::VpcEndpoint || has_key(statement, &ON_BEHALF_OF) {
        return;
    }
    let level = if kind == PolicyKind::Trust { Level::Suggestion } else { Level::Security };
    let seems = format!("to allow {} on behalf of this account", quoted(name));
    let means = "the service is allowed on behalf of any account that sets it up so";
    let hint = "add a condition on `aws:SourceAccount` or `aws:SourceArn`";
    out.add(checks::CONFUSED_DEPUTY.at(level), line, seems, means, hint);
}
