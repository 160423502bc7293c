//! Whether a role's trust policy lets somebody in.

use std::sync::Arc;

use ringwall_model::{Arn, Decision, Verdict};

use super::proof::unknown;
use crate::condition::value::Value;
use crate::context::Context;
use crate::inventory::{Ask, Gathered, Inventory};
use crate::key::Key;
use crate::layers::Layer;
use crate::policy::{Policy, PrincipalPattern};
use crate::principal::{AwsPrincipal, AwsPrincipalKind, Principal};
use crate::verdict::OpenCondition;

/// Statements told of a trust policy that does not let somebody in.
const SHOWN: usize = 3;

/// Keys of which only the request itself tells: where it comes from, when, and what its caller chooses.
///
/// Source: AWS IAM User Guide, *AWS global condition context keys*, and *IAM and AWS STS condition context keys*.
const OPEN: [&str; 17] = [
    "aws:sourceip",
    "aws:sourcevpc",
    "aws:sourcevpcarn",
    "aws:sourcevpce",
    "aws:vpcsourceip",
    "aws:vpceaccount",
    "aws:vpceorgid",
    "aws:vpceorgpaths",
    "aws:currenttime",
    "aws:epochtime",
    "aws:requestedregion",
    "aws:useragent",
    "aws:referer",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "sts:rolesessionname",
    "sts:durationseconds",
];

/// An attempt to get a role's credentials.
pub(super) struct Attempt<'a> {
    /// Who tries.
    pub(super) principal: Principal,
    /// With which action.
    pub(super) action: &'static str,
    /// The role.
    pub(super) role_arn: &'a Arc<str>,
    /// What the request carries.
    pub(super) context: Context,
    /// Keys in lower case that it carries too, with values that nobody told.
    pub(super) open: &'a [&'a str],
}

/// How an attempt came out.
pub(super) struct Outcome {
    /// The answer, with the statements of the trust policy.
    pub(super) decision: Decision,
    /// Why it is refused; empty if it is not.
    pub(super) why: String,
}

impl Outcome {
    fn denied(why: String) -> Self {
        Self { decision: Decision::denied(), why }
    }
}

/// What the snapshot knows of a role.
pub(super) enum Existence {
    /// It is there.
    There,
    /// It is not, though the account's roles were exported.
    Missing(String),
    /// Its account was not exported.
    NotTold,
}

/// Whether a role exists.
pub(super) fn existence(inventory: &Inventory<'_>, role_arn: &str) -> Existence {
    if let Some(known) = inventory.role(role_arn) {
        if *known.principal.arn == *role_arn {
            return Existence::There;
        }
        return Existence::Missing(format!("there is no role `{role_arn}`: it is `{}`", known.principal.arn));
    }
    let aws = &inventory.cluster().aws;
    let Ok(arn) = role_arn.parse::<Arn>() else { return Existence::NotTold };
    let of_account = |other: &str| other.split(':').nth(4) == Some(arn.account.as_str());
    if aws.iam_exported && aws.principals.iter().any(|principal| of_account(&principal.arn)) {
        return Existence::Missing(format!("there is no role `{role_arn}`"));
    }
    Existence::NotTold
}

/// Decides an attempt as AWS would: the role exists, and its trust policy and all that limits it let the caller in.
pub(super) fn attempt(inventory: &Inventory<'_>, attempt: Attempt<'_>) -> Outcome {
    let role = AwsPrincipal::parse(attempt.role_arn);
    if !role.is_ok_and(|role| matches!(role.kind(), AwsPrincipalKind::Role(_))) {
        return Outcome::denied(format!("`{}` is no role's ARN", attempt.role_arn));
    }
    if let Existence::Missing(why) = existence(inventory, attempt.role_arn) {
        return Outcome::denied(why);
    }
    let principal = attempt.principal.clone();
    let mut ask = Ask {
        principal: attempt.principal,
        action: attempt.action.into(),
        resource: Arc::clone(attempt.role_arn),
        context: attempt.context,
    };
    for (key, value) in [("aws:SecureTransport", "true"), ("aws:ViaAWSService", "false")] {
        ask.context.complete(key, value);
    }
    let gathered = match inventory.gather(&ask) {
        Ok(gathered) => gathered,
        Err(error) => return Outcome { decision: unknown(error.to_string()), why: String::new() },
    };
    let absent = absent(&gathered, attempt.open);
    if absent.is_empty() {
        return outcome(&gathered, &principal);
    }
    for key in absent {
        ask.context.set(key, []);
    }
    match inventory.gather(&ask) {
        Ok(gathered) => outcome(&gathered, &principal),
        Err(error) => Outcome { decision: unknown(error.to_string()), why: String::new() },
    }
}

