//! Replication: pushes and deletes go to the registries that the account's rules name.
//!
//! Which change goes where is said by [`ringwall_registry::replication`]. Changes become jobs in one commit with the place in the
//! feed up to which they did, so that none is lost and none comes twice by a restart; a job is gone when the other side has
//! answered. The work itself ([`copy`]) may be done twice without harm.

mod copy;
mod job;
mod origin;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use ringwall_oci::control::{Control, ImageReplication, ImageState, image_name};
use ringwall_oci::{Change, Event, OciError, Registry, RepositoryKey};
use ringwall_registry::RepositoryName;
use ringwall_registry::replication::{self, Configuration, Destination};
use ringwall_store::{Batch, Change as Update, Expect, Row, Scan, Store, StoreError, Table};

pub use self::copy::{CopyError, copy_image};
pub use self::job::{Job, Kind};
pub use self::origin::Origins;
use crate::remote::{Remote, RemoteError};

/// Changes of one step. Each is a job for each of its destinations, all in one commit.
const CHANGES: usize = 20;

/// Jobs that are looked at in one step.
const JOBS: usize = 100;

/// Longest time between two attempts at a job; the first comes after a second, each after twice as long.
const MAX_WAIT: Duration = Duration::from_secs(600);

/// Attempts at a job that fails without hope of getting better by itself (the other side refuses).
const MAX_REFUSALS: u32 = 3;

/// How long the worker rests when nothing is to be done.
const REST: Duration = Duration::from_secs(1);

/// Finds the registries that destinations mean.
pub trait Destinations: Send + Sync + 'static {
    /// A client of the destination, or why there is none.
    fn find(&self, destination: &Destination) -> impl Future<Output = Result<Arc<Remote>, String>> + Send;

    /// Makes a repository there ready to be pushed to: by a creation template of its own, or with the settings of ours where
    /// the operator asked for that. Registries that make repositories by themselves need nothing.
    fn prepare(
        &self,
        destination: &Destination,
        repository: &ringwall_oci::Repository,
    ) -> impl Future<Output = Result<(), String>> + Send {
        let _ = (destination, repository);
        std::future::ready(Ok(()))
    }
}

