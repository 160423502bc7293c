use std::fmt;

use crate::policy::Policy;

/// A layer of AWS's evaluation logic, in the order in which answers name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Layer {
    /// Service control policies of the principal's account.
    Scp,
    /// Resource control policies of the resource's account.
    Rcp,
    /// The resource's own policy.
    Resource,
    /// The principal's permissions boundary.
    Boundary,
    /// Policies passed with the session.
    Session,
    /// The principal's policies.
    Identity,
    /// The policy of the VPC endpoint that the request takes.
    VpcEndpoint,
}

impl Layer {
    /// All layers, in order.
    pub const ALL: [Self; 7] = [
        Self::Scp,
        Self::Rcp,
        Self::Resource,
        Self::Boundary,
        Self::Session,
        Self::Identity,
        Self::VpcEndpoint,
    ];

    /// The layer's name in answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Scp => "scp",
            Self::Rcp => "rcp",
            Self::Resource => "resource",
            Self::Boundary => "boundary",
            Self::Session => "session",
            Self::Identity => "identity",
            Self::VpcEndpoint => "vpcEndpoint",
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Policies at one level of an organization: its root, an organizational unit, or the account.
#[derive(Clone, Debug, Default)]
pub struct Level<'p> {
    /// The policies; none allow nothing.
    pub policies: Vec<&'p Policy>,
    /// Whether there are policies here that could not be read.
    pub unread: bool,
}

/// Every policy that has a say in a request. A layer without policies does not apply.
#[derive(Clone, Debug, Default)]
pub struct Policies<'p> {
    /// Those of the principal: its own, its groups'. Without any, nothing is allowed by this layer.
    pub identity: Vec<&'p Policy>,
    /// The resource's own.
    pub resource: Option<&'p Policy>,
    /// The permissions boundary.
    pub boundary: Vec<&'p Policy>,
    /// Those passed with the session.
    pub session: Vec<&'p Policy>,
    /// Those of the VPC endpoint.
    pub vpc_endpoint: Vec<&'p Policy>,
    /// SCPs, from the root to the account. Every level has to allow.
    pub scp: Vec<Level<'p>>,
    /// RCPs, from the root to the account. Every level has to allow.
    pub rcp: Vec<Level<'p>>,
    /// Layers with policies that could not be read, so that they might allow or deny anything.
    pub unread: Vec<Unread>,
}

/// A layer of which a policy could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Unread {
    /// The layer.
    pub layer: Layer,
    /// Whether the policy might deny: AWS's own policies for roles only allow.
    pub may_deny: bool,
}
