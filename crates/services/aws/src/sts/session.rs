//! Sessions: temporary credentials that carry all that is known of them, sealed.
//!
//! A session token is opened, not looked up: `AssumeRole` writes nothing, a session outlives a restart, and every replica
//! knows it. What may end it early is looked up at each call: its role or user has to be there still, under the same
//! unique id, and a policy may deny tokens issued before a time (`aws:TokenIssueTime`), as AWS's own revocation does.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::policy::Document;

/// What temporary credentials stand for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Session {
    /// Account of its role or user.
    pub(crate) account: String,
    /// Whose session it is.
    pub(crate) of: Of,
    /// Access key id, `ASIA…`.
    pub(crate) access_key: String,
    /// Secret access key. Only ever written into a sealed token.
    pub(crate) secret: Exposed,
    /// Seconds since 1970.
    pub(crate) issued: i64,
    /// Seconds since 1970.
    pub(crate) expires: i64,
    /// Session policies: texts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) policies: Vec<Document>,
    /// Session policies: ARNs of managed ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) policy_arns: Vec<String>,
    /// Session tags.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) tags: BTreeMap<String, String>,
    /// Keys of the tags that pass on to the next role.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) transitive: BTreeSet<String>,
    /// `sts:SourceIdentity`, which no later role can change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) source_identity: Option<String>,
    /// The identity provider that vouched for whoever got it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) provider: Option<String>,
    /// `sub` and `aud` of the token, for records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) subject: Option<(String, String)>,
}

/// Whose session it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Of {
    /// Of a role.
    Role {
        /// Name in lower case, as its record is filed.
        role: String,
        /// Unique id.
        id: String,
        /// The session's own name.
        name: String,
    },
    /// Of a user, by `GetSessionToken`.
    User {
        /// Name in lower case.
        user: String,
        /// Unique id.
        id: String,
    },
    /// Of the account's root user, by `GetSessionToken`.
    Root,
}

/// A secret that is written out as it is: only for what gets sealed at once.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Exposed(zeroize::Zeroizing<String>);

impl Exposed {
    pub(crate) fn new(text: String) -> Self {
        Self(zeroize::Zeroizing::new(text))
    }

    pub(crate) fn text(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Exposed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Exposed(redacted)")
    }
}