/// Why replication did not go on.
#[derive(Debug, thiserror::Error)]
pub enum ReplicateError {
    /// The registry here.
    #[error(transparent)]
    Oci(#[from] OciError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The worker.
#[derive(Debug)]
pub struct Replicator<D> {
    registry: Registry,
    store: Store,
    control: Control,
    origins: Origins,
    jobs: Table<Job>,
    cursor: Table<i64>,
    destinations: D,
}

/// The one record of how far the feed was read.
const CURSOR: &str = "cursor";

impl<D: Destinations> Replicator<D> {
    /// For all registries of an installation.
    pub fn new(registry: Registry, store: &Store, destinations: D) -> Self {
        Self {
            registry,
            store: store.clone(),
            control: Control::new(store),
            origins: Origins::new(store),
            jobs: Table::new(store, "registry/replication-job"),
            cursor: Table::new(store, "registry/replication-cursor"),
            destinations,
        }
    }

    /// Goes on for good. What fails is logged and tried again.
    pub async fn run(&self, now: impl Fn() -> Timestamp) {
        loop {
            match self.step(now()).await {
                Ok(0) => tokio::time::sleep(REST).await,
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(%error, "replication rests");
                    tokio::time::sleep(REST).await;
                }
            }
        }
    }

    /// Reads the feed on and does what is due; returns how much that was.
    ///
    /// # Errors
    ///
    /// Those of registry and store. Nothing is lost by them.
    pub async fn step(&self, now: Timestamp) -> Result<usize, ReplicateError> {
        Ok(self.read_feed(now).await? + self.work(now).await?)
    }

    async fn read_feed(&self, now: Timestamp) -> Result<usize, ReplicateError> {
        let row = self.cursor.get("", "", CURSOR).await?;
        let after = row.as_ref().map_or(0, |row| row.value);
        let page = self.registry.changes(after, CHANGES).await?;
        if page.next == after {
            return Ok(0);
        }
        let mut batch = Batch::new();
        for change in &page.changes {
            for job in self.jobs_of(change, now).await? {
                self.jobs.put(&mut batch, "", "", &job.name(), &job, Expect::Any);
            }
        }
        let expect = row.map_or(Expect::Absent, |row| Expect::Revision(row.revision));
        self.cursor.put(&mut batch, "", "", CURSOR, &page.next, expect);
        self.store.commit(batch).await?;
        Ok(page.changes.len())
    }

    /// What a change has to be told to others.
    async fn jobs_of(&self, change: &Change, now: Timestamp) -> Result<Vec<Job>, ReplicateError> {
        let Some(rules) = self.rules(&change.account).await? else { return Ok(Vec::new()) };
        let Ok(name) = RepositoryName::parse(&change.repository) else { return Ok(Vec::new()) };
        let (what, kinds): (_, Vec<(&str, Kind)>) = match &change.event {
            Event::Pushed { digest, tags, is_new, .. } => {
                let by_tag = tags.iter().map(|tag| Kind::Push { tag: Some(tag.clone()) });
                let plain = (tags.is_empty() && *is_new).then_some(Kind::Push { tag: None });
                (replication::Change::Push, by_tag.chain(plain).map(|kind| (digest.as_str(), kind)).collect())
            }
            Event::Untagged { digest, tag } => {
                (replication::Change::Delete, vec![(digest.as_str(), Kind::Untag { tag: tag.clone() })])
            }
            Event::Deleted { digest, .. } => {
                (replication::Change::Delete, vec![(digest.as_str(), Kind::Delete)])
            }
            _ => return Ok(Vec::new()),
        };
        let mut jobs = Vec::new();
        for (digest, kind) in kinds {
            let origin = self.origins.of(&change.account, &change.repository_id, digest, &kind).await?;
            for destination in rules.targets(&name, what, origin.as_ref()) {
                jobs.push(Job {
                    account: change.account.clone(),
                    repository: change.repository.clone(),
                    repository_id: change.repository_id.clone(),
                    digest: digest.to_owned(),
                    destination: destination.clone(),
                    kind: kind.clone(),
                    sequence: change.sequence,
                    backfill: None,
                    attempts: 0,
                    refusals: 0,
                    not_before: now.as_millisecond(),
                });
            }
        }
        Ok(jobs)
    }

    async fn rules(&self, account: &str) -> Result<Option<Configuration>, ReplicateError> {
        let row = self.control.account(account).await?;
        let rules = row.and_then(|row| row.value.replication.clone());
        Ok(rules.and_then(|rules| serde_json::from_value(rules).ok()))
    }

    /// Makes jobs of all images that were there before the rules: what a backfill to a destination sends. Returns how many.
    ///
    /// # Errors
    ///
    /// Those of registry and store. What was made before is made again by the next call.
    pub async fn backfill(
        &self,
        account: &str,
        destination: &Destination,
        id: &str,
        now: Timestamp,
    ) -> Result<u32, ReplicateError> {
        let Some(rules) = self.rules(account).await? else { return Ok(0) };
        let (mut after, mut count): (Option<String>, u32) = (None, 0);
        loop {
            let page = self.registry.repositories(account, after.as_deref(), JOBS).await?;
            for repository in &page {
                let Ok(name) = RepositoryName::parse(&repository.name) else { continue };
                if !rules.backfills(&name, destination) {
                    continue;
                }
                let key = RepositoryKey::new(account, repository.name.clone())?;
                for image in self.registry.all_images(&key).await? {
                    let tags = image.tags.iter().cloned().map(Some);
                    let kinds =
                        tags.chain(image.tags.is_empty().then_some(None)).map(|tag| Kind::Push { tag });
                    let mut batch = Batch::new();
                    for kind in kinds {
                        let digest = image.digest.as_str();
                        if self.origins.of(account, &repository.id, digest, &kind).await?.is_some() {
                            continue;
                        }
                        let job = Job {
                            account: account.to_owned(),
                            repository: repository.name.clone(),
                            repository_id: repository.id.clone(),
                            digest: digest.to_owned(),
                            destination: destination.clone(),
                            kind,
                            sequence: 0,
                            backfill: Some(id.to_owned()),
                            attempts: 0,
                            refusals: 0,
                            not_before: now.as_millisecond(),
                        };
                        self.jobs.put(&mut batch, "", "", &job.name(), &job, Expect::Any);
                        count = count.saturating_add(1);
                    }
                    if !batch.is_empty() {
                        self.store.commit(batch).await?;
                    }
                }
            }
            if page.len() < JOBS {
                return Ok(count);
            }
            after = page.last().map(|repository| repository.name.clone());
        }
    }

    /// Does the jobs that are due, in the order of the changes; a job that has to wait holds up those of its repository at its
    /// destination, so that a delete doesn't overtake a push.
    async fn work(&self, now: Timestamp) -> Result<usize, ReplicateError> {
        let mut done = 0;
        let mut held: Vec<String> = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let scan = Scan { after: after.as_deref(), limit: JOBS, ..Scan::default() };
            let rows = self.jobs.scan("", "", scan).await?;
            for row in &rows {
                let queue = row.value.queue();
                if held.contains(&queue) {
                    continue;
                }
                if row.value.not_before > now.as_millisecond() || !self.do_one(row, now).await? {
                    held.push(queue);
                } else {
                    done += 1;
                }
            }
            if rows.len() < JOBS {
                return Ok(done);
            }
            after = rows.last().map(|row| row.place.name.clone());
        }
    }

