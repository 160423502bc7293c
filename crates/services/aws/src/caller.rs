//! Who makes a call.

use std::collections::BTreeMap;
use std::sync::Arc;

use ringwall_iam::{AwsPrincipal, Policy, Principal};

use crate::error::{ApiError, Result};
use crate::sts::session::Session;

/// Who makes a call, as its credentials show.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// For the engine.
    pub(crate) principal: Principal,
    /// ARN, as `GetCallerIdentity` tells it; empty for nobody.
    pub(crate) arn: Arc<str>,
    /// Account id, empty for nobody.
    pub(crate) account: Arc<str>,
    /// `aws:userid`: `AIDA…`, `AROA…:session`, or the account id for root.
    pub(crate) user_id: Arc<str>,
    /// What kind of identity it is.
    pub(crate) identity: Identity,
    /// The access key id that signed.
    pub(crate) access_key: Arc<str>,
    /// The session, for temporary credentials.
    pub(crate) session: Option<Arc<Session>>,
    /// `aws:PrincipalTag/…`: the principal's own tags, and over them the session's.
    pub(crate) tags: BTreeMap<String, String>,
    /// The policies that count on the principal's side.
    pub(crate) policies: PrincipalPolicies,
}

/// What kind of identity a caller is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Identity {
    /// The account's root user.
    Root,
    /// A user, by name.
    User(Arc<str>),
    /// A session of a role.
    Session {
        /// The role's ARN, with its path.
        role_arn: Arc<str>,
        /// The role's unique id.
        role_id: Arc<str>,
        /// The role's name.
        role: Arc<str>,
    },
    /// Whom a token of an identity provider vouches for, before it has a session.
    Federated {
        /// The provider's ARN.
        provider: Arc<str>,
        /// The token's subject.
        subject: Arc<str>,
        /// The token's audience.
        audience: Arc<str>,
    },
    /// An AWS service on its own behalf.
    Service(Arc<str>),
    /// Nobody that is known: an unsigned call.
    Nobody,
}

/// Policies on the principal's side of a decision.
#[derive(Clone, Debug, Default)]
pub(crate) struct PrincipalPolicies {
    /// The principal's own and its groups'.
    pub(crate) identity: Vec<Arc<Policy>>,
    /// Its permissions boundary.
    pub(crate) boundary: Vec<Arc<Policy>>,
    /// Those passed with its session.
    pub(crate) session: Vec<Arc<Policy>>,
    /// Whether a policy among these could not be read, so that nothing can be allowed.
    pub(crate) unread: bool,
}

impl Caller {
    /// An unsigned call.
    pub(crate) fn nobody() -> Self {
        Self::without_account(Principal::Anonymous, Identity::Nobody)
    }

    /// Whom a token of an identity provider vouches for.
    pub(crate) fn web_identity(provider: &Arc<str>, subject: &str, audience: &str) -> Self {
        let identity = Identity::Federated {
            provider: Arc::clone(provider),
            subject: subject.into(),
            audience: audience.into(),
        };
        Self::without_account(Principal::Federated(Arc::clone(provider)), identity)
    }

    /// An AWS service on its own behalf.
    pub(crate) fn service(name: &str) -> Self {
        let name: Arc<str> = name.into();
        Self::without_account(Principal::Service(Arc::clone(&name)), Identity::Service(name))
    }

    fn without_account(principal: Principal, identity: Identity) -> Self {
        Self {
            principal,
            arn: Arc::default(),
            account: Arc::default(),
            user_id: Arc::default(),
            identity,
            access_key: Arc::default(),
            session: None,
            tags: BTreeMap::new(),
            policies: PrincipalPolicies::default(),
        }
    }

    /// The name that messages use: the ARN, or what else is known.
    pub(crate) fn shown(&self) -> &str {
        match &self.identity {
            Identity::Federated { subject, .. } => subject,
            Identity::Service(name) => name,
            Identity::Nobody => "anonymous",
            _ => &self.arn,
        }
    }
}

/// The principal of an ARN that was made here.
pub(crate) fn principal(arn: &Arc<str>) -> Result<Principal> {
    AwsPrincipal::parse(arn).map(Principal::Aws).map_err(|error| ApiError::internal(&error))
}
