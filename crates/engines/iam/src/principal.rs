//! Who asks, and whether a statement names them.

use std::fmt;
use std::sync::Arc;

use ringwall_model::Arn;

use crate::assumption::{Assumption, Notes};
use crate::context::Context;
use crate::policy::{AwsPrincipalPattern, Effect, PrincipalElement, PrincipalPattern};

/// Who makes a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// A user, role, session or the root user of an account.
    Aws(AwsPrincipal),
    /// An AWS service on its own behalf, such as `pods.eks.amazonaws.com`.
    Service(Arc<str>),
    /// Somebody whom an identity provider vouches for: the provider's ARN, or its name.
    Federated(Arc<str>),
    /// Somebody without credentials.
    Anonymous,
}

/// A principal that an account knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwsPrincipal {
    arn: Arc<str>,
    account: Arc<str>,
    kind: AwsPrincipalKind,
}

/// What kind of principal an ARN names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AwsPrincipalKind {
    /// The account's root user.
    Root,
    /// A user, by its name without path.
    User(Arc<str>),
    /// A role, by its name without path: one of its sessions, of which the name is not told.
    Role(Arc<str>),
    /// A session of a role.
    Session {
        /// The role's name.
        role: Arc<str>,
        /// The session's name.
        session: Arc<str>,
    },
    /// A session of `sts:GetFederationToken`.
    FederatedUser(Arc<str>),
}

/// Why a text is no principal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no principal: {why}")]
pub struct InvalidPrincipal {
    text: String,
    why: String,
}

impl AwsPrincipal {
    /// Reads the ARN of a user, role, role session, federated user or root user.
    ///
    /// # Errors
    ///
    /// If the text is no ARN, or the ARN of something that makes no requests.
    pub fn parse(text: &Arc<str>) -> Result<Self, InvalidPrincipal> {
        let invalid =
            |why: &str| InvalidPrincipal { text: text.chars().take(128).collect(), why: why.to_owned() };
        let arn: Arn =
            text.parse().map_err(|error: ringwall_model::InvalidArn| invalid(&error.to_string()))?;
        if !crate::policy::is_account(&arn.account) {
            return Err(invalid("the ARN has no account id of twelve digits"));
        }
        let last: Arc<str> = arn.name().into();
        let kind = match (arn.service.as_str(), arn.kind_and_rest()) {
            ("iam", None) if arn.resource == "root" => AwsPrincipalKind::Root,
            (_, Some((_, rest))) if rest.is_empty() || last.is_empty() => {
                return Err(invalid("the ARN has no name"));
            }
            ("iam", Some(("user", _))) => AwsPrincipalKind::User(last),
            ("iam", Some(("role", _))) => AwsPrincipalKind::Role(last),
            ("sts", Some(("assumed-role", rest))) => {
                let Some((role, session)) = rest.split_once('/').filter(|(role, _)| !role.is_empty()) else {
                    return Err(invalid("a session has a role and a name: assumed-role/ROLE/SESSION"));
                };
                AwsPrincipalKind::Session { role: role.into(), session: session.into() }
            }
            ("sts", Some(("federated-user", name))) => AwsPrincipalKind::FederatedUser(name.into()),
            _ => return Err(invalid("it is no user, role, session or root user")),
        };
        Ok(Self { arn: Arc::clone(text), account: arn.account.into(), kind })
    }

    /// Its ARN.
    pub fn arn(&self) -> &Arc<str> {
        &self.arn
    }

    /// Its account.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// What it is.
    pub fn kind(&self) -> &AwsPrincipalKind {
        &self.kind
    }

    /// The role, by name without path, if it is a role or one of its sessions.
    pub fn role(&self) -> Option<&str> {
        match &self.kind {
            AwsPrincipalKind::Role(role) | AwsPrincipalKind::Session { role, .. } => Some(role),
            _ => None,
        }
    }

