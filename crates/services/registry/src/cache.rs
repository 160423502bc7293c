//! Pull-through caches: an image that is not here is fetched from its upstream when it is pulled, and kept.
//!
//! Which repository is whose is said by [`ringwall_registry::cache`]; what a new one gets, by a creation template.

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::stream;
use jiff::Timestamp;
use ringwall_http::HttpStream;
use ringwall_oci::control::{Control, setting};
use ringwall_oci::{Digest, OciError, Push, Reference, Registry, RepositoryKey};
use ringwall_registry::RepositoryName;
use ringwall_registry::cache::{self, Rule};
use ringwall_registry::template::{self, AppliedFor};
use ringwall_store::{Change, Scan, Store, StoreError, Table};
use serde_json::{Map, Value};

use crate::remote::{Remote, RemoteError, RemoteManifest};

/// Rules, or templates, of an account that are read: as many as ECR lets it have, with room.
const MAX_RULES: usize = 1_000;

/// Largest blob that is fetched: ECR's largest layer.
const MAX_BLOB: u64 = 52_000 << 20;

/// Finds the registries that rules mean.
pub trait Upstreams: Send + Sync + 'static {
    /// A client of the rule's upstream with its credentials, or why there is none.
    fn find(&self, account: &str, rule: &Rule) -> impl Future<Output = Result<Arc<Remote>, String>> + Send;
}

