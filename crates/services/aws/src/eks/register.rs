//! How clusters that somebody else runs become known.

use std::collections::BTreeMap;

use ringwall_store::{Batch, Expect, Store, StoreError};

use super::rows::{AuthenticationMode, Cluster, Tables};
use crate::page;

/// What is told of a cluster when it is registered.
#[derive(Clone, Debug, Default)]
pub struct ClusterRegistration {
    /// Its name.
    pub name: String,
    /// Issuer of its service accounts' tokens, an https URL.
    pub issuer: String,
    /// Public keys of that issuer as a JWK set, for one that cannot be reached by https.
    pub keys: Option<String>,
    /// URL of its API server.
    pub endpoint: Option<String>,
    /// Certificates of the API server's authority, base64 of PEM.
    pub certificate_authority: Option<String>,
    /// Kubernetes version, such as `1.37`.
    pub version: Option<String>,
}

/// A cluster, for lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterSummary {
    /// Its name.
    pub name: String,
    /// Its issuer.
    pub issuer: String,
    /// `CONFIG_MAP`, `API_AND_CONFIG_MAP` or `API`.
    pub authentication_mode: &'static str,
}

/// Why a cluster cannot be registered.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// A name that EKS would not take.
    #[error("`{0}` is no name of a cluster: it needs 1 to 100 letters, digits, hyphens and underscores")]
    Name(String),
    /// The issuer is no https URL.
    #[error("the issuer `{0}` is no https URL")]
    Issuer(String),
    /// The keys are none.
    #[error("the keys of the issuer are no JWK set: {0}")]
    Keys(String),
    /// There is one of that name.
    #[error("the cluster `{0}` is there already")]
    Exists(String),
    /// There is none of that name.
    #[error("there is no cluster `{0}`")]
    Missing(String),
    /// The cluster still has access entries or Pod Identity associations.
    #[error("the cluster `{0}` still has access entries or Pod Identity associations")]
    InUse(String),
    /// The account is not known.
    #[error("there is no account `{0}`")]
    Account(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes a cluster known to an account and region. It starts with access entries beside its aws-auth ConfigMap.
///
/// # Errors
///
/// If something told is none, or the cluster is known.
pub async fn register_cluster(
    store: &Store,
    account: &str,
    region: &str,
    cluster: &ClusterRegistration,
    now: i64,
) -> Result<(), RegisterError> {
    let name = cluster.name.as_str();
    let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let first = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    if !first || name.len() > 100 || !name.bytes().all(known) {
        return Err(RegisterError::Name(name.chars().take(128).collect()));
    }
    if cluster.issuer.strip_prefix("https://").is_none_or(str::is_empty) {
        return Err(RegisterError::Issuer(cluster.issuer.chars().take(256).collect()));
    }
    if let Some(keys) = &cluster.keys {
        ringwall_oidc::KeySet::parse(keys.as_bytes())
            .map_err(|error| RegisterError::Keys(error.to_string()))?;
    }
    if crate::iam::rows::Tables::new(store).accounts.get("", "", account).await?.is_none() {
        return Err(RegisterError::Account(account.to_owned()));
    }
    let row = Cluster {
        created: now,
        version: cluster.version.clone(),
        endpoint: cluster.endpoint.clone(),
        certificate_authority: cluster.certificate_authority.clone(),
        issuer: cluster.issuer.clone(),
        keys: cluster.keys.clone(),
        role: None,
        mode: AuthenticationMode::ApiAndConfigMap,
        tags: BTreeMap::new(),
    };
    let mut batch = Batch::new();
    let tables = Tables::new(store);
    // What was made while a cluster of that name was taken away is not the new one's.
    let prefix = format!("{name}/");
    for row in page::all(&tables.entries, account, region, &prefix).await? {
        tables.entries.delete(&mut batch, account, region, &row.place.name, Expect::Any);
    }
    for row in page::all(&tables.associations, account, region, &prefix).await? {
        tables.associations.delete(&mut batch, account, region, &row.place.name, Expect::Any);
    }
    for row in page::all(&tables.associated, account, region, &prefix).await? {
        tables.associated.delete(&mut batch, account, region, &row.place.name, Expect::Any);
    }
    tables.clusters.put(&mut batch, account, region, name, &row, Expect::Absent);
    match store.commit(batch).await {
        Ok(_) => Ok(()),
        Err(StoreError::Conflict(_)) => Err(RegisterError::Exists(name.to_owned())),
        Err(error) => Err(error.into()),
    }
}

/// Forgets a cluster that nothing refers to any more.
///
/// # Errors
///
/// If it is not known, or still in use.
pub async fn remove_cluster(
    store: &Store,
    account: &str,
    region: &str,
    name: &str,
) -> Result<(), RegisterError> {
    let tables = Tables::new(store);
    let prefix = format!("{name}/");
    let entries = page::all(&tables.entries, account, region, &prefix).await?;
    let associations = page::all(&tables.associations, account, region, &prefix).await?;
    if !(entries.is_empty() && associations.is_empty()) {
        return Err(RegisterError::InUse(name.to_owned()));
    }
    let mut batch = Batch::new();
    tables.clusters.delete(&mut batch, account, region, name, Expect::Present);
    match store.commit(batch).await {
        Ok(_) => Ok(()),
        Err(StoreError::Conflict(_)) => Err(RegisterError::Missing(name.to_owned())),
        Err(error) => Err(error.into()),
    }
}

/// The clusters of an account and region, by their names.
///
/// # Errors
///
/// If the store failed.
pub async fn clusters(store: &Store, account: &str, region: &str) -> Result<Vec<ClusterSummary>, StoreError> {
    let rows = page::all(&Tables::new(store).clusters, account, region, "").await?;
    let summary = |row: ringwall_store::Row<Cluster>| ClusterSummary {
        name: row.place.name,
        issuer: row.value.issuer,
        authentication_mode: row.value.mode.name(),
    };
    Ok(rows.into_iter().map(summary).collect())
}
