//! Policy documents: what a policy says, and where each of its statements is written.

mod elements;
mod parse;
mod principals;

use std::sync::Arc;

use ringwall_model::{Problem, Source, Tree};

pub use elements::{ActionElement, Effect, PrincipalElement, ResourceElement, Statement, Version};
pub(crate) use principals::{AwsPrincipalPattern, PrincipalPattern, is_account};

/// What a policy is attached to, which decides what AWS lets it say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PolicyKind {
    /// Attached to a user, group or role.
    Identity,
    /// A permissions boundary.
    Boundary,
    /// Passed with a session.
    Session,
    /// Attached to a resource other than a role.
    Resource,
    /// A role's trust policy.
    Trust,
    /// Attached to a VPC endpoint.
    VpcEndpoint,
    /// A service control policy of AWS Organizations.
    Scp,
    /// A resource control policy of AWS Organizations.
    Rcp,
}

impl PolicyKind {
    /// What it is called in an error.
    pub fn name(self) -> &'static str {
        match self {
            Self::Identity => "an identity policy",
            Self::Boundary => "a permissions boundary",
            Self::Session => "a session policy",
            Self::Resource => "a resource policy",
            Self::Trust => "a trust policy",
            Self::VpcEndpoint => "a VPC endpoint policy",
            Self::Scp => "a service control policy",
            Self::Rcp => "a resource control policy",
        }
    }

    /// Whether its statements say to whom they apply.
    fn has_principals(self) -> bool {
        matches!(self, Self::Resource | Self::Trust | Self::VpcEndpoint | Self::Rcp)
    }

    /// Whether IAM or Organizations keeps it, which are stricter with `Sid` than other services.
    fn is_kept_by_iam(self) -> bool {
        !matches!(self, Self::Resource | Self::VpcEndpoint)
    }
}

/// A policy that AWS would take, ready to be evaluated.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Its name, for answers.
    pub name: Arc<str>,
    /// ARN of what it is or what it is attached to, for answers; `None` if nobody told.
    pub arn: Option<Arc<str>>,
    /// What it is attached to.
    pub kind: PolicyKind,
    /// `2008-10-17` has no variables.
    pub version: Version,
    /// Its statements, in the order in which they are written.
    pub statements: Box<[Statement]>,
    /// Where it is written.
    pub source: Source,
}

impl Policy {
    /// Reads a policy document as strictly as AWS does: what AWS refuses is an error at its spot.
    ///
    /// Sources: AWS IAM User Guide, *Grammar of the IAM JSON policy language* and *IAM JSON policy element reference*;
    /// AWS Organizations User Guide, *SCP syntax* and *RCP syntax*.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the document, each at its line, but no more than twenty.
    pub fn parse(
        kind: PolicyKind,
        name: &str,
        document: &Tree,
        source: &Source,
    ) -> Result<Self, Vec<Problem>> {
        parse::policy(kind, name, document, source)
    }

    /// One statement of a policy that AWS refuses because of another one.
    pub(crate) fn parse_statement(
        kind: PolicyKind,
        version: Version,
        index: usize,
        statement: &Tree,
        source: &Source,
    ) -> Option<Statement> {
        parse::statement(kind, version, index, statement, source)
    }

    /// The same policy, told by the ARN of what it is or belongs to.
    #[must_use]
    pub fn with_arn(mut self, arn: Option<Arc<str>>) -> Self {
        self.arn = arn;
        self
    }
}