    /// Does one job; tells whether it is over.
    async fn do_one(&self, row: &Row<Job>, now: Timestamp) -> Result<bool, ReplicateError> {
        let job = &row.value;
        let failed = self.attempt(job).await.err();
        let is_over = match &failed {
            None => true,
            Some(failure) => !failure.is_transient && job.refusals + 1 >= MAX_REFUSALS,
        };
        let mut batch = Batch::new();
        let name = &row.place.name;
        // Not if the same was asked for again meanwhile.
        let expect = Expect::Revision(row.revision);
        if is_over {
            self.jobs.delete(&mut batch, "", "", name, expect);
        } else {
            let later =
                job.later(now, failed.as_ref().is_some_and(|failure| !failure.is_transient), MAX_WAIT);
            self.jobs.put(&mut batch, "", "", name, &later, expect);
        }
        if let Some(failure) = &failed {
            let why = failure.why.as_str();
            let to = job.destination.to_string();
            tracing::warn!(
                repository = job.repository,
                digest = job.digest,
                to,
                why,
                is_over,
                "an image was not replicated"
            );
        }
        match self.store.commit(batch).await {
            Ok(_) => {}
            Err(StoreError::Conflict(_)) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
        if matches!(job.kind, Kind::Push { .. }) {
            let status = match (&failed, is_over) {
                (None, _) => "COMPLETE",
                (Some(_), true) => "FAILED",
                (Some(_), false) => "IN_PROGRESS",
            };
            self.tell(job, status, failed.map(|failure| failure.why)).await?;
        }
        Ok(is_over)
    }

    async fn attempt(&self, job: &Job) -> Result<(), Failure> {
        let refused = |why: String| Failure { why, is_transient: true };
        let remote = self.destinations.find(&job.destination).await.map_err(refused)?;
        match &job.kind {
            Kind::Push { tag } => {
                let key = RepositoryKey::new(job.account.clone(), job.repository.clone())?;
                let repository = self.registry.repository(&key).await?;
                // What is gone by now has a job of its own that says so.
                let Some(repository) = repository.filter(|repository| repository.id == job.repository_id)
                else {
                    return Ok(());
                };
                self.destinations.prepare(&job.destination, &repository).await.map_err(refused)?;
                Ok(copy_image(&self.registry, &key, &job.digest, tag.as_deref(), &remote).await?)
            }
            Kind::Untag { tag } => {
                // Only if it is still the image that lost it here: the other side may have moved it on.
                if remote.digest(&job.repository, tag).await?.as_deref() == Some(&job.digest) {
                    remote.delete_manifest(&job.repository, tag).await?;
                }
                Ok(())
            }
            Kind::Delete => Ok(remote.delete_manifest(&job.repository, &job.digest).await?),
        }
    }

    /// What `DescribeImageReplicationStatus` tells.
    async fn tell(&self, job: &Job, status: &str, failure: Option<String>) -> Result<(), ReplicateError> {
        let place = self.control.images.place(&job.account, "", &image_name(&job.repository_id, &job.digest));
        let (region, registry) = (job.destination.region.as_str(), job.destination.registry_id.as_str());
        self.control
            .images
            .update::<StoreError>(&place, |now| {
                let mut next: ImageState = now.cloned().unwrap_or_default();
                next.replication
                    .retain(|known| (known.region.as_str(), known.registry.as_str()) != (region, registry));
                next.replication.push(ImageReplication {
                    region: region.to_owned(),
                    registry: registry.to_owned(),
                    status: status.to_owned(),
                    failure: failure.clone(),
                });
                Ok(Update::Put(next))
            })
            .await?;
        Ok(())
    }
}

/// Why a job failed.
#[derive(Debug)]
struct Failure {
    why: String,
    is_transient: bool,
}

impl From<RemoteError> for Failure {
    fn from(error: RemoteError) -> Self {
        Self { is_transient: error.is_transient(), why: error.to_string() }
    }
}

impl From<OciError> for Failure {
    fn from(error: OciError) -> Self {
        Self { is_transient: true, why: error.to_string() }
    }
}

impl From<CopyError> for Failure {
    fn from(error: CopyError) -> Self {
        match error {
            CopyError::Remote(error) => error.into(),
            CopyError::Oci(error) => error.into(),
        }
    }
}
