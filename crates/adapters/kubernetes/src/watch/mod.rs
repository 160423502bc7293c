mod backoff;
mod lines;
mod run;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use arc_swap::ArcSwap;
use kube::Resource;
use kube::core::DynamicObject;
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::{Cluster, Key, Kind, KubeError};
use run::Watcher;

/// Most objects that a watch keeps. Source: Kubernetes, *Considerations for large clusters*: 150,000 pods; service
/// accounts and mappings are fewer.
pub const MAX_WATCHED_OBJECTS: usize = 200_000;

/// Which objects of a kind are watched; all, if nothing is said.
#[derive(Debug, Clone, Default)]
pub struct Selector {
    /// Of labels, in Kubernetes' syntax.
    pub labels: Option<String>,
    /// Of fields, in Kubernetes' syntax.
    pub fields: Option<String>,
}

/// What is known of what is watched.
#[derive(Debug)]
pub struct State<V> {
    /// The last known value; none until there was one.
    pub value: Option<Arc<V>>,
    /// Whether the apiserver is being watched now, so that the value is up to date. A connection that dies silently is
    /// noticed within two minutes.
    pub synced: bool,
    /// Why it is not, once something went wrong.
    pub error: Option<String>,
    /// When the value changed last.
    pub changed_at: Option<SystemTime>,
}

impl<V> State<V> {
    fn unknown() -> Self {
        Self { value: None, synced: false, error: None, changed_at: None }
    }
}

/// A value that follows the cluster in the background, for as long as this or a clone of it lives.
pub struct Watched<V> {
    shared: Arc<Shared<V>>,
    changes: watch::Receiver<u64>,
    // Aborts the task when the last clone is dropped.
    _task: Arc<Task>,
}

struct Shared<V> {
    state: ArcSwap<State<V>>,
    version: watch::Sender<u64>,
}

struct Task(AbortHandle);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl<V> Clone for Watched<V> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            changes: self.changes.clone(),
            _task: Arc::clone(&self._task),
        }
    }
}

impl<V> fmt::Debug for Watched<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.shared.state.load();
        f.debug_struct("Watched")
            .field("known", &state.value.is_some())
            .field("synced", &state.synced)
            .field("error", &state.error)
            .finish_non_exhaustive()
    }
}

impl<V> Watched<V> {
    /// What is known now; without a lock.
    pub fn get(&self) -> Arc<State<V>> {
        self.shared.state.load_full()
    }

    /// Waits for the next change of the state, value or not. It is seen by each clone for itself; a change between two
    /// calls is not missed.
    pub async fn changed(&mut self) {
        // The sender is in what this holds as well, so there is none that is gone.
        let _ = self.changes.changed().await;
    }

    /// Waits until there is a value.
    pub async fn known(&mut self) -> Arc<V> {
        loop {
            if let Some(value) = &self.get().value {
                return Arc::clone(value);
            }
            self.changed().await;
        }
    }
}

impl Cluster {
    /// Watches the object of a type by its name. The value is none while there is no such object.
    pub fn watch_one<T>(&self, namespace: Option<&str>, name: &str) -> Watched<Option<T>>
    where
        T: Resource<DynamicType = ()> + Clone + DeserializeOwned + Send + Sync + 'static,
    {
        self.watch_one_of(&Kind::of::<T>(), namespace, name)
    }

    /// Watches all objects of a type, in a namespace or in all.
    pub fn watch_all<T>(&self, namespace: Option<&str>, selector: &Selector) -> Watched<BTreeMap<Key, Arc<T>>>
    where
        T: Resource<DynamicType = ()> + Clone + DeserializeOwned + Send + Sync + 'static,
    {
        self.watch_all_of(&Kind::of::<T>(), namespace, selector, |_| ())
    }

    /// As [`Cluster::watch_all`], keeping of each object what `prune` leaves of it.
    pub fn watch_all_pruned<T>(
        &self,
        namespace: Option<&str>,
        selector: &Selector,
        prune: fn(&mut T),
    ) -> Watched<BTreeMap<Key, Arc<T>>>
    where
        T: Resource<DynamicType = ()> + Clone + DeserializeOwned + Send + Sync + 'static,
    {
        self.watch_all_of(&Kind::of::<T>(), namespace, selector, prune)
    }

    /// Watches all objects of a kind that is known when the program runs.
    pub fn watch_dynamic(
        &self,
        kind: &Kind,
        namespace: Option<&str>,
        selector: &Selector,
    ) -> Watched<BTreeMap<Key, Arc<DynamicObject>>> {
        self.watch_dynamic_pruned(kind, namespace, selector, |_| ())
    }

    /// As [`Cluster::watch_dynamic`], keeping of each object what `prune` leaves of it.
    pub fn watch_dynamic_pruned(
        &self,
        kind: &Kind,
        namespace: Option<&str>,
        selector: &Selector,
        prune: fn(&mut DynamicObject),
    ) -> Watched<BTreeMap<Key, Arc<DynamicObject>>> {
        self.watch_all_of(kind, namespace, selector, prune)
    }

    fn watch_one_of<T>(&self, kind: &Kind, namespace: Option<&str>, name: &str) -> Watched<Option<T>>
    where
        T: Resource + Clone + DeserializeOwned + Send + Sync + 'static,
    {
        // The name is asked for as a path, too, so that a text that is none selects nothing else.
        let path = kind.object_path(namespace, name).and_then(|_| kind.path(namespace));
        let selector =
            Selector { labels: None, fields: Some(format!("metadata.name={}", escape_field(name))) };
        self.start(
            path,
            &selector,
            |_| (),
            |objects: &BTreeMap<Key, Arc<T>>| objects.values().next().map(|object| object.as_ref().clone()),
        )
    }

    fn watch_all_of<T>(
        &self,
        kind: &Kind,
        namespace: Option<&str>,
        selector: &Selector,
        prune: fn(&mut T),
    ) -> Watched<BTreeMap<Key, Arc<T>>>
    where
        T: Resource + Clone + DeserializeOwned + Send + Sync + 'static,
    {
        self.start(kind.path(namespace), selector, prune, BTreeMap::clone)
    }

    /// Starts the task of a watch. A path that can't be is told in the state, as everything else that goes wrong.
    fn start<T, V>(
        &self,
        path: Result<String, KubeError>,
        selector: &Selector,
        prune: fn(&mut T),
        view: fn(&BTreeMap<Key, Arc<T>>) -> V,
    ) -> Watched<V>
    where
        T: Resource + Clone + DeserializeOwned + Send + Sync + 'static,
        V: Send + Sync + 'static,
    {
        let (version, changes) = watch::channel(0);
        let shared = Arc::new(Shared { state: ArcSwap::from_pointee(State::unknown()), version });
        let watcher = Watcher::new(self.clone(), selector.clone(), prune, view, Arc::clone(&shared));
        let task = tokio::spawn(watcher.run(path));
        Watched { shared, changes, _task: Arc::new(Task(task.abort_handle())) }
    }
}

/// A value of a field selector. Source: k8s.io/apimachinery, fields, EscapeValue: `\`, `,` and `=` have a `\` before them.
fn escape_field(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for character in value.chars() {
        if matches!(character, '\\' | ',' | '=') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escape_field;

    #[test]
    fn a_value_of_a_field_selector_is_one() {
        assert_eq!(escape_field("aws-auth"), "aws-auth");
        assert_eq!(escape_field(r"a,metadata.namespace=b\"), r"a\,metadata.namespace\=b\\");
    }
}
