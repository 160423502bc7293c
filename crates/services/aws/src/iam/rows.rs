//! What IAM keeps.
//!
//! Names of users, groups, roles, policies and instance profiles are unique whatever their case, so that records are filed
//! under the lower-case name and hold the name as it was given.
//!
//! Source: AWS IAM User Guide, *IAM and AWS STS quotas*, "IAM name requirements".

use std::collections::{BTreeMap, BTreeSet};

use ringwall_store::{Store, Table};
use serde::{Deserialize, Serialize};

use crate::policy::Document;
use crate::principals::{Bearer, ResourceDocument};
use crate::sealed::Sealed;

/// The tables of IAM. All are of an account and of no region.
#[derive(Debug)]
pub(crate) struct Tables {
    pub(crate) accounts: Table<Account>,
    pub(crate) users: Table<User>,
    pub(crate) groups: Table<Group>,
    pub(crate) roles: Table<Role>,
    pub(crate) policies: Table<ManagedPolicy>,
    pub(crate) profiles: Table<InstanceProfile>,
    pub(crate) providers: Table<OidcProvider>,
    /// Filed under no account, since a key id has to be found before its account is known.
    pub(crate) access_keys: Table<AccessKey>,
    /// Filed under no account, by unique ids of users and roles.
    pub(crate) principals: Table<Bearer>,
}

impl Tables {
    pub(crate) fn new(store: &Store) -> Self {
        Self {
            accounts: Table::new(store, "account"),
            users: Table::new(store, "iam/user"),
            groups: Table::new(store, "iam/group"),
            roles: Table::new(store, "iam/role"),
            policies: Table::new(store, "iam/policy"),
            profiles: Table::new(store, "iam/instance-profile"),
            providers: Table::new(store, "iam/oidc-provider"),
            access_keys: Table::new(store, "iam/access-key"),
            principals: Table::new(store, "iam/principal"),
        }
    }
}

/// An account. Filed under no account, by its id.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Account {
    /// What people call it.
    pub(crate) name: String,
    /// Milliseconds since 1970.
    pub(crate) created: i64,
    /// The account alias of IAM.
    #[serde(default)]
    pub(crate) alias: Option<String>,
    /// Ids of the root user's access keys.
    #[serde(default)]
    pub(crate) root_keys: BTreeSet<String>,
}

/// What users, roles and groups have in common: policies.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Attached {
    /// ARNs of managed policies.
    #[serde(default)]
    pub(crate) managed: BTreeSet<String>,
    /// Inline policies, by name.
    #[serde(default)]
    pub(crate) inline: BTreeMap<String, Document>,
}

/// A user, filed under its name in lower case.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) path: String,
    /// Unique id, `AIDA…`.
    pub(crate) id: String,
    /// Milliseconds since 1970.
    pub(crate) created: i64,
    #[serde(default)]
    pub(crate) tags: BTreeMap<String, String>,
    /// ARN of the permissions boundary.
    #[serde(default)]
    pub(crate) boundary: Option<String>,
    #[serde(default)]
    pub(crate) policies: Attached,
    /// Names of its groups, in lower case.
    #[serde(default)]
    pub(crate) groups: BTreeSet<String>,
    /// Ids of its access keys.
    #[serde(default)]
    pub(crate) access_keys: BTreeSet<String>,
}

/// A group, filed under its name in lower case.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) path: String,
    /// Unique id, `AGPA…`.
    pub(crate) id: String,
    /// Milliseconds since 1970.
    pub(crate) created: i64,
    /// How many users are in it: it changes with them, so that it cannot be deleted while one joins.
    #[serde(default)]
    pub(crate) members: u32,
    #[serde(default)]
    pub(crate) policies: Attached,
}

/// A role, filed under its name in lower case.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Role {
    pub(crate) name: String,
    pub(crate) path: String,
    /// Unique id, `AROA…`.
    pub(crate) id: String,
    /// Milliseconds since 1970.
    pub(crate) created: i64,
    /// Who may assume it.
    pub(crate) trust: ResourceDocument,
    #[serde(default)]
    pub(crate) description: Option<String>,
    /// Longest session, in seconds.
    pub(crate) max_session: i64,
    /// Names of the instance profiles that it is in, in lower case.
    #[serde(default)]
    pub(crate) profiles: BTreeSet<String>,
    #[serde(default)]
    pub(crate) tags: BTreeMap<String, String>,
    /// ARN of the permissions boundary.
    #[serde(default)]
    pub(crate) boundary: Option<String>,
    #[serde(default)]
    pub(crate) policies: Attached,
}