    /// Whether it is a role that a service made for itself, which no SCP and no RCP limits.
    ///
    /// Source: AWS Organizations User Guide, *Service control policies*, "SCPs do not affect any service-linked role";
    /// IAM User Guide, *Service-linked roles*: their path is `/aws-service-role/`, their names begin with `AWSServiceRoleFor`.
    pub fn is_service_linked(&self) -> bool {
        match &self.kind {
            AwsPrincipalKind::Role(_) => self.arn.contains(":role/aws-service-role/"),
            // The ARN of a session tells no path.
            AwsPrincipalKind::Session { role, .. } => role.starts_with("AWSServiceRoleFor"),
            _ => false,
        }
    }

    /// Adds what the principal itself tells of the request.
    ///
    /// Source: AWS IAM User Guide, *AWS global condition context keys*, "Properties of the principal".
    fn complete(&self, context: &mut Context) {
        let partition = self.arn.split(':').nth(1).unwrap_or("aws");
        let arn: Arc<str> = match &self.kind {
            AwsPrincipalKind::Session { role, .. } => {
                format!("arn:{partition}:iam::{}:role/{role}", self.account).into()
            }
            _ => Arc::clone(&self.arn),
        };
        context.complete("aws:PrincipalArn", arn);
        context.complete("aws:PrincipalAccount", Arc::clone(&self.account));
        let kind = match &self.kind {
            AwsPrincipalKind::Root => "Account",
            AwsPrincipalKind::User(name) => {
                context.complete("aws:username", Arc::clone(name));
                "User"
            }
            AwsPrincipalKind::Role(_) | AwsPrincipalKind::Session { .. } => "AssumedRole",
            AwsPrincipalKind::FederatedUser(_) => "FederatedUser",
        };
        context.complete("aws:PrincipalType", kind);
    }
}

impl Principal {
    /// The account, for a principal that has one.
    pub fn account(&self) -> Option<&str> {
        self.aws().map(AwsPrincipal::account)
    }

    /// The principal, if an account knows it.
    pub fn aws(&self) -> Option<&AwsPrincipal> {
        match self {
            Self::Aws(principal) => Some(principal),
            _ => None,
        }
    }

    /// Adds what the principal itself tells of the request.
    pub(crate) fn complete(&self, context: &mut Context) {
        match self {
            Self::Aws(principal) => principal.complete(context),
            Self::Service(name) => context.complete("aws:PrincipalServiceName", Arc::clone(name)),
            Self::Federated(_) => {}
            Self::Anonymous => context.complete("aws:PrincipalType", "Anonymous"),
        }
        let is_service = if matches!(self, Self::Service(_)) { "true" } else { "false" };
        context.complete("aws:PrincipalIsAWSService", is_service);
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Aws(principal) => f.write_str(&principal.arn),
            Self::Service(name) => write!(f, "service {name}"),
            Self::Federated(name) => write!(f, "identity provider {name}"),
            Self::Anonymous => f.write_str("anybody"),
        }
    }
}

/// How a statement names a principal, from the least to the most direct.
///
/// Source: AWS IAM User Guide, *Evaluating identity-based policies with resource-based policies*: what a policy gives to
/// a user, to a session or to everybody needs nothing else in the same account; what it gives to a role is limited by the
/// permissions boundary and the session's policies; what it gives to an account, the account's own policies hand on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Named {
    ByAccount,
    ByRole,
    Directly,
}

/// What a `Principal` element is compared with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller<'a> {
    pub(crate) principal: &'a Principal,
    pub(crate) context: &'a Context,
    /// Whether a permissions boundary limits the principal.
    pub(crate) has_boundary: bool,
}

