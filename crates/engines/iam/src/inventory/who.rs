//! Everybody who may do something.

use std::sync::Arc;

use super::gather::{Ask, Gathered};
use super::{Inventory, Known};
use crate::context::Context;
use crate::decide::decide;
use crate::policy::{AwsPrincipalPattern, PrincipalPattern};
use crate::principal::{AwsPrincipal, Principal};
use crate::request::{InvalidRequest, View};
use crate::special;
use crate::verdict::{OpenCondition, Verdict};

/// Whether a holder surely may, or only if what is not known turns out so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Access {
    /// Whatever the request carries.
    Always,
    /// Under conditions, or if a policy that cannot be read allows it.
    Possible,
}

/// What kind of holder a row names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HolderKind {
    /// Anybody at all.
    Everybody,
    /// A user or role of the snapshot's account.
    Known,
    /// Whoever another account lets.
    Account,
    /// A user, role or session that the snapshot does not know.
    Other,
    /// An AWS service.
    Service,
    /// Whoever an identity provider vouches for.
    Federated,
}

/// Somebody who may do what was asked.
#[derive(Clone, Debug)]
pub struct Holder<'i> {
    /// What kind of holder.
    pub kind: HolderKind,
    /// Who.
    pub principal: Principal,
    /// Whether surely.
    pub access: Access,
    /// The statements that allow.
    pub verdict: Verdict<'i>,
    /// The conditions under which.
    pub conditions: Vec<OpenCondition<'i>>,
    /// What could not be evaluated.
    pub missing: Vec<String>,
}

impl Holder<'_> {
    /// Who, in words.
    pub fn name(&self) -> String {
        match (self.kind, self.principal.account()) {
            (HolderKind::Account, Some(account)) => format!("whoever account {account} lets"),
            _ => self.principal.to_string(),
        }
    }
}

impl Inventory<'_> {
    /// Everybody who may do an action on a resource, as far as the snapshot tells: its users and roles, and whom the
    /// resource's policy names beside them. Keys that the context does not give are left open.
    ///
    /// # Errors
    ///
    /// If the action or the resource cannot be one.
    pub fn who_can(
        &self,
        action: &Arc<str>,
        resource: &Arc<str>,
        context: &Context,
    ) -> Result<Vec<Holder<'_>>, InvalidRequest> {
        let ask = |principal: &Principal| Ask {
            principal: principal.clone(),
            action: Arc::clone(action),
            resource: Arc::clone(resource),
            context: context.clone(),
        };
        let mut holders = Vec::new();
        for Known { principal, .. } in &self.principals {
            let Ok(principal) = AwsPrincipal::parse(&principal.arn) else { continue };
            let principal = Principal::Aws(principal);
            holders.extend(holder(HolderKind::Known, principal.clone(), &self.gather(&ask(&principal))?));
        }
        for (kind, principal) in self.named_by(&ask(&Principal::Anonymous))? {
            holders.extend(holder(kind, principal.clone(), &self.gather(&ask(&principal))?));
        }
        holders.sort_by(|a, b| {
            (a.access, a.kind, a.principal.to_string()).cmp(&(b.access, b.kind, b.principal.to_string()))
        });
        Ok(holders)
    }

    /// What is not known of the resource's own policy, which could let in anybody.
    pub fn gap(&self, action: &Arc<str>, resource: &Arc<str>) -> Option<String> {
        let ask = Ask {
            principal: Principal::Anonymous,
            action: Arc::clone(action),
            resource: Arc::clone(resource),
            context: Context::default(),
        };
        let Gathered { request, missing, .. } = self.gather(&ask).ok()?;
        let matters =
            special::may_have_policy(request.action(), resource) || special::has_no_implicit_trust(&request);
        missing.into_iter().next().filter(|_| matters)
    }

    /// Principals that the resource's policy names, and that are no users or roles of the snapshot.
    fn named_by(&self, ask: &Ask) -> Result<Vec<(HolderKind, Principal)>, InvalidRequest> {
        let gathered = self.gather(ask)?;
        let Some(policy) = gathered.policies.resource else { return Ok(Vec::new()) };
        let mut found: Vec<(HolderKind, Principal)> = Vec::new();
        let statements = policy.statements.iter().filter_map(|statement| statement.principals.as_ref());
        for element in statements {
            let everybody = (HolderKind::Everybody, Principal::Anonymous);
            if element.negated {
                found.push(everybody);
                continue;
            }
            for (pattern, _) in &element.patterns {
                found.extend(match pattern {
                    PrincipalPattern::Everybody => Some(everybody.clone()),
                    PrincipalPattern::Service(name) => {
                        Some((HolderKind::Service, Principal::Service(Arc::clone(name))))
                    }
                    PrincipalPattern::Federated(name) => {
                        Some((HolderKind::Federated, Principal::Federated(Arc::clone(name))))
                    }
                    PrincipalPattern::CanonicalUser(_) => None,
                    PrincipalPattern::Aws(aws) => self.outsider(aws),
                });
            }
        }
        let mut unique: Vec<(HolderKind, Principal)> = Vec::new();
        for row in found {
            if !unique.contains(&row) {
                unique.push(row);
            }
        }
        Ok(unique)
    }

    fn outsider(&self, pattern: &AwsPrincipalPattern) -> Option<(HolderKind, Principal)> {
        let partition = self.cluster.info.partition.as_deref().unwrap_or("aws");
        let (kind, arn) = match pattern {
            AwsPrincipalPattern::Account(account) => {
                (HolderKind::Account, format!("arn:{partition}:iam::{account}:root"))
            }
            AwsPrincipalPattern::Role { account, name } => {
                (HolderKind::Other, format!("arn:{partition}:iam::{account}:role/{name}"))
            }
            AwsPrincipalPattern::User { account, name } => {
                (HolderKind::Other, format!("arn:{partition}:iam::{account}:user/{name}"))
            }
            AwsPrincipalPattern::Session { account, role, session } => {
                (HolderKind::Other, format!("arn:{partition}:sts::{account}:assumed-role/{role}/{session}"))
            }
            AwsPrincipalPattern::FederatedUser { account, name } => {
                (HolderKind::Other, format!("arn:{partition}:sts::{account}:federated-user/{name}"))
            }
            AwsPrincipalPattern::UniqueId(_) | AwsPrincipalPattern::Other(_) => return None,
        };
        let principal = AwsPrincipal::parse(&arn.into()).ok()?;
        let is_session = matches!(pattern, AwsPrincipalPattern::Session { .. });
        // A role or user of the snapshot has its own row; a session of it that is named may have more.
        if self.find(&principal).is_some() && !is_session {
            return None;
        }
        Some((kind, Principal::Aws(principal)))
    }
}

fn holder<'i>(kind: HolderKind, principal: Principal, gathered: &Gathered<'i>) -> Option<Holder<'i>> {
    let best = decide(&gathered.request, &gathered.policies, View::Best);
    if !best.is_allowed() {
        return None;
    }
    let worst = decide(&gathered.request, &gathered.policies, View::Worst);
    let access = if worst.is_allowed() { Access::Always } else { Access::Possible };
    let conditions = if access == Access::Possible { best.open.clone() } else { Vec::new() };
    let missing = gathered.missing.iter().chain(&gathered.unknown).cloned().collect();
    Some(Holder { kind, principal, access, verdict: best, conditions, missing })
}
