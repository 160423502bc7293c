//! A registry's parts, and how a change is tried until it meets nobody else's.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use data_encoding::HEXLOWER;
use jiff::{SignedDuration, Timestamp};
use ringwall_objects::Objects;
use ringwall_registry::Mutability;
use ringwall_store::{Batch, Expect, Row, Store, StoreError, Table};
use serde_json::Value;

use crate::blob::{BlobRecord, Link};
use crate::collect::{Doomed, Gone};
use crate::control::setting;
use crate::error::OciError;
use crate::image::{Image, Pulled, Referrer};
use crate::manifest::Tagged;
use crate::name::RepositoryKey;
use crate::pulls::Pulls;
use crate::repository::Repository;
use crate::sessions::Sessions;
use crate::upload::UploadRecord;

/// Memory of each table of records, in bytes: some ten thousand images with their tags and blobs.
const TABLE_BYTES: usize = 6 << 20;

/// Memory of manifests' bytes.
const MANIFEST_BYTES: usize = 12 << 20;

/// How often a change is tried that meets others'. Each conflict is another's success, so only what very many write at
/// the same time gets there.
const MAX_TRIES: u32 = 64;

/// The longest wait before a change is tried again.
const MAX_WAIT: Duration = Duration::from_millis(48);

/// For how long a repository that is being deleted takes nothing new. Whoever deletes it needs moments; if he died, it goes
/// on after this.
const DELETING: SignedDuration = SignedDuration::from_secs(30);

/// What time it is.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Whether a tag of a repository that names one image may be made to name another one.
pub type TagRule = Arc<dyn Fn(&Repository, &str) -> bool + Send + Sync>;

/// How a registry behaves.
#[derive(Clone)]
pub struct Settings {
    /// What time it is.
    pub clock: Clock,
    /// Which tags may move. By default those that the repository's mutability lets move; of one that can't be read none.
    pub tag_rule: TagRule,
    /// How long a blob is kept after it was pushed, mounted or asked for, although no manifest needs it. Default 24 hours.
    /// Clocks of replicas may differ by half of it.
    pub grace: Duration,
    /// How long an upload is kept after its last piece. Default 24 hours.
    pub upload_grace: Duration,
    /// How long an object is kept after nothing names it any more, for who reads it still. Default 1 hour.
    pub reader_grace: Duration,
    /// How long changes are kept. Default 7 days.
    pub keep_changes: Duration,
    /// The largest blob in bytes. Default 52,000 MiB, ECR's largest layer.
    pub max_blob: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            clock: Arc::new(Timestamp::now),
            tag_rule: Arc::new(may_move),
            grace: Duration::from_secs(24 * 3_600),
            upload_grace: Duration::from_secs(24 * 3_600),
            reader_grace: Duration::from_secs(3_600),
            keep_changes: Duration::from_secs(7 * 24 * 3_600),
            max_blob: 52_000 << 20,
        }
    }
}

/// Whether the mutability that is set for a repository lets a tag move.
///
/// Source: AWS, *Amazon ECR User Guide*, "Preventing image tags from being overwritten".
fn may_move(repository: &Repository, tag: &str) -> bool {
    let names = [setting::MUTABILITY, setting::EXCLUSION_FILTERS];
    let set =
        names.into_iter().filter_map(|name| Some((name.to_owned(), repository.settings.get(name)?.clone())));
    let mutability = serde_json::from_value::<Mutability>(Value::Object(set.collect()));
    let tag = ringwall_registry::Tag::parse(tag);
    mutability.is_ok_and(|mutability| tag.is_ok_and(|tag| mutability.may_move(&tag)))
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("grace", &self.grace).finish_non_exhaustive()
    }
}

/// All registries of an installation. Cloning is cheap, and clones are the same.
#[derive(Clone)]
pub struct Registry {
    pub(crate) inner: Arc<Inner>,
}

/// The records, by kind. Repositories are known to all others by their ids, so that one that is made anew under a name that was
/// deleted has nothing of the old one.
pub(crate) struct Inner {
    pub(crate) objects: Objects,
    pub(crate) store: Store,
    pub(crate) settings: Settings,
    /// By name.
    pub(crate) repositories: Table<Repository>,
    /// By digest.
    pub(crate) blobs: Table<BlobRecord>,
    /// Bytes of small blobs, as Base64, by digest.
    pub(crate) inline: Table<String>,
    /// Which repository has which blob: `ID@DIGEST`.
    pub(crate) links: Table<Link>,
    /// The same the other way round, with the repository's name: `DIGEST@ID`.
    pub(crate) holders: Table<String>,
    /// `ID@DIGEST`.
    pub(crate) images: Table<Image>,
    /// A manifest's text in pieces: `ID@DIGEST@NUMBER`.
    pub(crate) texts: Table<String>,
    /// Which manifest needs what: `ID@DIGEST@MANIFEST`.
    pub(crate) uses: Table<()>,
    /// `ID:TAG`.
    pub(crate) tags: Table<Tagged>,
    /// `ID@SUBJECT@DIGEST`.
    pub(crate) referrers: Table<Referrer>,
    /// `ID@DIGEST`.
    pub(crate) pulled: Table<Pulled>,
    /// By id.
    pub(crate) uploads: Table<UploadRecord>,
    /// Objects that nothing names any more, by name.
    pub(crate) doomed: Table<Doomed>,
    /// Repositories that were deleted, by id.
    pub(crate) gone: Table<Gone>,
    pub(crate) sessions: Sessions,
    pub(crate) pulls: Mutex<HashMap<Pulls, Timestamp>>,
    random: SystemRandom,
}

