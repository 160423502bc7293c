//! All policies that a snapshot knows, and questions to them.

mod gather;
mod load;
mod organization;
mod reply;
mod who;

use std::sync::Arc;

use hashbrown::HashMap;
use ringwall_model::{Cluster, IamPrincipal, IamPrincipalKind, Problem};

pub use gather::{Ask, Gathered};
pub use reply::Reply;
pub use who::{Access, Holder, HolderKind};

use crate::policy::Policy;
use crate::principal::{AwsPrincipal, AwsPrincipalKind};

/// A policy that the snapshot has, or why it cannot be evaluated.
pub(crate) type Loaded = Result<Arc<Policy>, Arc<str>>;

/// The policies of a snapshot: of users, roles, resources and the organization, each read once.
#[derive(Debug)]
pub struct Inventory<'c> {
    cluster: &'c Cluster,
    /// Users and roles, in the order of the export.
    principals: Vec<Known<'c>>,
    /// Users and roles by account, kind and name without path.
    by_name: HashMap<(Arc<str>, IamPrincipalKind, Arc<str>), usize>,
    /// Policies of resources by ARN; `None` for a resource that is known to have none.
    resources: HashMap<Arc<str>, Attached>,
    organization: Option<organization::Chart>,
    problems: Vec<Problem>,
}

/// A user or role with the policies that limit it.
#[derive(Debug)]
pub struct Known<'c> {
    /// As it was exported.
    pub principal: &'c IamPrincipal,
    /// Its own policies and those of its groups.
    pub(crate) identity: Vec<(Loaded, bool)>,
    /// Its permissions boundary.
    pub(crate) boundary: Option<Loaded>,
    /// A role's trust policy.
    pub(crate) trust: Option<Loaded>,
}

/// What is known of a resource's policy.
#[derive(Debug)]
pub(crate) struct Attached {
    pub(crate) account: Option<Arc<str>>,
    pub(crate) policy: Option<Loaded>,
}

impl<'c> Inventory<'c> {
    /// Reads every policy of a snapshot.
    pub fn of(cluster: &'c Cluster) -> Self {
        load::inventory(cluster)
    }

    /// What was read.
    pub fn cluster(&self) -> &'c Cluster {
        self.cluster
    }

    /// Policies that AWS would not take as they are written: none of them can be evaluated.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Users and roles, in the order of the export.
    pub fn principals(&self) -> &[Known<'c>] {
        &self.principals
    }

    /// The user or role that a principal is, or of which it is a session.
    pub fn find(&self, principal: &AwsPrincipal) -> Option<&Known<'c>> {
        let (kind, name) = match principal.kind() {
            AwsPrincipalKind::User(name) => (IamPrincipalKind::User, name),
            AwsPrincipalKind::Role(role) | AwsPrincipalKind::Session { role, .. } => {
                (IamPrincipalKind::Role, role)
            }
            AwsPrincipalKind::Root | AwsPrincipalKind::FederatedUser(_) => return None,
        };
        let at = self.by_name.get(&(Arc::from(principal.account()), kind, Arc::clone(name)))?;
        self.principals.get(*at)
    }

    /// The role with an ARN.
    pub fn role(&self, arn: &str) -> Option<&Known<'c>> {
        let principal = AwsPrincipal::parse(&arn.into()).ok()?;
        self.find(&principal).filter(|known| known.principal.kind == IamPrincipalKind::Role)
    }
}

impl Known<'_> {
    /// Its own policies and those of its groups, as far as they can be evaluated.
    pub fn policies(&self) -> impl Iterator<Item = &Policy> {
        self.identity.iter().filter_map(|(loaded, _)| loaded.as_deref().ok())
    }

    /// A role's trust policy, if there is one that can be evaluated.
    pub fn trust(&self) -> Option<&Policy> {
        self.trust.as_ref()?.as_deref().ok()
    }

    /// Its policies that cannot be evaluated, each with why.
    pub fn unread(&self) -> impl Iterator<Item = &str> {
        let all = self.identity.iter().map(|(loaded, _)| loaded).chain(&self.boundary).chain(&self.trust);
        all.filter_map(|loaded| loaded.as_ref().err()).map(|why| &**why)
    }
}
