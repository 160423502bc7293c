//! What the operator decides about the webhook.

use std::path::PathBuf;
use std::time::Duration;

use crate::mutate;

/// The shortest time between two such calls: EKS throttles its API by account and region.
const MIN_ASSOCIATIONS_EVERY: Duration = Duration::from_secs(5);

/// Settings of the webhook.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// What is injected.
    pub mutate: mutate::Settings,
    /// Names in the certificates of the apiservers that are answered: the common name or a DNS name. Empty: only callers on
    /// this machine are answered, and need no certificate.
    pub client_names: Vec<String>,
    /// When a service account is read from the apiserver.
    pub lookup: Lookup,
    /// `--service-account-lookup-grace-period`: the longest that such a read may take. Zero, the default, is all the time that
    /// the apiserver gives the webhook.
    pub lookup_grace_period: Duration,
    /// What becomes of a pod whose service account can't be read.
    pub on_lookup_failure: OnLookupFailure,
    /// `--watch-config-map` with its `--namespace`: where the ConfigMap `pod-identity-webhook` is.
    pub config_map_namespace: Option<String>,
    /// `--watch-container-credentials-config`: the file that lists the service accounts with an association.
    pub container_credentials_config: Option<PathBuf>,
    /// The associations themselves, from the EKS API.
    pub associations: Option<AssociationSettings>,
}

/// When a service account is read from the apiserver rather than from the cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lookup {
    /// When the cache does not have it or isn't up to date.
    #[default]
    Unknown,
    /// For every pod: one more read a pod, and no role is missed.
    Always,
}

/// What becomes of a pod whose service account can't be read in time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnLookupFailure {
    /// It is refused; who creates it tries again, as all controllers do.
    ///
    /// The webhook's own namespace has to be left out of its configuration, and pods that the cluster needs to come up
    /// (`kube-system`) have to be sent to `/mutate/best-effort`, where this does not hold: as the manifest in
    /// `deploy/manifests/pod-identity` does.
    #[default]
    Deny,
    /// It is created without credentials, and stays so.
    Admit,
}

/// Where a cluster's Pod Identity associations are.
#[derive(Clone, Debug)]
pub struct AssociationSettings {
    /// The cluster's name in EKS.
    pub cluster: String,
    /// How often they are asked for: an association counts for pods that are created after that time.
    pub every: Duration,
}

/// Settings that contradict themselves.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// There is nobody to ask for associations.
    #[error("the associations of `{0}` are to be asked for, but no AWS endpoint and credentials are set")]
    NoClient(String),
    /// They are asked for too often.
    #[error("associations are asked for every {MIN_ASSOCIATIONS_EVERY:?} at most, not every {0:?}")]
    TooOften(Duration),
    /// The cluster's name is none.
    #[error("`{0}` is no name of an EKS cluster")]
    ClusterName(String),
    /// What is to be injected is nothing that a pod could have.
    #[error(transparent)]
    Injection(#[from] mutate::SettingProblem),
}

impl Settings {
    pub(super) fn check(&self, has_client: bool) -> Result<(), SettingsError> {
        if let Some(problem) = self.mutate.problems().into_iter().next() {
            return Err(problem.into());
        }
        let Some(AssociationSettings { cluster, every }) = &self.associations else { return Ok(()) };
        // Source: AWS, *EKS API Reference*, CreateCluster, `name`.
        let named = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        let begins = cluster.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
        if !begins || cluster.len() > 100 || !cluster.bytes().all(named) {
            return Err(SettingsError::ClusterName(cluster.clone()));
        }
        if *every < MIN_ASSOCIATIONS_EVERY {
            return Err(SettingsError::TooOften(*every));
        }
        match has_client {
            true => Ok(()),
            false => Err(SettingsError::NoClient(cluster.clone())),
        }
    }
}
