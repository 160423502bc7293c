use std::collections::BTreeMap;
use std::mem;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::Method;
use kube::Resource;
use kube::core::{ObjectList, WatchEvent};
use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep, timeout};

use super::backoff::{delay, spread};
use super::lines::Lines;
use super::{MAX_WATCHED_OBJECTS, Selector, Shared, State};
use crate::client::parse;
use crate::error::cut;
use crate::kind::with_query;
use crate::{Cluster, Key, KubeError};

/// Objects that are listed at once. `kubectl` and the controllers ask for as many.
const PAGE: &str = "500";

/// How long a watch is asked to last. Each end and begin shows that the apiserver is there, which is how a connection that
/// died without a sign is noticed.
const WATCH: Duration = Duration::from_secs(90);

/// How much longer it may last before it is taken for dead.
const GRACE: Duration = Duration::from_secs(15);

/// How long the first answer to a watch may take.
const BEGIN: Duration = Duration::from_secs(15);

/// A watch that ends sooner than this without an event is followed by a wait as long, so that an apiserver that ends all
/// at once is not asked in a loop.
const SHORTEST: Duration = Duration::from_secs(1);

const JSON: &str = "application/json";

/// The task behind a [`super::Watched`].
pub(super) struct Watcher<T, V> {
    cluster: Cluster,
    selector: Selector,
    prune: fn(&mut T),
    view: fn(&BTreeMap<Key, Arc<T>>) -> V,
    shared: Arc<Shared<V>>,
    objects: BTreeMap<Key, Arc<T>>,
    /// Up to where `objects` is known; none if all has to be listed.
    version: Option<String>,
    failures: u32,
}