/// A customer managed policy, filed under its name in lower case.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ManagedPolicy {
    pub(crate) name: String,
    pub(crate) path: String,
    /// Unique id, `ANPA…`.
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) description: Option<String>,
    /// Milliseconds since 1970.
    pub(crate) created: i64,
    /// Milliseconds since 1970.
    pub(crate) updated: i64,
    #[serde(default)]
    pub(crate) tags: BTreeMap<String, String>,
    /// Versions by their number: 3 is `v3`.
    pub(crate) versions: BTreeMap<u32, PolicyVersion>,
    /// The version in force.
    pub(crate) default: u32,
    /// The number that the next version gets.
    pub(crate) next: u32,
    /// To how many it is attached: it changes with them, so that it cannot be deleted while it is attached.
    #[serde(default)]
    pub(crate) attachments: u32,
    /// Of how many it is the permissions boundary.
    #[serde(default)]
    pub(crate) boundaries: u32,
}

/// A version of a managed policy.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct PolicyVersion {
    pub(crate) document: Document,
    /// Milliseconds since 1970.
    pub(crate) created: i64,
}

/// An instance profile, filed under its name in lower case.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct InstanceProfile {
    pub(crate) name: String,
    pub(crate) path: String,
    /// Unique id, `AIPA…`.
    pub(crate) id: String,
    /// Milliseconds since 1970.
    pub(crate) created: i64,
    /// Name of its role, in lower case.
    #[serde(default)]
    pub(crate) role: Option<String>,
    #[serde(default)]
    pub(crate) tags: BTreeMap<String, String>,
}

/// An identity provider that speaks OpenID Connect, filed under its URL without `https://`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct OidcProvider {
    /// Issuer, with `https://`.
    pub(crate) url: String,
    /// Milliseconds since 1970.
    pub(crate) created: i64,
    /// Audiences that tokens may be for.
    #[serde(default)]
    pub(crate) client_ids: BTreeSet<String>,
    /// SHA-1 fingerprints of certificates, in lower-case hex.
    #[serde(default)]
    pub(crate) thumbprints: Vec<String>,
    #[serde(default)]
    pub(crate) tags: BTreeMap<String, String>,
}

/// An access key, filed under no account, by its id.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AccessKey {
    pub(crate) account: String,
    /// Name of its user in lower case; `None` for the account's root user.
    pub(crate) user: Option<String>,
    /// Unique id of its user, so that a key never passes to another user of the same name.
    pub(crate) user_id: String,
    /// Whether it may sign.
    pub(crate) active: bool,
    /// Milliseconds since 1970.
    pub(crate) created: i64,
    /// The secret access key.
    pub(crate) secret: Sealed,
}

/// ARN of a user, role, group, policy or instance profile.
pub(crate) fn arn(account: &str, kind: &str, path: &str, name: &str) -> String {
    format!("arn:aws:iam::{account}:{kind}{path}{name}")
}

impl User {
    /// Its ARN.
    pub(crate) fn arn(&self, account: &str) -> String {
        arn(account, "user", &self.path, &self.name)
    }
}

impl Group {
    /// Its ARN.
    pub(crate) fn arn(&self, account: &str) -> String {
        arn(account, "group", &self.path, &self.name)
    }
}

impl Role {
    /// Its ARN.
    pub(crate) fn arn(&self, account: &str) -> String {
        arn(account, "role", &self.path, &self.name)
    }
}

impl ManagedPolicy {
    /// Its ARN.
    pub(crate) fn arn(&self, account: &str) -> String {
        arn(account, "policy", &self.path, &self.name)
    }
}

impl InstanceProfile {
    /// Its ARN.
    pub(crate) fn arn(&self, account: &str) -> String {
        arn(account, "instance-profile", &self.path, &self.name)
    }
}

impl OidcProvider {
    /// Its ARN.
    pub(crate) fn arn(&self, account: &str) -> String {
        let name = self.url.strip_prefix("https://").unwrap_or(&self.url);
        arn(account, "oidc-provider", "/", name)
    }
}
