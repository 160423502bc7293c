//! Service accounts, from the watched cache or the apiserver.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::ServiceAccount;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use ringwall_kubernetes::{Cluster, Key, Selector, Watched};

use super::flights::Flights;

/// A service account's annotations.
pub(super) type Annotations = Arc<BTreeMap<String, String>>;

/// What kubectl keeps a copy of a whole object in; it would double the cache.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// What the cache knows of a service account.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    /// Its annotations; `None` if the cache does not have it.
    pub(super) annotations: Option<Annotations>,
    /// Whether the cache is up to date.
    pub(super) fresh: bool,
}

/// What a read gave: `Ok(None)` if there is no such service account.
pub(super) type Read = Result<Option<Annotations>, Arc<str>>;

/// Where service accounts are known from.
pub(super) trait Accounts: Send + Sync + 'static {
    /// What the cache knows.
    fn known(&self, namespace: &str, name: &str) -> Known;

    /// Reads one from the apiserver, after the call and within a time.
    fn read<'a>(
        &'a self,
        namespace: &'a str,
        name: &'a str,
        within: Duration,
    ) -> Pin<Box<dyn Future<Output = Read> + Send + 'a>>;

    /// Why the cache isn't there yet, if it isn't.
    fn waits_for(&self) -> Option<String>;
}

/// Those of a live cluster.
pub(super) struct ClusterAccounts {
    cluster: Cluster,
    watched: Watched<BTreeMap<Key, Arc<ServiceAccount>>>,
    flights: Flights<Read>,
}

impl ClusterAccounts {
    pub(super) fn start(cluster: &Cluster) -> Self {
        let watched = cluster.watch_all_pruned(None, &Selector::default(), prune);
        Self { cluster: cluster.clone(), watched, flights: Flights::default() }
    }
}

/// Leaves name and annotations, so that the service accounts of a large cluster fit into little memory.
fn prune(account: &mut ServiceAccount) {
    let mut annotations = account.metadata.annotations.take();
    if let Some(annotations) = &mut annotations {
        annotations.remove(LAST_APPLIED);
    }
    let metadata = ObjectMeta {
        name: account.metadata.name.take(),
        namespace: account.metadata.namespace.take(),
        resource_version: account.metadata.resource_version.take(),
        annotations,
        ..ObjectMeta::default()
    };
    *account = ServiceAccount { metadata, ..ServiceAccount::default() };
}

impl Accounts for ClusterAccounts {
    fn known(&self, namespace: &str, name: &str) -> Known {
        let state = self.watched.get();
        let account = state.value.as_ref().and_then(|accounts| accounts.get(&Key::new(namespace, name)));
        let annotations =
            account.map(|account| Arc::new(account.metadata.annotations.clone().unwrap_or_default()));
        Known { annotations, fresh: state.synced }
    }

    fn read<'a>(
        &'a self,
        namespace: &'a str,
        name: &'a str,
        within: Duration,
    ) -> Pin<Box<dyn Future<Output = Read> + Send + 'a>> {
        Box::pin(async move {
            let key = format!("{namespace}/{name}");
            let cluster = self.cluster.with_deadline(within);
            let read = || async {
                let found = cluster.service_account(namespace, name).await;
                let found = found.map_err(|error| Arc::from(error.to_string()))?;
                Ok(found.map(|account| Arc::new(account.metadata.annotations.unwrap_or_default())))
            };
            let shared = tokio::time::timeout(within, self.flights.run(&key, read)).await;
            shared.unwrap_or_else(|_| Err(Arc::from(format!("`{key}` was not read within {within:?}"))))
        })
    }

    fn waits_for(&self) -> Option<String> {
        let state = self.watched.get();
        match (&state.value, &state.error) {
            (Some(_), _) => None,
            (None, Some(error)) => Some(format!("service accounts are not known yet: {error}")),
            (None, None) => Some(String::from("service accounts are not known yet")),
        }
    }
}