fn outcome(gathered: &Gathered<'_>, principal: &Principal) -> Outcome {
    let reply = gathered.reply();
    let mut decision = reply.decision;
    if !reply.depends_on.is_empty() {
        decision.verdict = Verdict::Unknown;
        for condition in &reply.depends_on {
            let text = depends(condition);
            if !decision.not_evaluated.contains(&text) {
                decision.not_evaluated.push(text);
            }
        }
    }
    let why = match decision.verdict {
        Verdict::Denied => refusal(gathered, principal, &reply.verdict.blocked_by),
        Verdict::Allowed | Verdict::Unknown => String::new(),
    };
    Outcome { decision, why }
}

fn depends(open: &OpenCondition<'_>) -> String {
    let policy = &open.deciding.policy.name;
    match open.condition {
        Some(condition) => format!("it depends on the condition {condition} of the {policy}"),
        None => format!("it depends on a variable in the {policy}"),
    }
}

/// Why nothing lets somebody in: the layers, and statements of the trust policy that come near.
fn refusal(gathered: &Gathered<'_>, principal: &Principal, blocked_by: &[Layer]) -> String {
    let layers: Vec<&str> = blocked_by
        .iter()
        .map(|layer| match layer {
            Layer::Resource => "the trust policy",
            Layer::Identity => "its own policies",
            Layer::Scp => "a service control policy",
            Layer::Rcp => "a resource control policy",
            Layer::Boundary => "the permissions boundary",
            Layer::Session => "the session policy",
            Layer::VpcEndpoint => "the VPC endpoint's policy",
        })
        .collect();
    let action = gathered.request.action().written();
    let mut why = format!("{} does not allow {action} to {principal}", layers.join(" and "));
    let Some(policy) = gathered.policies.resource.filter(|_| blocked_by.contains(&Layer::Resource)) else {
        return why;
    };
    let near: Vec<String> = (policy.statements.iter())
        .filter(|statement| statement.actions.matches(gathered.request.action()))
        .filter(|statement| {
            statement.principals.as_ref().is_some_and(|element| {
                element.patterns.iter().any(|(pattern, _)| is_about(pattern, principal))
            })
        })
        .take(SHOWN)
        .map(|statement| {
            let conditions: Vec<String> = statement.conditions.iter().map(ToString::to_string).collect();
            format!("statement {} asks for {}", statement.index, conditions.join(" and "))
        })
        .collect();
    if !near.is_empty() {
        why = format!("{why}: {}", near.join("; "));
    }
    why
}

fn is_about(pattern: &PrincipalPattern, principal: &Principal) -> bool {
    match (pattern, principal) {
        (PrincipalPattern::Everybody, _) => true,
        (PrincipalPattern::Federated(name), Principal::Federated(own)) => name == own,
        (PrincipalPattern::Service(name), Principal::Service(own)) => name == own,
        (PrincipalPattern::Aws(_), Principal::Aws(_)) => true,
        _ => false,
    }
}

/// Keys that the policies ask for and that such a request does not carry.
pub(super) fn absent(gathered: &Gathered<'_>, open: &[&str]) -> Vec<Key> {
    let policies = &gathered.policies;
    let levels = policies.scp.iter().chain(&policies.rcp).flat_map(|level| &level.policies);
    let own = policies.identity.iter().chain(&policies.boundary).chain(&policies.session);
    let all = levels.chain(own).chain(policies.resource.iter()).copied();
    let mut absent: Vec<Key> = Vec::new();
    for key in all.flat_map(keys) {
        let told = gathered.request.context().get(key).is_some();
        let may_be_there = OPEN.contains(&key.lower()) || open.contains(&key.lower());
        if !told && !may_be_there && !absent.contains(key) {
            absent.push(key.clone());
        }
    }
    absent
}

/// Every key that a policy's conditions ask for, and that variables in their values stand for.
fn keys(policy: &Policy) -> impl Iterator<Item = &Key> {
    let conditions = policy.statements.iter().flat_map(|statement| &statement.conditions);
    conditions.flat_map(|condition| {
        let variables = condition.values.iter().flat_map(|value| match value {
            Value::Text(pattern) => pattern.variables().map(|variable| &variable.key).collect(),
            _ => Vec::new(),
        });
        std::iter::once(&condition.key).chain(variables)
    })
}