/// Why an image was not fetched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CacheError {
    /// The upstream. ECR: `UpstreamUnavailable` and the like.
    #[error(transparent)]
    Upstream(#[from] RemoteError),
    /// There is no client of it.
    #[error("the upstream can't be asked: {0}")]
    Unknown(String),
    /// The registry here.
    #[error(transparent)]
    Oci(#[from] OciError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What came of a look at the upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// No rule is for the repository.
    NoRule,
    /// The upstream was not asked, or does not answer, or has the same: what is here may be served.
    AsBefore,
    /// It is here now.
    New,
    /// The upstream has no such image.
    NotThere,
}

/// The cache.
#[derive(Debug)]
pub struct Cache<U> {
    registry: Registry,
    control: Control,
    /// When the upstream was last asked for a tag.
    checked: Table<i64>,
    upstreams: U,
    /// Fetches under way: a thousand nodes that pull one image fetch it once.
    fetching: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

impl<U: Upstreams> Cache<U> {
    /// For all registries of an installation.
    pub fn new(registry: Registry, store: &Store, upstreams: U) -> Self {
        Self {
            registry,
            control: Control::new(store),
            checked: Table::new(store, "registry/upstream-check"),
            upstreams,
            fetching: Mutex::new(HashMap::new()),
        }
    }

    /// Makes an image be here, if it is an upstream's: to be called before a manifest is read, for who may pull it.
    ///
    /// # Errors
    ///
    /// The upstream, the registry or the store fail, and the image is not here.
    pub async fn fetch(
        &self,
        key: &RepositoryKey,
        reference: &Reference,
        now: Timestamp,
    ) -> Result<Fetched, CacheError> {
        let Ok(name) = RepositoryName::parse(key.name()) else { return Ok(Fetched::NoRule) };
        let scan = Scan { limit: MAX_RULES, ..Scan::default() };
        let rows = self.control.cache_rules.scan(key.account(), "", scan).await?;
        let Some((rule, upstream)) = cache::find(rows.iter().map(|row| &row.value.rule), &name) else {
            return Ok(Fetched::NoRule);
        };
        let what = format!("{} {reference}", key.name());
        let lock = {
            let mut fetching = self.fetching.lock().unwrap_or_else(PoisonError::into_inner);
            fetching.retain(|_, lock| Arc::strong_count(lock) > 1);
            Arc::clone(fetching.entry(format!("{} {what}", key.account())).or_default())
        };
        let _turn = lock.lock().await;
        let here = match self.registry.image(key, reference).await {
            Ok(image) => image,
            Err(OciError::NoRepository(_)) => None,
            Err(error) => return Err(error.into()),
        };
        if here.is_some() {
            let is_due = match reference {
                // What has the digest is the image.
                Reference::Digest(_) => false,
                Reference::Tag(_) => {
                    let row = self.checked.get(key.account(), "", &what).await?;
                    cache::is_due(row.map(|row| row.value), now.as_millisecond())
                }
            };
            if !is_due {
                return Ok(Fetched::AsBefore);
            }
        }
        let asked =
            self.update(key, &upstream, rule, reference, here.as_ref().map(|image| &image.digest)).await;
        if matches!(reference, Reference::Tag(_)) && asked.is_ok() {
            let place = self.checked.place(key.account(), "", &what);
            self.checked.update::<StoreError>(&place, |_| Ok(Change::Put(now.as_millisecond()))).await?;
        }
        match asked {
            // What is here is better than nothing (ECR serves it too).
            Err(error) if here.is_some() => {
                tracing::warn!(repository = key.name(), %reference, %error, "an upstream is not asked, and what is here is served");
                Ok(Fetched::AsBefore)
            }
            Ok(Fetched::NotThere) if here.is_some() => Ok(Fetched::AsBefore),
            asked => asked,
        }
    }

    async fn update(
        &self,
        key: &RepositoryKey,
        upstream: &str,
        rule: &Rule,
        reference: &Reference,
        here: Option<&Digest>,
    ) -> Result<Fetched, CacheError> {
        let remote = self.upstreams.find(key.account(), rule).await.map_err(CacheError::Unknown)?;
        let Some(manifest) = remote.manifest(upstream, &reference.to_string()).await? else {
            return Ok(Fetched::NotThere);
        };
        if here == Some(&manifest.digest) {
            return Ok(Fetched::AsBefore);
        }
        self.create(key).await?;
        for blob in blobs(&manifest) {
            self.blob(key, upstream, &remote, &blob).await?;
        }
        let tags = match reference {
            Reference::Tag(tag) => vec![tag.clone()],
            Reference::Digest(_) => Vec::new(),
        };
        let RemoteManifest { digest, media_type, bytes } = manifest;
        let media_type = (!media_type.is_empty()).then_some(media_type);
        self.registry.push_manifest(key, Push { tags, digest: Some(digest), media_type, bytes }).await?;
        Ok(Fetched::New)
    }

    /// Makes the repository, as the template for caches says.
    async fn create(&self, key: &RepositoryKey) -> Result<(), CacheError> {
        if self.registry.repository(key).await?.is_some() {
            return Ok(());
        }
        let scan = Scan { limit: MAX_RULES, ..Scan::default() };
        let rows = self.control.templates.scan(key.account(), "", scan).await?;
        let Ok(name) = RepositoryName::parse(key.name()) else { return Ok(()) };
        let found =
            template::find(rows.iter().map(|row| &row.value.template), &name, AppliedFor::PullThroughCache);
        let row = rows.iter().find(|row| found == Some(&row.value.template));
        let settings = found.map(|found| settings(found, row.and_then(|row| row.value.policy.clone())));
        match self.registry.create_repository(key, settings.unwrap_or_default()).await {
            Ok(_) | Err(OciError::RepositoryExists(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    async fn blob(
        &self,
        key: &RepositoryKey,
        upstream: &str,
        remote: &Remote,
        digest: &Digest,
    ) -> Result<(), CacheError> {
        if self.registry.stat_blob(key, digest).await?.is_some() {
            return Ok(());
        }
        let Some(body) = remote.blob(upstream, digest, MAX_BLOB).await? else { return Ok(()) };
        let pieces = stream::unfold(Some(body), |body| async move {
            let mut body: HttpStream = body?;
            match body.next().await {
                Ok(Some(piece)) => Some((Ok(piece), Some(body))),
                Ok(None) => None,
                Err(error) => Some((Err(io::Error::other(error)), None)),
            }
        });
        // Its digest is checked while it streams: other bytes are refused and nothing is kept of them.
        self.registry.push_blob(key, digest, None, Box::pin(pieces)).await?;
        Ok(())
    }
}

/// The settings of a new repository.
fn settings(template: &template::Template, policy: Option<Value>) -> Map<String, Value> {
    let mut settings = match serde_json::to_value(&template.mutability) {
        Ok(Value::Object(mutability)) => mutability,
        _ => Map::new(),
    };
    if let Some(text) = template.lifecycle_policy.as_ref().filter(|text| !text.is_empty()) {
        settings.insert(setting::LIFECYCLE.to_owned(), text.as_str().into());
    }
    settings.extend(policy.map(|policy| (setting::POLICY.to_owned(), policy)));
    let encryption = template.encryption_configuration.clone();
    settings.extend(encryption.map(|encryption| (setting::ENCRYPTION.to_owned(), encryption)));
    if !template.resource_tags.is_empty() {
        let tags = template.resource_tags.iter().map(|tag| (tag.key.clone(), tag.value.as_str().into()));
        settings.insert(setting::TAGS.to_owned(), Value::Object(tags.collect()));
    }
    settings
}

/// The blobs that a manifest lists: config and layers. What an index lists is fetched when it is pulled.
fn blobs(manifest: &RemoteManifest) -> Vec<Digest> {
    let Ok(read) = serde_json::from_slice::<Value>(&manifest.bytes) else { return Vec::new() };
    let layers = read.get("layers").and_then(Value::as_array).into_iter().flatten();
    let all = read.get("config").into_iter().chain(layers);
    let digests = all.filter_map(|descriptor| descriptor.get("digest")?.as_str()?.parse().ok());
    let mut blobs: Vec<Digest> = digests.collect();
    blobs.sort();
    blobs.dedup();
    blobs
}
