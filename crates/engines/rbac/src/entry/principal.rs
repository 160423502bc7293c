use ringwall_model::Arn;

use super::scope::wildcard;

/// Partitions that the authenticator knows.
///
/// Source: aws-iam-authenticator 81b1daba, `pkg/endpoints/partitions.go`.
pub(super) const PARTITIONS: [&str; 8] =
    ["aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc"];

/// Who knocks: what `sts get-caller-identity` tells of them, or as much of it as is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller<'a> {
    /// ARN of an IAM user, a role, a role's session, a federated user or an account's root user. A role
    /// stands for all of its sessions.
    pub arn: Arn,
    /// Unique id (`AROA…`, `AIDA…`), without the session's name.
    pub unique_id: Option<&'a str>,
    /// Access key id, for `{{AccessKeyID}}`.
    pub access_key_id: Option<&'a str>,
    /// Private DNS name of the EC2 instance that the session is named after, for `{{EC2PrivateDNSName}}`.
    pub private_dns_name: Option<&'a str>,
}

impl Caller<'_> {
    /// A caller of whom the ARN alone is known.
    pub fn new(arn: Arn) -> Self {
        Self { arn, unique_id: None, access_key_id: None, private_dns_name: None }
    }
}

/// What kind of principal an ARN names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PrincipalKind {
    User,
    Role,
    Session,
    FederatedUser,
    Root,
}

impl PrincipalKind {
    /// The kind that the authenticator would see; why it refuses the ARN otherwise.
    ///
    /// Source: aws-iam-authenticator 81b1daba, `pkg/arn/arn.go`, `Canonicalize`.
    pub(super) fn of(arn: &Arn) -> Result<Self, String> {
        if !PARTITIONS.contains(&&*arn.partition) {
            return Err(format!(
                "the partition `{}` of `{arn}` is not one that the authenticator knows",
                arn.partition
            ));
        }
        let mut parts = arn.resource.split('/');
        let kind = parts.next().unwrap_or_default();
        match (&*arn.service, kind) {
            ("sts", "federated-user") => Ok(Self::FederatedUser),
            ("sts", "assumed-role") if parts.count() >= 2 => Ok(Self::Session),
            ("sts", "assumed-role") => Err(format!("`{arn}` names no session")),
            ("iam", "role") => Ok(Self::Role),
            ("iam", "user") => Ok(Self::User),
            ("iam", "root") => Ok(Self::Root),
            _ => Err(format!("`{arn}` is neither a user, a role nor a session")),
        }
    }
}

/// Whom a mapping matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Matcher {
    /// The canonical ARN that folds to this.
    Exact(String),
    /// Canonical ARNs that fold to something that begins with this and has more: an `sso` entry.
    Prefix(String),
    /// Canonical ARNs that fold to something that begins with this, the rest being the suffix that IAM Identity Center gives to
    /// the role of a permission set.
    PermissionSet(String),
    /// Canonical ARNs that fold to this head and a resource like this, `*` standing for any text and `?` for one byte.
    Like {
        /// `arn:PARTITION:iam::ACCOUNT:`.
        head: String,
        /// As `role/dev-*`.
        resource: String,
    },
    /// Whoever has this unique id.
    Id(String),
    /// Whoever else is of this account.
    Account(String),
    /// Nobody.
    Nobody,
}

impl Matcher {
    /// Whether it matches a caller's folded canonical ARN, account and unique id.
    pub(super) fn matches(&self, folded: &str, account: &str, unique_id: Option<&str>) -> bool {
        match self {
            Self::Exact(key) => key == folded,
            // The pattern ends in `_*`, and `*` matches nothing at all too.
            Self::Prefix(prefix) => folded.starts_with(prefix.as_str()),
            // Names of sets may have a `_` and suffixes have none, so the last one divides the two.
            Self::PermissionSet(prefix) => folded.strip_prefix(prefix.as_str()).is_some_and(|suffix| {
                !suffix.is_empty() && suffix.bytes().all(|byte| byte.is_ascii_alphanumeric())
            }),
            Self::Like { head, resource } => folded
                .strip_prefix(head.as_str())
                .is_some_and(|rest| wildcard(resource.as_bytes(), rest.as_bytes())),
            Self::Id(id) => unique_id == Some(id),
            Self::Account(id) => id == account,
            Self::Nobody => false,
        }
    }
}

/// The ARN by which the authenticator looks a caller up, in its own case.
///
/// A session becomes its role. So does a role itself, which never calls but stands for its sessions in
/// questions: STS's ARNs of sessions carry no path.
pub(super) fn canonical(arn: &Arn, kind: PrincipalKind) -> String {
    match kind {
        PrincipalKind::Session => {
            let role = arn.resource.split_once('/').map_or("", |(_, rest)| rest);
            let role = role.rsplit_once('/').map_or(role, |(role, _)| role);
            role_arn(arn, role)
        }
        PrincipalKind::Role => role_arn(arn, arn.name()),
        PrincipalKind::User | PrincipalKind::FederatedUser | PrincipalKind::Root => arn.to_string(),
    }
}

/// The ARN by which mappings name a caller, given the one that STS has for it: of a role's session that of the role, of
/// others their own.
///
/// # Errors
///
/// It is no caller's ARN, in words.
pub fn canonical_arn(arn: &Arn) -> Result<String, String> {
    PrincipalKind::of(arn).map(|kind| canonical(arn, kind))
}

fn role_arn(arn: &Arn, role: &str) -> String {
    format!("arn:{}:iam::{}:role/{role}", arn.partition, arn.account)
}

/// The session's name: for a session, and for a federated user, whose `UserId` is `account:name`.
pub(super) fn session_name(arn: &Arn, kind: PrincipalKind) -> Option<&str> {
    matches!(kind, PrincipalKind::Session | PrincipalKind::FederatedUser).then(|| arn.name())
}

/// A text folded for comparison, as Go's `strings.EqualFold` compares with an ASCII text.
///
/// `ſ` and the Kelvin sign fold to `s` and `k`: a mapping written with them matches the ASCII principal.
pub(super) fn fold(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).map(|c| if c == 'ſ' { 's' } else { c }).collect()
}
