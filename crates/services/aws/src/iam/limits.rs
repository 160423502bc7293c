//! Quotas of IAM.
//!
//! Source of all: AWS IAM User Guide, *IAM and AWS STS quotas*. Of adjustable quotas the default counts.

/// Users of an account.
pub(crate) const USERS: usize = 5000;
/// Groups of an account.
pub(crate) const GROUPS: usize = 300;
/// Roles of an account.
pub(crate) const ROLES: usize = 1000;
/// Customer managed policies of an account.
pub(crate) const POLICIES: usize = 1500;
/// Instance profiles of an account.
pub(crate) const INSTANCE_PROFILES: usize = 1000;
/// OpenID Connect providers of an account.
pub(crate) const OIDC_PROVIDERS: usize = 100;
/// Groups that a user is in.
pub(crate) const GROUPS_PER_USER: usize = 10;
/// Access keys of a user.
pub(crate) const ACCESS_KEYS_PER_USER: usize = 2;
/// Managed policies attached to a user, group or role.
pub(crate) const ATTACHED_POLICIES: usize = 10;
/// Versions of a managed policy.
pub(crate) const VERSIONS_PER_POLICY: usize = 5;
/// Tags of a resource.
pub(crate) const TAGS: usize = 50;
/// Client ids of an OpenID Connect provider.
pub(crate) const CLIENT_IDS_PER_PROVIDER: usize = 100;
/// Thumbprints of an OpenID Connect provider.
pub(crate) const THUMBPRINTS_PER_PROVIDER: usize = 5;

/// Characters of a managed policy, white space left out, as all sizes here.
pub(crate) const MANAGED_POLICY_SIZE: usize = 6144;
/// Characters of all inline policies of a user together.
pub(crate) const USER_POLICY_SIZE: usize = 2048;
/// Characters of all inline policies of a group together.
pub(crate) const GROUP_POLICY_SIZE: usize = 5120;
/// Characters of all inline policies of a role together.
pub(crate) const ROLE_POLICY_SIZE: usize = 10_240;
/// Characters of a role's trust policy.
pub(crate) const TRUST_POLICY_SIZE: usize = 2048;

/// Members of a group that is renamed: all of them change in one step, and the store takes 1,000 changes at once. A limit
/// of Ringwall's own.
pub(crate) const RENAMED_MEMBERS: usize = 900;

/// The size of a policy as quotas count it.
///
/// Source: as above, "IAM does not count white space when calculating the size of a policy against these limits".
pub(crate) fn size(document: &str) -> usize {
    document.chars().filter(|letter| !letter.is_ascii_whitespace()).count()
}
