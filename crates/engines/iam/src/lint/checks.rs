//! The checks, each with the document of AWS that it rests on.

use std::fmt;
use std::str::FromStr;

/// How bad a finding is, in the order of its weight. The names are those of Access Analyzer's finding types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// Worth tidying: it means the same without.
    Suggestion,
    /// It may mean something else than its author thinks.
    Warning,
    /// It allows more, or denies less, than it seems.
    Security,
    /// AWS refuses it, or it can never do what it is written for.
    Error,
}

impl Level {
    /// All levels, the mildest first.
    pub const ALL: [Self; 4] = [Self::Suggestion, Self::Warning, Self::Security, Self::Error];

    /// The level's name in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Suggestion => "suggestion",
            Self::Warning => "warning",
            Self::Security => "security",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Level {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let level = Self::ALL.into_iter().find(|level| level.name() == text);
        level.ok_or_else(|| format!("`{text}` is not a level: suggestion, warning, security or error"))
    }
}

/// A check: its stable id, and the level of its findings unless a finding says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Check {
    /// The id.
    pub id: &'static str,
    /// The level.
    pub level: Level,
}

impl Check {
    /// The same check, with findings of another level.
    pub(super) fn at(self, level: Level) -> Self {
        Self { level, ..self }
    }
}

macro_rules! checks {
    ($($(#[doc = $doc:literal])+ $name:ident = $level:ident $id:literal;)+) => {
        $($(#[doc = $doc])+ pub const $name: Check = Check { id: $id, level: Level::$level };)+

        /// Every check.
        pub const ALL: &[Check] = &[$($name),+];
    };
}

checks! {
    /// AWS refuses the document. Source: *Grammar of the IAM JSON policy language*; check reference, the errors.
    REFUSED = Error "refused";
    /// Characters that IAM refuses in any policy. Source: *IAM and AWS STS quotas*, "IAM name requirements".
    CHARACTER = Error "character";
    /// Longer than AWS takes it. Source: *IAM and AWS STS quotas*, "IAM and STS character limits"; AWS Organizations User
    /// Guide, *Quotas*; AWS PrivateLink Guide, *Quotas*.
    SIZE = Error "size";
    /// Without `Version`, or with that of 2008. Source: check reference, "Missing version".
    VERSION_OLD = Suggestion "version-old";
    /// Two statements of one `Sid`, which services other than IAM take. Source: check reference, "Unique Sids
    /// recommended".
    SID_TWICE = Warning "sid-twice";
    /// A list without items. Source: check reference, "Empty array action", "Empty array condition", "Empty array
    /// resource", "Empty object condition", "Empty object principal".
    EMPTY = Error "empty";

    /// Several actions in one string. Source: *IAM JSON policy elements: Action*, lists.
    ACTION_SEVERAL = Error "action-several";
    /// An action without its service. Source: check reference, "Missing service".
    ACTION_NO_SERVICE = Error "action-no-service";
    /// Wildcards before the colon of an action. Source: *IAM JSON policy elements: Action*: wildcards stand in the
    /// action's name.
    ACTION_SERVICE_WILDCARD = Error "action-service-wildcard";
    /// A service that AWS doesn't have. Source: check reference, "Invalid service in action".
    SERVICE_UNKNOWN = Error "service-unknown";
    /// An action that AWS doesn't have, or a pattern of none. Source: check reference, "Invalid action".
    ACTION_UNKNOWN = Error "action-unknown";
    /// A variable where none is replaced. Source: *IAM policy elements: variables and tags*, "Where you can use policy
    /// variables".
    ACTION_VARIABLE = Error "action-variable";
    /// An action that another one of its statement includes. Source: check reference, "Redundant action".
    ACTION_COVERED = Suggestion "action-covered";

    /// No ARN where only ARNs match. Source: check reference, "Invalid ARN prefix".
    RESOURCE_NOT_ARN = Error "resource-not-arn";
    /// White space around a resource, which is part of it. Source: *IAM JSON policy elements: Resource*.
    RESOURCE_BLANK = Error "resource-blank";
    /// Too few parts for an ARN. Source: check reference, "Missing ARN field".
    ARN_PARTS = Error "arn-parts";
    /// A partition that AWS doesn't have. Source: check reference, "Invalid partition".
    ARN_PARTITION = Error "arn-partition";
    /// Upper case where ARNs have lower case. Source: check reference, "Invalid ARN service case".
    ARN_CASE = Error "arn-case";
    /// An account id that is none. Source: check reference, "Invalid ARN account".
    ARN_ACCOUNT = Error "arn-account";
    /// An action that acts on none of its statement's resources. Source: Service Authorization Reference, the resource
    /// types of each action; check reference, "Unsupported resource ARN in policy".
    RESOURCE_MISMATCH = Error "resource-mismatch";
    /// A resource on which no action of its statement acts. Source: the same.
    RESOURCE_UNUSED = Suggestion "resource-unused";
    /// A resource that another one of its statement includes. Source: check reference, "Redundant resource".
    RESOURCE_COVERED = Suggestion "resource-covered";

    /// A variable in a policy whose version has none. Source: *IAM policy elements: variables and tags*, "Using
    /// variables in policies".
    VARIABLE_LITERAL = Error "variable-literal";
    /// Something like a variable that is none. Source: the same, "Specifying default values".
    VARIABLE_BROKEN = Error "variable-broken";
    /// A variable of a key that AWS doesn't have. Source: the same, "Request information that you can use".
    VARIABLE_UNKNOWN = Error "variable-unknown";
    /// A variable of a key with several values. Source: the same: only keys with one value are variables.
    VARIABLE_SEVERAL = Error "variable-several";
    /// A variable of a key that may be absent, which then takes a Deny away or widens an Allow. Source: the same: without
    /// a value or default the text matches nothing.
    VARIABLE_ABSENT = Security "variable-absent";
    /// A variable in a value of an operator that replaces none. Source: check reference, "Invalid variable for operator".
    VARIABLE_OPERATOR = Error "variable-operator";

    /// A key that AWS doesn't have. Source: check reference, "Invalid global condition key", "Invalid service condition
    /// key", "Invalid condition key format".
    KEY_UNKNOWN = Error "key-unknown";
    /// A key that no action of the statement has. Source: Service Authorization Reference, the condition keys of each
    /// action and resource type.
    KEY_OF_NO_ACTION = Error "key-of-no-action";
    /// A key that some action of the statement lacks. Source: the same.
    KEY_OF_SOME_ACTIONS = Warning "key-of-some-actions";

    /// Wildcards in a value that is compared as it stands. Source: *Condition operators*, "String condition operators".
    WILDCARD_EQUALS = Error "wildcard-equals";
    /// A value that is not of the operator's type. Source: check reference, "Data type mismatch".
    VALUE_TYPE = Error "value-type";
    /// An operator for another type than the key's. Source: check reference, "Invalid condition data type".
    OPERATOR_TYPE = Error "operator-type";
    /// `true` and `false` at once. Source: check reference, "Invalid condition multiple Boolean".
    BOOL_BOTH = Error "bool-both";
    /// A private address range for a key that has public addresses. Source: check reference, "Private IP address",
    /// "Private NotIpAddress".
    IP_PRIVATE = Error "ip-private";
    /// A set operator on a key with one value. Source: check reference, "ForAllValues with single valued key" and
    /// *Single-valued vs. multivalued context keys*.
    SET_ON_SINGLE = Warning "set-on-single";
    /// A key with several values without set operator. Source: check reference, "Missing qualifier".
    MULTI_WITHOUT_SET = Error "multi-without-set";
    /// A date that has passed. Source: *Condition operators*, "Date condition operators".
    DATE_PAST = Warning "date-past";

    /// `ForAllValues` in an Allow, which holds without the key. Source: *Single-valued vs. multivalued context keys*:
    /// "ForAllValues … evaluates to true if there are no context keys in the request".
    FOR_ALL_VALUES = Security "for-all-values";
    /// `…IfExists` in an Allow. Source: *Condition operators*, "…IfExists condition operators".
    IF_EXISTS = Security "if-exists";
    /// A negated operator in an Allow, which holds without the key. Source: *Condition operators*: "If the key that you
    /// specify in a policy condition is not present in the request context, the values do not match and … the negated
    /// condition is true".
    NEGATED_ABSENT = Security "negated-absent";
    /// `aws:MultiFactorAuthPresent`, which requests with long-term keys lack. Source: *AWS global condition context keys*,
    /// that key.
    MFA_ABSENT = Security "mfa-absent";
    /// Conditions that cannot hold together. Source: *Conditions with multiple context keys or values*: all of them have
    /// to hold.
    NEVER_HOLDS = Error "never-holds";

    /// Allow with `NotAction`. Source: check reference, "Allow with NotAction" and *NotAction*.
    ALLOW_NOT_ACTION = Security "allow-not-action";
    /// Allow with `NotResource`. Source: *IAM JSON policy elements: NotResource*.
    ALLOW_NOT_RESOURCE = Security "allow-not-resource";
    /// Allow with `NotPrincipal`. Source: check reference, "Allow with NotPrincipal".
    ALLOW_NOT_PRINCIPAL = Security "allow-not-principal";
    /// Deny with `NotPrincipal`. Source: *AWS JSON policy elements: NotPrincipal*.
    DENY_NOT_PRINCIPAL = Warning "deny-not-principal";
    /// `iam:PassRole` on every role. Source: check reference, "Pass role with star in resource".
    PASS_ROLE = Security "pass-role";
    /// `sts:AssumeRole` on every role. Source: IAM User Guide, *Grant a user permissions to switch roles*.
    ASSUME_ROLE = Security "assume-role";
    /// A principal that is everybody. Source: *AWS JSON policy elements: Principal*, "All principals".
    PRINCIPAL_EVERYBODY = Security "principal-everybody";
    /// A principal that was deleted. Source: *AWS JSON policy elements: Principal*, "IAM role principals".
    PRINCIPAL_DELETED = Warning "principal-deleted";
    /// A service that may act for anybody. Source: *The confused deputy problem*, "Cross-service confused deputy
    /// prevention".
    CONFUSED_DEPUTY = Security "confused-deputy";
    /// An action by which such a principal assumes no role. Source: AWS STS API Reference, the three actions.
    TRUST_ACTION = Error "trust-action";
    /// A role that any identity of an identity provider assumes. Source: *Create a role for OpenID Connect federation*;
    /// Amazon EKS User Guide, *IAM roles for service accounts*.
    OIDC_SUBJECT = Security "oidc-subject";

    /// What AWS refuses in resource control policies of customers. Source: AWS Organizations User Guide, *RCP syntax*.
    RCP_REFUSED = Error "rcp-refused";
    /// A service to which resource control policies do not apply. Source: AWS Organizations User Guide, *Resource control
    /// policies*, "List of AWS services that support RCPs".
    RCP_SERVICE = Error "rcp-service";
    /// A service control policy that lists what it allows. Source: AWS Organizations User Guide, *SCP evaluation*, "Allow
    /// list strategy".
    SCP_ALLOW_LIST = Warning "scp-allow-list";

    /// A statement that another one includes. Source: check reference, "Redundant statement".
    STATEMENT_COVERED = Suggestion "statement-covered";
    /// An Allow that a Deny of the same policy takes away. Source: *Policy evaluation logic*: an explicit deny overrides.
    ALLOW_DENIED = Warning "allow-denied";
}
