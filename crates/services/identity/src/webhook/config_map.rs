//! The ConfigMap `pod-identity-webhook`, followed.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use k8s_openapi::api::core::v1::ConfigMap;
use ringwall_kubernetes::{Cluster, Watched};
use tokio::sync::watch;

use super::tasks::Tasks;
use crate::mutate::{CONFIG_MAP_KEY, CONFIG_MAP_NAME, ConfigMapRoles};

/// The roles of the ConfigMap, as they were last readable.
#[derive(Debug)]
pub(super) struct ConfigMapSource {
    roles: watch::Receiver<Option<Arc<ConfigMapRoles>>>,
    /// Why the ConfigMap as it is now does not count.
    broken: Arc<Mutex<Option<String>>>,
}

impl ConfigMapSource {
    pub(super) fn start(cluster: &Cluster, namespace: &str, tasks: &mut Tasks) -> Self {
        let (send, roles) = watch::channel(None);
        let broken = Arc::new(Mutex::new(None));
        let watched = cluster.watch_one::<ConfigMap>(Some(namespace), CONFIG_MAP_NAME);
        tasks.spawn(follow(watched, send, Arc::clone(&broken)));
        Self { roles, broken }
    }

    /// The roles, waited for if they aren't known yet; `None` if they don't become so in time.
    pub(super) async fn get(&self, within: Duration) -> Option<Arc<ConfigMapRoles>> {
        let mut roles = self.roles.clone();
        let known = tokio::time::timeout(within, roles.wait_for(Option::is_some)).await.ok()?.ok()?;
        known.clone()
    }

    pub(super) fn waits_for(&self) -> Option<String> {
        let broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if self.roles.borrow().is_none() {
            return Some(format!("the ConfigMap `{CONFIG_MAP_NAME}` is not known yet"));
        }
        // A ConfigMap that went bad leaves the one before it in force.
        broken.filter(|_| self.roles.borrow().as_ref().is_some_and(|roles| roles.is_empty()))
    }
}

async fn follow(
    mut watched: Watched<Option<ConfigMap>>,
    roles: watch::Sender<Option<Arc<ConfigMapRoles>>>,
    broken: Arc<Mutex<Option<String>>>,
) {
    loop {
        if let Some(config_map) = &watched.get().value {
            let config = config_map.as_ref().as_ref().and_then(|map| map.data.as_ref()?.get(CONFIG_MAP_KEY));
            let parsed =
                config.map_or_else(|| Ok(ConfigMapRoles::default()), |text| ConfigMapRoles::parse(text));
            let why =
                parsed.as_ref().err().map(|error| format!("the ConfigMap `{CONFIG_MAP_NAME}`: {error}"));
            match parsed {
                Ok(read) => {
                    let changed = roles.borrow().as_deref() != Some(&read);
                    if changed {
                        tracing::info!(service_accounts = read.len(), "the ConfigMap's roles are read");
                        roles.send_replace(Some(Arc::new(read)));
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "the ConfigMap `{CONFIG_MAP_NAME}` can't be read; what it said before counts");
                    // One that was never readable gives no roles: a slip in it must not stop all pods.
                    roles
                        .send_if_modified(|roles| roles.is_none() && roles.insert(Arc::default()).is_empty());
                }
            }
            *broken.lock().unwrap_or_else(PoisonError::into_inner) = why;
        }
        watched.changed().await;
    }
}
