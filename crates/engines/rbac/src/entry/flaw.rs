use ringwall_model::{Severity, Source};

/// What is wrong with, or worth knowing of, a mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// Which flaw this is.
    pub kind: FlawKind,
    /// What it is here, in one line, with the value in backticks.
    pub text: String,
    /// How bad it is here.
    pub severity: Severity,
    /// Whether it keeps the mapping from ever taking effect.
    pub never: bool,
    /// Where it is written.
    pub source: Source,
}

/// The kinds of [`Flaw`]; each is a check with a stable id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum FlawKind {
    /// A role ARN with a path in aws-auth.
    RolePath,
    /// A key of aws-auth's `data` that the authenticator does not read.
    UnreadKey,
    /// A group with white space in it.
    GluedGroup,
    /// A user name or group that is Kubernetes' or AWS's own.
    ReservedName,
    /// An access entry that is older than its principal.
    RecreatedPrincipal,
    /// The same principal twice in one list.
    Duplicate,
    /// A principal that something searched earlier maps too.
    Shadowed,
    /// The authentication mode does not read this list.
    IgnoredMode,
    /// Callers choose their user name or group by their session's name.
    SessionName,
    /// The principal is not in the account.
    MissingPrincipal,
    /// Every principal of an account gets in.
    WholeAccount,
    /// The group `system:masters`.
    Masters,
    /// The access policy `AmazonEKSClusterAdminPolicy` for the whole cluster.
    ClusterAdmin,
    /// An access policy whose rules are not known.
    UnknownPolicy,
    /// An access scope that is not known or holds nowhere.
    UnknownScope,
    /// An entry, or a part of one, that can't be read.
    BadEntry,
    /// An ARN of a partition other than the cluster's.
    BadPartition,
    /// A principal of an account other than the cluster's.
    OtherAccount,
    /// An IAM Identity Center permission set (`sso`).
    Sso,
    /// A node's template without a node's group, or the reverse.
    NodeTemplate,
    /// A federated user.
    Federated,
    /// The ARN of a session, which no caller has after canonicalisation.
    SessionArn,
    /// A wildcard, where none is understood.
    Wildcard,
    /// Something that no caller can be.
    NotAPrincipal,
}

impl FlawKind {
    /// All kinds, in the order of their declaration.
    pub const ALL: [Self; 24] = [
        Self::RolePath,
        Self::UnreadKey,
        Self::GluedGroup,
        Self::ReservedName,
        Self::RecreatedPrincipal,
        Self::Duplicate,
        Self::Shadowed,
        Self::IgnoredMode,
        Self::SessionName,
        Self::MissingPrincipal,
        Self::WholeAccount,
        Self::Masters,
        Self::ClusterAdmin,
        Self::UnknownPolicy,
        Self::UnknownScope,
        Self::BadEntry,
        Self::BadPartition,
        Self::OtherAccount,
        Self::Sso,
        Self::NodeTemplate,
        Self::Federated,
        Self::SessionArn,
        Self::Wildcard,
        Self::NotAPrincipal,
    ];

