//! Which roles trust the cluster's tokens, found without deciding each for each service account.

use std::sync::Arc;

use hashbrown::HashMap;
use ringwall_model::Arn;

use crate::condition::value::Value;
use crate::condition::{Comparison, SetOperator};
use crate::inventory::Inventory;
use crate::pattern::Pattern;
use crate::policy::{Effect, PrincipalPattern, Statement};
use crate::request::Action;
use crate::wildcard::matches;

/// What a pod exchanges its token for a role with.
pub(super) const WITH_WEB_IDENTITY: &str = "sts:AssumeRoleWithWebIdentity";

/// The cluster's issuer of tokens, as IAM names it: without `https://`.
///
/// Source: IAM User Guide, *Create an OpenID Connect identity provider in IAM*.
pub(super) fn issuer<'i>(inventory: &Inventory<'i>) -> Option<&'i str> {
    let url = inventory.cluster().info.oidc_issuer.as_deref()?;
    Some(url.strip_prefix("https://").unwrap_or(url).trim_end_matches('/'))
}

/// ARN of the identity provider that a role's account has for an issuer.
pub(super) fn provider_of(role_arn: &str, issuer: &str) -> Option<Arc<str>> {
    let arn: Arn = role_arn.parse().ok()?;
    Some(format!("arn:{}:iam::{}:oidc-provider/{issuer}", arn.partition, arn.account).into())
}

/// Roles whose trust policy may let tokens of the cluster in, by what it asks of the claim `sub`. What is left out is
/// sure not to; what is in has to be decided.
#[derive(Debug, Default)]
pub(super) struct Trusting<'i> {
    /// ARNs of the roles, in the order of the export.
    roles: Vec<&'i Arc<str>>,
    /// Roles by a subject that they name in full.
    by_subject: HashMap<Arc<str>, Vec<usize>>,
    /// Roles with a pattern that subjects have to match.
    by_pattern: Vec<(&'i Pattern, usize)>,
    /// Roles that a subject's name alone does not rule out.
    open: Vec<usize>,
}

impl<'i> Trusting<'i> {
    pub(super) fn of(inventory: &'i Inventory<'i>) -> Self {
        let mut index = Self::default();
        let Some(issuer) = issuer(inventory) else { return index };
        let Ok(action) = Action::new(&WITH_WEB_IDENTITY.into()) else { return index };
        let claim = format!("{issuer}:sub").to_ascii_lowercase();
        for known in inventory.principals() {
            let arn = &known.principal.arn;
            let Some((policy, provider)) = known.trust().zip(provider_of(arn, issuer)) else { continue };
            let at = index.roles.len();
            index.roles.push(arn);
            for statement in &policy.statements {
                if statement.effect == Effect::Allow
                    && statement.actions.matches(&action)
                    && names(statement, &provider)
                {
                    index.add(at, statement, &claim);
                }
            }
        }
        index
    }

    fn add(&mut self, at: usize, statement: &'i Statement, claim: &str) {
        let Some(patterns) = subjects(statement, claim) else {
            self.open.push(at);
            return;
        };
        for pattern in patterns {
            match pattern.literal() {
                Some(subject) => self.by_subject.entry(subject.into()).or_default().push(at),
                None => self.by_pattern.push((pattern, at)),
            }
        }
    }

    /// Roles that may let a subject in, in the order of the export.
    pub(super) fn candidates(&self, subject: &str) -> Vec<&'i Arc<str>> {
        let named = self.by_subject.get(subject).into_iter().flatten().copied();
        let matching = self.by_pattern.iter().filter(|(pattern, _)| matches(&*pattern.parts, subject));
        let all = named.chain(matching.map(|(_, at)| *at)).chain(self.open.iter().copied());
        let mut all: Vec<usize> = all.collect();
        all.sort_unstable();
        all.dedup();
        all.into_iter().filter_map(|at| self.roles.get(at).copied()).collect()
    }

    /// Whether a role may let a subject in.
    pub(super) fn names(&self, role_arn: &str, subject: &str) -> bool {
        let is_role = |at: &usize| self.roles.get(*at).is_some_and(|role| ***role == *role_arn);
        self.open.iter().any(is_role)
            || self.by_subject.get(subject).is_some_and(|roles| roles.iter().any(is_role))
            || self.by_pattern.iter().any(|(pattern, at)| is_role(at) && matches(&*pattern.parts, subject))
    }
}

/// Whether a statement takes in whoever a provider vouches for.
fn names(statement: &Statement, provider: &str) -> bool {
    let Some(element) = &statement.principals else { return false };
    element.negated
        || element.patterns.iter().any(|(pattern, _)| match pattern {
            PrincipalPattern::Everybody => true,
            PrincipalPattern::Federated(name) => **name == *provider || &**name == "*",
            _ => false,
        })
}

/// The patterns of which a subject has to match one, if a condition of the statement says so beyond doubt.
fn subjects<'s>(statement: &'s Statement, claim: &str) -> Option<Vec<&'s Pattern>> {
    let condition = statement.conditions.iter().find(|condition| {
        let operator = condition.operator;
        matches!(operator.comparison, Comparison::StringEquals | Comparison::StringLike)
            && !operator.negated
            && !operator.if_exists
            && operator.set != Some(SetOperator::ForAllValues)
            && condition.key.lower() == claim
    })?;
    let patterns = condition.values.iter().map(|value| match value {
        Value::Text(pattern) if !pattern.has_variables() => Some(pattern),
        _ => None,
    });
    patterns.collect()
}