impl Registry {
    /// Opens what the store and the objects hold. Needs tokio's runtime, with its clock: pulls are noted in the background.
    ///
    /// # Errors
    ///
    /// The folder of the objects can't be written to.
    pub async fn open(objects: Objects, store: Store, settings: Settings) -> Result<Self, OciError> {
        objects.prepare().await?;
        let inner = Inner {
            repositories: Table::with_cache(&store, "oci/repository", TABLE_BYTES),
            blobs: Table::with_cache(&store, "oci/blob", TABLE_BYTES),
            inline: Table::with_cache(&store, "oci/inline", TABLE_BYTES),
            links: Table::with_cache(&store, "oci/link", TABLE_BYTES),
            holders: Table::with_cache(&store, "oci/holder", 0),
            images: Table::with_cache(&store, "oci/image", TABLE_BYTES),
            texts: Table::with_cache(&store, "oci/text", MANIFEST_BYTES),
            uses: Table::with_cache(&store, "oci/use", 0),
            tags: Table::with_cache(&store, "oci/tag", TABLE_BYTES),
            referrers: Table::with_cache(&store, "oci/referrer", 0),
            pulled: Table::with_cache(&store, "oci/pulled", TABLE_BYTES),
            uploads: Table::with_cache(&store, "oci/upload", TABLE_BYTES),
            doomed: Table::with_cache(&store, "oci/doomed", 0),
            gone: Table::with_cache(&store, "oci/gone", 0),
            sessions: Sessions::default(),
            pulls: Mutex::default(),
            random: SystemRandom::new(),
            objects,
            store,
            settings,
        };
        let registry = Self { inner: Arc::new(inner) };
        registry.note_pulls_in_the_background();
        Ok(registry)
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.inner.settings.clock)()
    }

    /// When something that is kept for so long from now on may go.
    pub(crate) fn after(&self, grace: Duration) -> Timestamp {
        let grace = SignedDuration::try_from(grace).unwrap_or(SignedDuration::MAX);
        self.now().saturating_add(grace).unwrap_or(Timestamp::MAX)
    }

    /// When something happened that was kept for so long up to now.
    pub(crate) fn before(&self, grace: Duration) -> Timestamp {
        let grace = SignedDuration::try_from(grace).unwrap_or(SignedDuration::MAX);
        self.now().saturating_sub(grace).unwrap_or(Timestamp::MIN)
    }

    /// So many random bytes as hexadecimal digits.
    pub(crate) fn random<const N: usize>(&self) -> Result<String, OciError> {
        let mut bytes = [0; N];
        let filled = self.inner.random.fill(&mut bytes);
        filled.map_err(|_| OciError::Broken("the system has no random numbers".to_owned()))?;
        Ok(HEXLOWER.encode(&bytes))
    }

    /// The repository, as something new is put into it.
    pub(crate) async fn known(&self, key: &RepositoryKey) -> Result<Arc<Row<Repository>>, OciError> {
        let unknown = || OciError::NoRepository(key.name().to_owned());
        let mut tries = Tries::default();
        loop {
            let found = self.inner.repositories.get(key.account(), "", key.name()).await?;
            let row = found.ok_or_else(unknown)?;
            let Some(since) = row.value.deleting_since else { return Ok(row) };
            if self.now().duration_since(since) < DELETING {
                return Err(unknown());
            }
            // Who wanted to delete it is gone, and finds out by the revision if he isn't.
            let mut batch = Batch::new();
            let repository = Repository { deleting_since: None, ..row.value.clone() };
            let expect = Expect::Revision(row.revision);
            self.inner.repositories.put(&mut batch, key.account(), "", key.name(), &repository, expect);
            if let Err(error) = self.inner.store.commit(batch).await {
                tries.again(self, error.into()).await?;
            }
        }
    }

    /// Lets a batch be made only if the repository is as it was read: not deleted, and with the same settings.
    pub(crate) fn require_repository(&self, batch: &mut Batch, row: &Row<Repository>) {
        batch.require(row.place.clone(), Expect::Revision(row.revision));
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").finish_non_exhaustive()
    }
}

/// Counts how often a change was tried.
#[derive(Debug, Default)]
pub(crate) struct Tries(u32);

impl Tries {
    /// Returns when it may be tried again.
    ///
    /// # Errors
    ///
    /// The error, if it isn't that somebody else came first; [`OciError::Contended`] if it was tried often enough.
    pub(crate) async fn again(&mut self, registry: &Registry, error: OciError) -> Result<(), OciError> {
        let OciError::Store(StoreError::Conflict(_)) = error else { return Err(error) };
        self.0 += 1;
        if self.0 >= MAX_TRIES {
            return Err(OciError::Contended);
        }
        // Whoever came first may be another process, of which memory does not know yet.
        registry.inner.store.refresh().await?;
        let most =
            Duration::from_millis(1).saturating_mul(2_u32.saturating_pow(self.0.min(16))).min(MAX_WAIT);
        let mut byte = [0];
        // Any wait does if there are no random numbers.
        let _ = registry.inner.random.fill(&mut byte);
        let [byte] = byte;
        tokio::time::sleep(most.mul_f64(f64::from(byte) / 256.0)).await;
        Ok(())
    }
}