impl<T, V> Watcher<T, V>
where
    T: Resource + Clone + DeserializeOwned + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    pub(super) fn new(
        cluster: Cluster,
        selector: Selector,
        prune: fn(&mut T),
        view: fn(&BTreeMap<Key, Arc<T>>) -> V,
        shared: Arc<Shared<V>>,
    ) -> Self {
        Self { cluster, selector, prune, view, shared, objects: BTreeMap::new(), version: None, failures: 0 }
    }

    /// Follows the path for ever. What goes wrong is in the state, and tried again.
    pub(super) async fn run(mut self, path: Result<String, KubeError>) {
        let path = match path {
            Ok(path) => path,
            Err(error) => return self.failed(&error),
        };
        loop {
            if let Err(error) = self.step(&path).await {
                if error.is_expired() {
                    self.version = None;
                }
                self.failed(&error);
                sleep(delay(self.failures)).await;
            }
        }
    }

    /// Lists if that is needed, and watches until the watch ends.
    async fn step(&mut self, path: &str) -> Result<(), KubeError> {
        let version = match self.version.take() {
            Some(version) => version,
            None => self.list(path).await?,
        };
        self.version = Some(version.clone());
        let began = Instant::now();
        let events = self.watch(path, &version).await?;
        if events == 0 && began.elapsed() < SHORTEST {
            sleep(SHORTEST).await;
        }
        Ok(())
    }

    /// Reads all objects and puts them in the place of those that were known; gives the version that they are of.
    async fn list(&mut self, path: &str) -> Result<String, KubeError> {
        let mut objects = BTreeMap::new();
        let mut next: Option<String> = None;
        loop {
            let page = with_query(
                path,
                &[
                    ("limit", Some(PAGE)),
                    ("continue", next.as_deref()),
                    ("labelSelector", self.selector.labels.as_deref()),
                    ("fieldSelector", self.selector.fields.as_deref()),
                ],
            );
            let list: ObjectList<T> = self.cluster.get_json(&page, JSON).await?;
            for object in list.items {
                self.keep(&mut objects, object, path)?;
            }
            next = list.metadata.continue_.filter(|next| !next.is_empty());
            if next.is_none() {
                self.objects = objects;
                self.publish();
                return list.metadata.resource_version.ok_or_else(|| KubeError::Malformed {
                    request: format!("GET {path}"),
                    message: "the list has no resource version".to_owned(),
                });
            }
        }
    }

    /// Follows the changes after a version until the watch ends; gives how many there were.
    async fn watch(&mut self, path: &str, version: &str) -> Result<usize, KubeError> {
        let lasts = spread(WATCH);
        let seconds = lasts.as_secs().to_string();
        let watch = with_query(
            path,
            &[
                ("watch", Some("1")),
                ("allowWatchBookmarks", Some("true")),
                ("timeoutSeconds", Some(&seconds)),
                ("resourceVersion", Some(version)),
                ("labelSelector", self.selector.labels.as_deref()),
                ("fieldSelector", self.selector.fields.as_deref()),
            ],
        );
        let request = format!("GET {path}");
        let late = |after| KubeError::Timeout { request: request.clone(), after };
        let begin = self.cluster.send(Method::GET, &watch, JSON, Bytes::new());
        let answer = timeout(BEGIN, begin).await.map_err(|_| late(BEGIN))??;
        self.recovered();
        let mut lines = Lines::new(answer.into_body());
        let ends = Instant::now() + lasts + GRACE;
        let mut events = 0;
        loop {
            let left = ends.saturating_duration_since(Instant::now());
            let Some(line) = timeout(left, lines.next(&request)).await.map_err(|_| late(lasts + GRACE))??
            else {
                return Ok(events);
            };
            // What is here already is taken in before the new value is made of it.
            let mut changed = self.apply(&line, path)?;
            events += 1;
            while let Some(line) = lines.ready() {
                changed |= self.apply(&line, path)?;
                events += 1;
            }
            if changed {
                self.publish();
            }
        }
    }

    /// Takes an event in; tells whether it changed an object.
    fn apply(&mut self, line: &[u8], path: &str) -> Result<bool, KubeError> {
        if line.trim_ascii().is_empty() {
            return Ok(false);
        }
        let event: WatchEvent<T> = parse(line, || format!("GET {path}"))?;
        let version = match event {
            WatchEvent::Added(object) | WatchEvent::Modified(object) => {
                let version = object.meta().resource_version.clone();
                let mut objects = mem::take(&mut self.objects);
                let kept = self.keep(&mut objects, object, path);
                self.objects = objects;
                kept?;
                version
            }
            WatchEvent::Deleted(object) => {
                self.objects.remove(&key(&object));
                object.meta().resource_version.clone()
            }
            WatchEvent::Bookmark(bookmark) => {
                self.version = Some(bookmark.metadata.resource_version);
                return Ok(false);
            }
            WatchEvent::Error(status) => {
                // The apiserver has to say what it has now: the version may be too old.
                self.version = None;
                return Err(KubeError::Status {
                    request: format!("GET {path}"),
                    status: status.code,
                    reason: cut(&status.reason),
                    message: cut(&status.message),
                });
            }
        };
        if version.is_some() {
            self.version = version;
        }
        Ok(true)
    }

    /// Puts an object among the others, without what nobody reads.
    fn keep(&self, objects: &mut BTreeMap<Key, Arc<T>>, mut object: T, path: &str) -> Result<(), KubeError> {
        object.meta_mut().managed_fields = None;
        (self.prune)(&mut object);
        let key = key(&object);
        if objects.len() >= MAX_WATCHED_OBJECTS && !objects.contains_key(&key) {
            return Err(KubeError::TooMany { request: format!("GET {path}"), limit: MAX_WATCHED_OBJECTS });
        }
        objects.insert(key, Arc::new(object));
        Ok(())
    }

    /// Makes the objects known.
    fn publish(&self) {
        let value = (self.view)(&self.objects);
        self.store(State {
            value: Some(Arc::new(value)),
            synced: true,
            error: None,
            changed_at: Some(SystemTime::now()),
        });
    }

    /// Says that the apiserver is being watched.
    fn recovered(&mut self) {
        let known = self.shared.state.load_full();
        if self.failures > 0 {
            tracing::info!(target: "ringwall::kubernetes", failures = self.failures, "the apiserver is watched again");
        }
        self.failures = 0;
        if !known.synced {
            self.store(State {
                value: known.value.clone(),
                synced: true,
                error: None,
                changed_at: known.changed_at,
            });
        }
    }

    /// Says that it is not, and why; what was known stays.
    fn failed(&mut self, error: &KubeError) {
        self.failures = self.failures.saturating_add(1);
        if self.failures == 1 {
            let hint = error.hint();
            tracing::warn!(target: "ringwall::kubernetes", %error, hint, "what is watched is not up to date");
        } else {
            tracing::debug!(target: "ringwall::kubernetes", %error, failures = self.failures, "still not watched");
        }
        let known = self.shared.state.load_full();
        self.store(State {
            value: known.value.clone(),
            synced: false,
            error: Some(error.to_string()),
            changed_at: known.changed_at,
        });
    }

    fn store(&self, state: State<V>) {
        self.shared.state.store(Arc::new(state));
        self.shared.version.send_modify(|version| *version = version.wrapping_add(1));
    }
}

fn key<T: Resource>(object: &T) -> Key {
    let meta = object.meta();
    Key::new(meta.namespace.as_deref().unwrap_or_default(), meta.name.as_deref().unwrap_or_default())
}
