use std::sync::Arc;

use ringwall_model::Arn;

/// One principal of a `Principal` element.
///
/// Source: AWS IAM User Guide, *AWS JSON policy elements: Principal*.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PrincipalPattern {
    /// `"*"`, and `{"AWS": "*"}`, which is the same.
    Everybody,
    Aws(AwsPrincipalPattern),
    /// A service principal; `*` for all of them.
    Service(Arc<str>),
    /// An identity provider.
    Federated(Arc<str>),
    /// The canonical id of an account, which S3 and CloudFront take.
    CanonicalUser(Arc<str>),
}

/// What the values under `AWS` name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AwsPrincipalPattern {
    /// An account, by its id or as `arn:aws:iam::111122223333:root`.
    Account(Arc<str>),
    /// A role with all its sessions: account, and name without path.
    Role { account: Arc<str>, name: Arc<str> },
    /// One session of a role.
    Session { account: Arc<str>, role: Arc<str>, session: Arc<str> },
    /// A user: account, and name without path.
    User { account: Arc<str>, name: Arc<str> },
    /// A session of `sts:GetFederationToken`.
    FederatedUser { account: Arc<str>, name: Arc<str> },
    /// The unique id of a user or role that was deleted, or that was written so.
    UniqueId(Arc<str>),
    /// Another kind of principal that AWS knows, compared by its whole ARN.
    Other(Arc<str>),
}

/// Whether a text is an account id.
pub(crate) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

impl AwsPrincipalPattern {
    /// Reads a value under `AWS`; the error says what is wrong with it.
    pub(crate) fn parse(text: &Arc<str>) -> Result<Self, &'static str> {
        if is_account(text) {
            return Ok(Self::Account(Arc::clone(text)));
        }
        if is_unique_id(text) {
            return Ok(Self::UniqueId(Arc::clone(text)));
        }
        if text.contains(['*', '?']) {
            return Err("a principal has no wildcards, but for `*` alone");
        }
        let arn: Arn = text.parse().map_err(|_| "it is no ARN, no account id and no unique id")?;
        if arn.account == "cloudfront" && arn.service == "iam" {
            // An origin access identity: Amazon CloudFront Developer Guide, *Restrict access to an S3 origin*.
            return Ok(Self::Other(Arc::clone(text)));
        }
        if !is_account(&arn.account) {
            return Err("the ARN has no account id of twelve digits");
        }
        let account: Arc<str> = arn.account.as_str().into();
        let last = |text: &str| Arc::from(text.rsplit('/').next().unwrap_or_default());
        let parts: Vec<&str> = arn.resource.split('/').collect();
        Ok(match (arn.service.as_str(), parts.as_slice()) {
            ("iam", ["root"]) => Self::Account(account),
            ("iam", ["role", .., name]) if !name.is_empty() => Self::Role { account, name: last(name) },
            ("iam", ["user", .., name]) if !name.is_empty() => Self::User { account, name: last(name) },
            ("iam", ["group", ..]) => return Err("a group is no principal: name its users, or a role"),
            ("sts", ["assumed-role", role, session]) => {
                Self::Session { account, role: (*role).into(), session: (*session).into() }
            }
            ("sts", ["federated-user", name]) => Self::FederatedUser { account, name: (*name).into() },
            ("iam" | "sts", _) => Self::Other(Arc::clone(text)),
            _ => return Err("it is neither an account, a role, a user nor a session"),
        })
    }
}

/// `AIDA…` of a user and `AROA…` of a role, as IAM shows principals that were deleted.
///
/// Source: AWS IAM User Guide, *IAM identifiers*, "Understanding unique ID prefixes".
fn is_unique_id(text: &str) -> bool {
    let id = text.split_once(':').map_or(text, |(id, _)| id);
    (text.starts_with("AIDA") || text.starts_with("AROA"))
        && id.len() > 4
        && id.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}
