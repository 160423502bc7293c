//! Statements of trust policies that let tokens of EKS clusters in, taken apart.

use ringwall_model::Reason;

use super::super::Pods;
use super::super::trusting::{WITH_WEB_IDENTITY, issuer, provider_of};
use crate::condition::{Comparison, Condition, SetOperator};
use crate::inventory::Known;
use crate::layers::Layer;
use crate::policy::{Effect, Policy, PrincipalPattern, Statement};
use crate::request::Action;
use crate::verdict::Deciding;

/// How the hosts of EKS's issuers begin, `oidc.eks.REGION.amazonaws.com/id/…`.
const EKS: &str = "oidc.eks";

/// An Allow of `sts:AssumeRoleWithWebIdentity` for the identity provider of an EKS cluster.
pub(super) struct Grant<'i> {
    pub(super) known: &'i Known<'i>,
    pub(super) policy: &'i Policy,
    pub(super) statement: &'i Statement,
    /// ARN of the provider as the statement names it.
    pub(super) provider: &'i str,
    /// The provider's issuer.
    pub(super) issuer: &'i str,
    /// Whether it is the snapshot's cluster, by the provider of the role's own account.
    pub(super) own: bool,
}

/// What a condition's key is, seen from one provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Claim<'k> {
    /// A claim of the provider's own tokens.
    Own(Name),
    /// A claim of another issuer's tokens, which the provider's tokens do not have.
    Foreign(&'k str),
    /// A claim's name without an issuer, which no request has.
    Bare,
    /// No claim.
    Other,
}

/// The claims that trust policies ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    Subject,
    Audience,
}

impl Name {
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Subject => "sub",
            Self::Audience => "aud",
        }
    }
}

/// Every such statement of the snapshot's roles, in the order of the export.
pub(super) fn grants<'i>(pods: &Pods<'i>) -> Vec<Grant<'i>> {
    let Ok(action) = Action::new(&WITH_WEB_IDENTITY.into()) else { return Vec::new() };
    let own_issuer = issuer(pods.inventory);
    let mut grants = Vec::new();
    for known in pods.inventory.principals() {
        let Some(policy) = known.trust() else { continue };
        let own = own_issuer.and_then(|issuer| provider_of(&known.principal.arn, issuer));
        for statement in &policy.statements {
            if statement.effect != Effect::Allow || !statement.actions.matches(&action) {
                continue;
            }
            let Some(element) = statement.principals.as_ref().filter(|element| !element.negated) else {
                continue;
            };
            for (pattern, _) in &element.patterns {
                let PrincipalPattern::Federated(provider) = pattern else { continue };
                let Some((_, issuer)) = provider.split_once(":oidc-provider/") else { continue };
                if issuer.starts_with(EKS) || Some(issuer) == own_issuer {
                    let own = own.as_ref() == Some(provider);
                    grants.push(Grant { known, policy, statement, provider, issuer, own });
                }
            }
        }
    }
    grants
}

impl<'i> Grant<'i> {
    /// The statement as a reason, at its line.
    pub(super) fn reason(&self) -> Reason {
        Deciding { layer: Layer::Resource, policy: self.policy, statement: self.statement }.reason()
    }

    /// The statement as a reason, at the line of one of its conditions.
    pub(super) fn reason_at(&self, condition: &Condition) -> Reason {
        let reason = self.reason();
        let source = reason.source.at(condition.line);
        Reason { source, ..reason }
    }

    pub(super) fn role(&self) -> &'i str {
        &self.known.principal.arn
    }

    /// `statement 0 of role/orders`
    pub(super) fn in_words(&self) -> String {
        format!("the trust policy of {} (statement {})", self.role(), self.statement.index)
    }

    /// What a key of one of its conditions is.
    pub(super) fn claim<'k>(&self, condition: &'k Condition) -> Claim<'k> {
        let lower = condition.key.lower();
        let (prefix, name) = lower.rsplit_once(':').unwrap_or(("", lower));
        let name = match name {
            "sub" => Name::Subject,
            "aud" => Name::Audience,
            _ => return Claim::Other,
        };
        if prefix.eq_ignore_ascii_case(self.issuer) {
            return Claim::Own(name);
        }
        if prefix.contains('.') { Claim::Foreign(prefix) } else { Claim::Bare }
    }

    /// Its conditions on one of the provider's claims.
    pub(super) fn on(&self, name: Name) -> impl Iterator<Item = &'i Condition> + '_ {
        self.statement.conditions.iter().filter(move |condition| self.claim(condition) == Claim::Own(name))
    }

    /// Its conditions that surely limit a claim to the values they name.
    pub(super) fn limits(&self, name: Name) -> impl Iterator<Item = &'i Condition> + '_ {
        self.on(name).filter(|condition| is_limit(condition))
    }

    /// Whether some condition can hold for no token of the provider.
    pub(super) fn is_dead(&self) -> bool {
        self.statement.conditions.iter().any(|condition| {
            let foreign = matches!(self.claim(condition), Claim::Foreign(_) | Claim::Bare);
            let operator = condition.operator;
            foreign
                && !operator.negated
                && !operator.if_exists
                && operator.set != Some(SetOperator::ForAllValues)
        })
    }
}

fn is_limit(condition: &Condition) -> bool {
    let operator = condition.operator;
    let compares = matches!(
        operator.comparison,
        Comparison::StringEquals | Comparison::StringEqualsIgnoreCase | Comparison::StringLike
    );
    compares && !operator.negated && !operator.if_exists && operator.set != Some(SetOperator::ForAllValues)
}
