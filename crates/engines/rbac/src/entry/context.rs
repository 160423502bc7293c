use hashbrown::{HashMap, HashSet};
use ringwall_model::{Arn, IamPrincipal, IamPrincipalKind};

use super::principal::{PrincipalKind, canonical, fold};
use super::{Parts, Rules};

/// What mappings are compared with.
pub(super) struct Context<'a> {
    pub(super) account: Option<&'a str>,
    pub(super) partition: Option<&'a str>,
    /// Exported users and roles by their folded canonical ARN.
    principals: HashMap<String, &'a IamPrincipal>,
    /// Accounts and kinds of which the export has at least one.
    exported: HashSet<(String, IamPrincipalKind)>,
    pub(super) rules: Option<&'a Rules>,
}

/// Whether a principal exists.
pub(super) enum Presence<'a> {
    Present(&'a IamPrincipal),
    Missing,
    /// Its account, or its kind, was not exported.
    Unknown,
}

impl<'a> Context<'a> {
    pub(super) fn new(parts: &'a Parts<'a>) -> Self {
        let mut context = Self {
            account: parts.account,
            partition: parts.partition,
            principals: HashMap::new(),
            exported: HashSet::new(),
            rules: parts.reading.rules(),
        };
        for principal in parts.principals {
            let Ok(arn) = principal.arn.parse::<Arn>() else { continue };
            let kind = match principal.kind {
                IamPrincipalKind::User => PrincipalKind::User,
                IamPrincipalKind::Role => PrincipalKind::Role,
            };
            context.principals.insert(fold(&canonical(&arn, kind)), principal);
            // A webhook asks for those it needs, so that another may exist all the same.
            if context.rules.is_none() {
                context.exported.insert((arn.account, principal.kind));
            }
        }
        context
    }

    /// Looks a user or role up; a role's path does not count.
    pub(super) fn presence(&self, arn: &Arn, kind: PrincipalKind) -> Presence<'a> {
        let exported = match kind {
            PrincipalKind::User => IamPrincipalKind::User,
            PrincipalKind::Role => IamPrincipalKind::Role,
            PrincipalKind::Session | PrincipalKind::FederatedUser | PrincipalKind::Root => {
                return Presence::Unknown;
            }
        };
        match self.principals.get(&fold(&canonical(arn, kind))) {
            Some(principal) => Presence::Present(principal),
            None if self.exported.contains(&(arn.account.clone(), exported)) => Presence::Missing,
            None => Presence::Unknown,
        }
    }

    /// A user of this name under another path, for whom the ARN may have been meant.
    pub(super) fn user_elsewhere(&self, arn: &Arn) -> Option<&'a IamPrincipal> {
        let name = fold(arn.name());
        let mut found: Vec<_> = self
            .principals
            .values()
            .filter(|principal| principal.kind == IamPrincipalKind::User && fold(&principal.name) == name)
            .collect();
        found.sort_by(|a, b| a.arn.cmp(&b.arn));
        found.first().map(|principal| **principal)
    }
}
