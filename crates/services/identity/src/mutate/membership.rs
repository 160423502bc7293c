//! Which service accounts have a Pod Identity association.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Map, Value};

/// Largest file that is read: a cluster's 5,000 associations (AWS, *EKS User Guide*, "Service quotas") with names as long
/// as Kubernetes allows take less than half of it.
pub const MAX_MEMBERSHIP_BYTES: usize = 4 * 1024 * 1024;

/// The service accounts whose pods get their credentials from the Pod Identity agent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Membership(BTreeMap<String, BTreeSet<String>>);

/// Why a list is refused whole, so that the one before it goes on to hold.
#[derive(Debug, thiserror::Error)]
pub enum MembershipError {
    /// It is larger than [`MAX_MEMBERSHIP_BYTES`].
    #[error("the list of identities is larger than {MAX_MEMBERSHIP_BYTES} bytes")]
    TooLarge,
    /// It has another form.
    #[error("the list of identities has another form: {0}")]
    Form(#[from] serde_json::Error),
}

#[derive(Deserialize)]
struct Identity {
    #[serde(default)]
    namespace: String,
    #[serde(default, rename = "serviceAccount")]
    service_account: String,
}

impl Membership {
    /// Reads the file of `--watch-container-credentials-config`: `{"identities": [{"namespace", "serviceAccount"}]}`.
    /// An empty file is an empty list.
    ///
    /// # Errors
    ///
    /// It has another form, or is too large.
    pub fn parse(text: &[u8]) -> Result<Self, MembershipError> {
        if text.len() > MAX_MEMBERSHIP_BYTES {
            return Err(MembershipError::TooLarge);
        }
        if text.is_empty() {
            return Ok(Self::default());
        }
        let mut file: Map<String, Value> = serde_json::from_slice(text)?;
        let identities = file.remove("identities").unwrap_or_default();
        let identities: Option<Vec<Identity>> = serde_json::from_value(identities)?;
        let mut members = Self::default();
        for identity in identities.unwrap_or_default() {
            members.insert(identity.namespace, identity.service_account);
        }
        Ok(members)
    }

    /// Adds a service account.
    pub fn insert(&mut self, namespace: String, service_account: String) {
        self.0.entry(namespace).or_default().insert(service_account);
    }

    /// Whether a service account is in the list.
    pub fn contains(&self, namespace: &str, service_account: &str) -> bool {
        self.0.get(namespace).is_some_and(|accounts| accounts.contains(service_account))
    }

    /// How many service accounts there are.
    pub fn len(&self) -> usize {
        self.0.values().map(BTreeSet::len).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
