//! Getting in: how an AWS principal becomes a Kubernetes subject.
//!
//! Two lists say who gets in: the ConfigMap `kube-system/aws-auth` and the cluster's access entries. The
//! authentication mode says which of them are read. [`Mappings`] holds everything that was written in either,
//! together with what is wrong with it, and answers what the authenticator would.
//!
//! Exact semantics:
//!
//! - aws-auth is read as aws-iam-authenticator reads it (commit 81b1daba, `pkg/mapper/configmap`,
//!   `pkg/config`, `pkg/arn`, `pkg/server`): sections are independent, a bad entry costs itself alone, a field
//!   of a wrong type stays empty, ARNs are compared in any case and otherwise byte for byte.
//! - Access entries are as the EKS user guide describes them (*Create access entries*, *Associate access
//!   policies with access entries*): bound to the principal's unique id, a role's path does not count.
//! - Where both lists name a principal, the access entry counts (EKS user guide, *Migrating existing aws-auth
//!   ConfigMap entries to access entries*).
//!
//! That is [`Reading::Eks`]. A token webhook of one's own reads a list by [`Rules`]: role paths, permission sets in every
//! partition and, if asked for, wildcards and unique ids count; names that are reserved are refused once they are filled in;
//! and each caller gets one identity or none.

mod access_entry;
mod access_policy;
mod aws_auth;
mod build;
mod context;
mod flaw;
mod identify;
mod identity;
mod inspect;
mod inverse;
mod mapping;
mod names;
mod overlap;
mod policy;
mod principal;
mod reading;
mod results;
mod scope;
mod sso;
mod template;

#[cfg(test)]
mod tests;

use ringwall_model::{AuthenticationMode, Cluster};

pub use access_policy::{AccessPolicies, AccessPolicy};
pub use build::Parts;
pub use flaw::{Flaw, FlawKind};
pub use identity::{Identification, Identity};
pub use inverse::Entrant;
pub use mapping::{Mapping, Origin};
pub use policy::{GrantedPolicy, decide_by_policies};
pub use principal::{Caller, canonical_arn};
pub use reading::{Bound, Reading, RolePaths, Rules};
pub use template::Placeholder;

use identify::Lookup;

/// All ways in that a cluster has, effective or not.
#[derive(Clone, Debug)]
pub struct Mappings {
    mode: Option<AuthenticationMode>,
    all: Vec<Mapping>,
    flaws: Vec<Flaw>,
    not_evaluated: Vec<String>,
    reading: Reading,
    lookup: Lookup,
}

impl Mappings {
    /// The mappings of a cluster.
    pub fn of(cluster: &Cluster) -> Self {
        Self::from_parts(&Parts::of(cluster))
    }

    /// Every mapping that was written, in the order in which they are searched: access entries, `mapRoles`,
    /// `mapUsers`, `mapAccounts`.
    pub fn all(&self) -> &[Mapping] {
        &self.all
    }

    /// What is wrong with aws-auth as a whole, or with a part of it that makes no mapping.
    pub fn flaws(&self) -> &[Flaw] {
        &self.flaws
    }

    /// What could let somebody in and was not evaluated, in words.
    pub fn not_evaluated(&self) -> &[String] {
        &self.not_evaluated
    }

    /// The authentication mode, if it is told.
    pub fn mode(&self) -> Option<AuthenticationMode> {
        self.mode
    }
}
