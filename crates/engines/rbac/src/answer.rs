use std::fmt;
use std::sync::Arc;

use ringwall_model::{Reason, Subject, Verdict};

/// Where a grant holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// In every namespace, and for what has none.
    Cluster,
    /// In one namespace.
    Namespace(Arc<str>),
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cluster => f.pad("cluster"),
            Self::Namespace(name) => f.pad(name),
        }
    }
}

/// One subject that may do what was asked, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WhoCan {
    /// The subject. A node is the user `system:node:<name>`, who is in the group `system:nodes`.
    pub subject: Subject,
    /// Where its right holds.
    pub scope: Scope,
    /// [`Verdict::Allowed`], or [`Verdict::Unknown`] for what may be so and could not be evaluated.
    pub verdict: Verdict,
    /// Every grant, as in [`Authorizer::explain`](crate::Authorizer::explain).
    pub reasons: Vec<Reason>,
    /// Why the verdict is unknown.
    pub not_evaluated: Vec<String>,
}