    /// The stable id of the check.
    pub fn check(self) -> &'static str {
        match self {
            Self::RolePath => "mapping-role-path",
            Self::UnreadKey => "mapping-unread-key",
            Self::GluedGroup => "mapping-glued-group",
            Self::ReservedName => "mapping-reserved-name",
            Self::RecreatedPrincipal => "mapping-recreated-principal",
            Self::Duplicate => "mapping-duplicate",
            Self::Shadowed => "mapping-shadowed",
            Self::IgnoredMode => "mapping-ignored-mode",
            Self::SessionName => "mapping-session-name",
            Self::MissingPrincipal => "mapping-missing-principal",
            Self::WholeAccount => "mapping-whole-account",
            Self::Masters => "mapping-masters",
            Self::ClusterAdmin => "mapping-cluster-admin",
            Self::UnknownPolicy => "mapping-unknown-policy",
            Self::UnknownScope => "mapping-unknown-scope",
            Self::BadEntry => "mapping-bad-entry",
            Self::BadPartition => "mapping-bad-partition",
            Self::OtherAccount => "mapping-other-account",
            Self::Sso => "mapping-sso",
            Self::NodeTemplate => "mapping-node-template",
            Self::Federated => "mapping-federated",
            Self::SessionArn => "mapping-session-arn",
            Self::Wildcard => "mapping-wildcard",
            Self::NotAPrincipal => "mapping-not-a-principal",
        }
    }

    /// What should hold, in one line.
    pub fn title(self) -> &'static str {
        match self {
            Self::RolePath => "role ARNs in aws-auth have no path",
            Self::UnreadKey => "aws-auth has no keys but mapRoles, mapUsers and mapAccounts",
            Self::GluedGroup => "groups have no white space",
            Self::ReservedName => "mappings use no name that Kubernetes or AWS keeps for itself",
            Self::RecreatedPrincipal => "access entries are younger than their principals",
            Self::Duplicate => "each principal is mapped once",
            Self::Shadowed => "no mapping is hidden by one that is searched earlier",
            Self::IgnoredMode => "the authentication mode reads what is written",
            Self::SessionName => "callers don't choose their user name or groups",
            Self::MissingPrincipal => "mapped principals exist",
            Self::WholeAccount => "no account is let in as a whole",
            Self::Masters => "nobody is in the group system:masters",
            Self::ClusterAdmin => "nobody holds AmazonEKSClusterAdminPolicy for the whole cluster for good",
            Self::UnknownPolicy => "the rules of every access policy are known",
            Self::UnknownScope => "every access scope is known and holds somewhere",
            Self::BadEntry => "every entry can be read",
            Self::BadPartition => "principals are of the cluster's partition",
            Self::OtherAccount => "principals are of the cluster's account",
            Self::Sso => "permission sets are mapped by means that EKS documents",
            Self::NodeTemplate => "node names and node groups go together",
            Self::Federated => "principals are IAM users and roles",
            Self::SessionArn => "principals are roles, not their sessions",
            Self::Wildcard => "principals have no wildcards",
            Self::NotAPrincipal => "principals are ARNs of IAM users and roles",
        }
    }

    /// What to do about it.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::RolePath => {
                "remove the path from `rolearn`, or use an access entry, which takes ARNs with a path"
            }
            Self::UnreadKey => "write the key exactly as `mapRoles`, `mapUsers` or `mapAccounts`",
            Self::GluedGroup => "write one group a line, each with its own `- ` at the same indentation",
            Self::ReservedName => "choose a name with a prefix of your own, as `team:deployer`",
            Self::RecreatedPrincipal => {
                "delete the access entry and create it again: it is bound to the old principal's unique id"
            }
            Self::Duplicate => "keep one entry with all of the groups",
            Self::Shadowed => "remove the hidden entry, after its groups are on the one that counts",
            Self::IgnoredMode => {
                "remove what is not read, or move it to where the authentication mode reads it"
            }
            Self::SessionName => {
                "put a prefix with a colon before the session's name, as `team:{{SessionName}}`, and none of it in groups"
            }
            Self::MissingPrincipal => "remove the mapping, or correct the ARN",
            Self::WholeAccount => "map the principals that need access, one by one, and remove the account",
            Self::Masters => {
                "map to a group of your own and bind that to the ClusterRole it needs; keep system:masters for break-glass roles"
            }
            Self::ClusterAdmin => {
                "give an access policy with the rights that are needed, or limit the scope to namespaces; keep it for break-glass roles"
            }
            Self::UnknownPolicy => "look up the policy's permissions in the EKS user guide",
            Self::UnknownScope => "set the scope to `cluster`, or to `namespace` with at least one namespace",
            Self::BadEntry => "correct the entry; values are strings, `groups` is a list of strings",
            Self::BadPartition => "write the ARN with the cluster's partition",
            Self::OtherAccount => "check that the other account is yours, and who there may assume the role",
            Self::Sso => "map the permission set's role by an access entry, or by `rolearn` without its path",
            Self::NodeTemplate => {
                "give node roles the user name `system:node:{{EC2PrivateDNSName}}` with the groups `system:bootstrappers` and `system:nodes`, and nobody else"
            }
            Self::Federated => "let federated users assume a role, and map the role",
            Self::SessionArn => "map the role: `arn:aws:iam::ACCOUNT:role/NAME`",
            Self::Wildcard => "map each principal by its full ARN",
            Self::NotAPrincipal => "write the ARN of an IAM user or role",
        }
    }
}
