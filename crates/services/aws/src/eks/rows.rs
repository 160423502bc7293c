//! What EKS keeps.

use std::collections::{BTreeMap, BTreeSet};

use ringwall_store::{Store, Table};
use serde::{Deserialize, Serialize};

use crate::policy::Document;

/// The tables of EKS. All are of an account and a region.
#[derive(Debug)]
pub(crate) struct Tables {
    /// By name.
    pub(crate) clusters: Table<Cluster>,
    /// By `CLUSTER/PRINCIPAL ARN`.
    pub(crate) entries: Table<AccessEntry>,
    /// By `CLUSTER/ID`.
    pub(crate) associations: Table<Association>,
    /// Which association a service account has: by `CLUSTER/NAMESPACE/SERVICE ACCOUNT`.
    pub(crate) associated: Table<String>,
}

impl Tables {
    pub(crate) fn new(store: &Store) -> Self {
        Self {
            clusters: Table::new(store, "eks/cluster"),
            entries: Table::new(store, "eks/access-entry"),
            associations: Table::new(store, "eks/pod-identity-association"),
            associated: Table::new(store, "eks/associated-service-account"),
        }
    }
}

/// A cluster that somebody else runs, and that is known here.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Cluster {
    /// Milliseconds since 1970.
    pub(crate) created: i64,
    /// Kubernetes version, such as `1.37`.
    #[serde(default)]
    pub(crate) version: Option<String>,
    /// URL of the API server.
    #[serde(default)]
    pub(crate) endpoint: Option<String>,
    /// Certificates of the API server's authority, base64 of PEM.
    #[serde(default)]
    pub(crate) certificate_authority: Option<String>,
    /// Issuer of the service accounts' tokens.
    pub(crate) issuer: String,
    /// Public keys of that issuer as a JWK set, for one that cannot be reached by https.
    #[serde(default)]
    pub(crate) keys: Option<String>,
    /// ARN of the cluster's own role.
    #[serde(default)]
    pub(crate) role: Option<String>,
    pub(crate) mode: AuthenticationMode,
    #[serde(default)]
    pub(crate) tags: BTreeMap<String, String>,
}

/// Where IAM principals of a cluster are mapped.
///
/// Source: AWS EKS API Reference, *AccessConfigResponse*.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum AuthenticationMode {
    ConfigMap,
    ApiAndConfigMap,
    Api,
}

impl AuthenticationMode {
    /// As the API writes it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ConfigMap => "CONFIG_MAP",
            Self::ApiAndConfigMap => "API_AND_CONFIG_MAP",
            Self::Api => "API",
        }
    }

    /// Whether access entries count.
    pub(crate) fn has_entries(self) -> bool {
        self != Self::ConfigMap
    }

    /// Whether a cluster may change to another mode: a step at a time, and never back. Entries once on stay on, and the
    /// ConfigMap once off stays off.
    ///
    /// Source: AWS EKS User Guide, *Change authentication mode to use access entries*; EKS answers "Unsupported
    /// authentication mode update from CONFIG_MAP to API".
    pub(crate) fn may_become(self, next: Self) -> bool {
        matches!((self, next), (Self::ConfigMap, Self::ApiAndConfigMap) | (Self::ApiAndConfigMap, Self::Api))
    }
}

/// An access entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct AccessEntry {
    /// ARN of the IAM principal; it never changes.
    pub(crate) principal: String,
    /// Unique id of the principal: the entry is of whoever bears it, so that one that is made again under the same name does
    /// not get in. `None` for a principal of an account that was not known here, which no principal known here is.
    pub(crate) principal_id: Option<String>,
    /// The last part of the entry's ARN.
    pub(crate) uuid: String,
    pub(crate) kind: String,
    pub(crate) username: String,
    #[serde(default)]
    pub(crate) groups: Vec<String>,
    #[serde(default)]
    pub(crate) tags: BTreeMap<String, String>,
    /// Milliseconds since 1970.
    pub(crate) created: i64,
    /// Milliseconds since 1970.
    pub(crate) modified: i64,
    /// Access policies by their ARNs.
    #[serde(default)]
    pub(crate) policies: BTreeMap<String, AssociatedPolicy>,
    /// `clientRequestToken` of the call that made it.
    #[serde(default)]
    pub(crate) token: Option<String>,
}

impl AccessEntry {
    /// Whether this is what a call before already made, by the same `clientRequestToken` and otherwise alike.
    pub(crate) fn is_asked_for_again(&self, known: &Self) -> bool {
        let Self { uuid, created, modified, policies, .. } = known;
        let again = Self {
            uuid: uuid.clone(),
            created: *created,
            modified: *modified,
            policies: policies.clone(),
            ..self.clone()
        };
        self.token.is_some() && again == *known
    }
}

/// An access policy of an entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct AssociatedPolicy {
    /// Namespaces, for the scope `namespace`; empty for `cluster`.
    pub(crate) namespaces: BTreeSet<String>,
    /// Milliseconds since 1970.
    pub(crate) associated: i64,
    /// Milliseconds since 1970.
    pub(crate) modified: i64,
}

/// A Pod Identity association.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Association {
    pub(crate) namespace: String,
    pub(crate) service_account: String,
    pub(crate) role: String,
    /// The role that the first one assumes.
    #[serde(default)]
    pub(crate) target_role: Option<String>,
    /// `sts:ExternalId` for the target role.
    #[serde(default)]
    pub(crate) external_id: Option<String>,
    #[serde(default)]
    pub(crate) disable_session_tags: bool,
    /// Session policy.
    #[serde(default)]
    pub(crate) policy: Option<Document>,
    #[serde(default)]
    pub(crate) tags: BTreeMap<String, String>,
    /// Milliseconds since 1970.
    pub(crate) created: i64,
    /// Milliseconds since 1970.
    pub(crate) modified: i64,
    /// `clientRequestToken` of the call that made it.
    #[serde(default)]
    pub(crate) token: Option<String>,
}

impl Association {
    /// Whether this is what a call before already made, by the same `clientRequestToken` and otherwise alike.
    pub(crate) fn is_asked_for_again(&self, known: &Self) -> bool {
        let again = Self { created: known.created, modified: known.modified, ..self.clone() };
        self.token.is_some() && again == *known
    }
}