/// Whether a `Principal` or `NotPrincipal` element takes in the principal of a request, and how.
pub(crate) fn named<'p>(
    element: &'p PrincipalElement,
    effect: Effect,
    caller: Caller<'_>,
    notes: &mut Notes<'p>,
) -> Option<Named> {
    let Caller { principal, context, has_boundary } = caller;
    let patterns = || element.patterns.iter().map(|(pattern, _)| pattern);
    for pattern in patterns() {
        if let PrincipalPattern::CanonicalUser(id) = pattern {
            notes.add(Assumption::CanonicalUser(id));
        }
    }
    if !element.negated {
        return patterns().filter_map(|pattern| pattern.names(principal, context)).max();
    }
    let listed: Vec<Named> = patterns().filter_map(|pattern| pattern.names(principal, context)).collect();
    let everybody = patterns().any(|pattern| *pattern == PrincipalPattern::Everybody);
    let excepted = match effect {
        Effect::Allow => !listed.is_empty(),
        // "The NotPrincipal element with a Deny effect will always deny any IAM principal that has a permissions boundary
        // attached, regardless of the values specified".
        Effect::Deny if has_boundary => false,
        Effect::Deny => everybody || is_spared(principal, &listed),
    };
    (!excepted).then_some(Named::Directly)
}

/// Whether a Deny with `NotPrincipal` spares a principal: itself has to be listed, and its account too.
///
/// Source: AWS IAM User Guide, *AWS JSON policy elements: NotPrincipal*: "you must also specify the account ARN of the
/// not-denied principal"; for a session, the ARN of its role.
fn is_spared(principal: &Principal, listed: &[Named]) -> bool {
    let has = |named| listed.contains(&named);
    match principal.aws().map(AwsPrincipal::kind) {
        None | Some(AwsPrincipalKind::Root) => has(Named::Directly),
        Some(AwsPrincipalKind::User(_) | AwsPrincipalKind::FederatedUser(_)) => {
            has(Named::Directly) && has(Named::ByAccount)
        }
        Some(AwsPrincipalKind::Role(_) | AwsPrincipalKind::Session { .. }) => {
            has(Named::ByRole) && has(Named::ByAccount)
        }
    }
}

impl PrincipalPattern {
    fn names(&self, principal: &Principal, context: &Context) -> Option<Named> {
        match (self, principal) {
            (Self::Everybody, _) => Some(Named::Directly),
            (Self::Aws(pattern), Principal::Aws(principal)) => pattern.names(principal, context),
            (Self::Service(wanted), Principal::Service(name)) => {
                (wanted == name || &**wanted == "*").then_some(Named::Directly)
            }
            (Self::Federated(wanted), Principal::Federated(name)) => {
                (wanted == name || &**wanted == "*").then_some(Named::Directly)
            }
            _ => None,
        }
    }
}

impl AwsPrincipalPattern {
    fn names(&self, principal: &AwsPrincipal, context: &Context) -> Option<Named> {
        use AwsPrincipalKind as Kind;
        let same = |account: &Arc<str>| **account == *principal.account;
        match (self, &principal.kind) {
            (Self::Account(account), Kind::Root) => same(account).then_some(Named::Directly),
            (Self::Account(account), _) => same(account).then_some(Named::ByAccount),
            (Self::Role { account, name }, Kind::Role(role) | Kind::Session { role, .. }) => {
                (same(account) && name == role).then_some(Named::ByRole)
            }
            (Self::Session { account, role, session }, Kind::Session { role: own, session: name }) => {
                (same(account) && role == own && session == name).then_some(Named::Directly)
            }
            (Self::User { account, name }, Kind::User(user)) => {
                (same(account) && name == user).then_some(Named::Directly)
            }
            (Self::FederatedUser { account, name }, Kind::FederatedUser(user)) => {
                (same(account) && name == user).then_some(Named::Directly)
            }
            (Self::UniqueId(id), kind) => {
                let [own] = context.named("aws:userid")? else { return None };
                let is_role = matches!(kind, Kind::Role(_) | Kind::Session { .. });
                match own.split_once(':') {
                    _ if own == id => Some(Named::Directly),
                    Some((role, _)) if is_role && *role == **id => Some(Named::ByRole),
                    _ => None,
                }
            }
            (Self::Other(arn), _) => (*arn == principal.arn).then_some(Named::Directly),
            _ => None,
        }
    }
}
