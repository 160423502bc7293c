//! The one task that writes: it takes all batches that wait into one transaction, and looks for others' changes.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::any::{Any, AnyArguments};
use sqlx::query::Query;
use sqlx::{AnyConnection, Connection as _, Row as _};
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::time::{MissedTickBehavior, timeout};

use crate::batch::{Action, Expect, Operation};
use crate::dialect::Database;
use crate::error::StoreError;
use crate::hub::{Changed, Hub};
use crate::place::Place;
use crate::store::place;

/// The most batches of one transaction: with more, the first ones would wait for long.
const MAX_GROUP: usize = 256;

/// The most operations of one transaction, beyond its last batch.
const MAX_GROUP_OPERATIONS: usize = 2_000;

/// How long a transaction may take: more than SQLite waits for another process, less than a client waits for its answer.
const COMMIT_TIMEOUT: Duration = Duration::from_secs(25);

/// How long a look for others' changes may take.
const LOOK_TIMEOUT: Duration = Duration::from_secs(5);

/// More changes than this are told as [`Changed::Anything`].
const MAX_CHANGES: usize = 10_000;

/// Deletions are kept for so many generations, so that other processes see them; those that come later are told that
/// anything may have changed.
const KEEP_DELETIONS: i64 = 10_000;

/// How often old deletions are pruned, in generations.
const PRUNE_EVERY: i64 = 1_000;

pub(crate) enum Job {
    Commit(Commit),
    Refresh(oneshot::Sender<Result<(), StoreError>>),
    Close(oneshot::Sender<Result<(), StoreError>>),
}

/// A batch, and who waits for it.
pub(crate) struct Commit {
    pub(crate) operations: Vec<Operation>,
    pub(crate) reply: oneshot::Sender<Result<i64, StoreError>>,
}

pub(crate) struct Writer {
    database: Database,
    /// None after an error: the next job makes a new one.
    connection: Option<AnyConnection>,
    hub: Arc<Hub>,
    subscribers: broadcast::Sender<Changed>,
    /// Up to this generation all changes are told.
    seen: i64,
    /// The generation at which old deletions were last pruned.
    pruned_at: i64,
}

/// What a transaction did.
struct Done {
    /// The generation before it.
    base: i64,
    /// The generation after it.
    top: i64,
    /// Of each batch, the place at which it met a conflict.
    conflicts: Vec<Option<Place>>,
}

impl Writer {
    pub(crate) async fn start(
        database: Database,
        mut connection: AnyConnection,
        hub: Arc<Hub>,
        subscribers: broadcast::Sender<Changed>,
    ) -> Result<Self, StoreError> {
        let begun = Instant::now();
        let (seen, pruned_at) = generation(&mut connection).await.map_err(StoreError::database("open"))?;
        hub.looked(begun);
        Ok(Self { database, connection: Some(connection), hub, subscribers, seen, pruned_at })
    }

    /// Works until the store is closed or forgotten.
    pub(crate) async fn run(mut self, mut queue: mpsc::Receiver<Job>, poll: Duration) {
        let mut ticks = tokio::time::interval(poll);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut carried = None;
        loop {
            let job = match carried.take() {
                Some(job) => Some(job),
                None => tokio::select! {
                    job = queue.recv() => job,
                    _ = ticks.tick() => {
                        if let Err(error) = self.look().await {
                            tracing::warn!(error = &error as &dyn std::error::Error, "can't look for others' changes");
                        }
                        continue;
                    }
                },
            };
            match job {
                None => break,
                Some(Job::Commit(first)) => {
                    let group;
                    (group, carried) = gather(first, &mut queue);
                    self.commit(group).await;
                }
                // Whoever asked may have gone.
                Some(Job::Refresh(reply)) => drop(reply.send(self.look().await)),
                Some(Job::Close(reply)) => {
                    queue.close();
                    self.disconnect().await;
                    drop(reply.send(Ok(())));
                    return;
                }
            }
        }
        self.disconnect().await;
    }

    async fn disconnect(&mut self) {
        if let Some(connection) = self.connection.take()
            && let Err(error) = connection.close().await
        {
            tracing::warn!(error = &error as &dyn std::error::Error, "the database's connection broke");
        }
    }

    /// Makes the batches and answers them.
    async fn commit(&mut self, group: Vec<Commit>) {
        let places: Vec<Place> = group
            .iter()
            .flat_map(|commit| &commit.operations)
            .filter(|operation| !matches!(operation.action, Action::Require))
            .map(|operation| operation.place.clone())
            .collect();
        let mut committing = false;
        let begun = Instant::now();
        let result = match timeout(COMMIT_TIMEOUT, self.write(&group, &places, &mut committing)).await {
            Ok(result) => result,
            Err(_) if committing => Err(StoreError::Uncertain),
            Err(_) => Err(StoreError::Slow { doing: "commit" }),
        };
        if committing {
            self.hub.resume(places.iter());
        }
        match result {
            Ok(done) => {
                if committing {
                    self.publish(&done, places, begun).await;
                }
                for ((generation, commit), conflict) in (done.base + 1..).zip(group).zip(done.conflicts) {
                    // Whoever asked may have gone.
                    let _ = commit
                        .reply
                        .send(conflict.map_or(Ok(generation), |at| Err(StoreError::Conflict(at))));
                }
                if committing && done.top - self.pruned_at >= PRUNE_EVERY {
                    self.prune(done.top).await;
                }
            }
            Err(error) => {
                for commit in group {
                    let _ = commit.reply.send(Err(error.clone()));
                }
            }
        }
    }

    /// One transaction. After an error there is no connection, so that nothing of it is left over.
    async fn write(
        &mut self,
        group: &[Commit],
        places: &[Place],
        committing: &mut bool,
    ) -> Result<Done, StoreError> {
        let failed = StoreError::database;
        let mut connection = self.connect().await?;
        let mut transaction = connection
            .begin_with(self.database.dialect.begin_write())
            .await
            .map_err(failed("begin a commit"))?;
        // This row is what writers wait for each other at.
        let batches = i64::try_from(group.len()).unwrap_or(i64::MAX);
        let top: i64 =
            sqlx::query("UPDATE ringwall_meta SET generation = generation + $1 RETURNING generation")
                .bind(batches)
                .fetch_one(&mut *transaction)
                .await
                .and_then(|row| row.try_get(0))
                .map_err(failed("begin a commit"))?;
        let base = top - batches;
        let mut revisions = Revisions::default();
        let mut conflicts = Vec::with_capacity(group.len());
        for (generation, commit) in (base + 1..).zip(group) {
            let conflict = revisions
                .conflict(&mut transaction, &commit.operations)
                .await
                .map_err(failed("check a commit"))?;
            if conflict.is_none() {
                for operation in &commit.operations {
                    revisions
                        .apply(&mut transaction, operation, generation)
                        .await
                        .map_err(failed("write a commit"))?;
                }
            }
            conflicts.push(conflict);
        }
        if conflicts.iter().all(Option::is_some) {
            transaction.rollback().await.map_err(failed("take back a commit"))?;
        } else {
            *committing = true;
            self.hub.suspend(places.iter());
            transaction.commit().await.map_err(StoreError::commit)?;
        }
        self.connection = Some(connection);
        Ok(Done { base, top, conflicts })
    }

    /// Tells subscribers of a commit.
    async fn publish(&mut self, done: &Done, places: Vec<Place>, begun: Instant) {
        if done.base == self.seen {
            self.hub.looked(begun);
            self.seen = done.top;
            self.tell(Changed::Places(places.into()));
        } else if let Err(error) = self.look().await {
            // The next look tells of this commit with those of others that came between.
            tracing::warn!(error = &error as &dyn std::error::Error, "can't look for others' changes");
        }
    }

    /// Looks for others' changes and tells of them.
    async fn look(&mut self) -> Result<(), StoreError> {
        let begun = Instant::now();
        let seen = self.seen;
        let look = async {
            let mut connection = self.connect().await?;
            let (generation, changed) =
                look(&mut connection, seen).await.map_err(StoreError::database("tell what changed"))?;
            self.connection = Some(connection);
            Ok((generation, changed))
        };
        let (generation, changed) = timeout(LOOK_TIMEOUT, look)
            .await
            .unwrap_or(Err(StoreError::Slow { doing: "tell what changed" }))?;
        self.seen = generation;
        if let Some(changed) = changed {
            self.hub.forget(&changed);
            self.tell(changed);
        }
        self.hub.looked(begun);
        Ok(())
    }

    fn tell(&self, changed: Changed) {
        // That nobody listens is no error.
        let _ = self.subscribers.send(changed);
    }

    /// Takes deletions away that every process has seen, or will be told of as [`Changed::Anything`].
    async fn prune(&mut self, generation: i64) {
        self.pruned_at = generation;
        let database = self.database.clone();
        let prune = async {
            let mut connection = self.connect().await?;
            prune(&mut connection, &database, generation - KEEP_DELETIONS)
                .await
                .map_err(StoreError::database("prune deletions"))?;
            self.connection = Some(connection);
            Ok(())
        };
        let pruned = timeout(COMMIT_TIMEOUT, prune).await;
        if let Err(error) = pruned.unwrap_or(Err(StoreError::Slow { doing: "prune deletions" })) {
            tracing::warn!(error = &error as &dyn std::error::Error, "old deletions stay for now");
        }
    }

    /// The connection, which goes back to its place only after success: a future that is dropped drops it.
    async fn connect(&mut self) -> Result<AnyConnection, StoreError> {
        if let Some(mut connection) = self.connection.take()
            // A server that restarted has closed it, which is no reason for a commit to fail.
            && connection.ping().await.is_ok()
        {
            return Ok(connection);
        }
        self.database.connect().await.map_err(StoreError::database("connect"))
    }
}

/// All batches that wait, within the limits, and the job that ends the row.
fn gather(first: Commit, queue: &mut mpsc::Receiver<Job>) -> (Vec<Commit>, Option<Job>) {
    let mut operations = first.operations.len();
    let mut group = vec![first];
    while group.len() < MAX_GROUP && operations < MAX_GROUP_OPERATIONS {
        match queue.try_recv() {
            Ok(Job::Commit(commit)) => {
                operations += commit.operations.len();
                group.push(commit);
            }
            Ok(job) => return (group, Some(job)),
            Err(_) => break,
        }
    }
    (group, None)
}

/// What the transaction knows of places: their revisions, none where there is no record.
#[derive(Default)]
struct Revisions(HashMap<Place, Option<i64>>);

impl Revisions {
    /// The first place that is not as a batch expects it.
    async fn conflict(
        &mut self,
        connection: &mut AnyConnection,
        operations: &[Operation],
    ) -> Result<Option<Place>, sqlx::Error> {
        for Operation { place, expect, .. } in operations {
            if *expect != Expect::Any && !expect.met_by(self.of(connection, place).await?) {
                return Ok(Some(place.clone()));
            }
        }
        Ok(None)
    }

    async fn of(
        &mut self,
        connection: &mut AnyConnection,
        place: &Place,
    ) -> Result<Option<i64>, sqlx::Error> {
        if let Some(known) = self.0.get(place) {
            return Ok(*known);
        }
        let select = sqlx::query(
            "SELECT revision FROM ringwall_records
             WHERE kind = $1 AND account = $2 AND region = $3 AND name = $4 AND deleted = 0",
        );
        let revision =
            bind(select, place).fetch_optional(connection).await?.map(|row| row.try_get(0)).transpose()?;
        self.0.insert(place.clone(), revision);
        Ok(revision)
    }

    async fn apply(
        &mut self,
        connection: &mut AnyConnection,
        operation: &Operation,
        generation: i64,
    ) -> Result<(), sqlx::Error> {
        let Operation { place, action, .. } = operation;
        let after = match action {
            Action::Require => return Ok(()),
            Action::Put(body) => {
                insert(connection, place, body, generation).await?;
                Some(generation)
            }
            // The row stays, empty, so that other processes find the deletion.
            Action::Delete => {
                let delete = sqlx::query(
                    "UPDATE ringwall_records SET revision = $5, body = $6, deleted = 1
                     WHERE kind = $1 AND account = $2 AND region = $3 AND name = $4 AND deleted = 0",
                );
                bind(delete, place).bind(generation).bind(&[][..]).execute(connection).await?;
                None
            }
        };
        self.0.insert(place.clone(), after);
        Ok(())
    }
}

/// Writes a record in place of what is there.
pub(crate) async fn insert(
    connection: &mut AnyConnection,
    place: &Place,
    body: &[u8],
    revision: i64,
) -> Result<(), sqlx::Error> {
    let insert = sqlx::query(
        "INSERT INTO ringwall_records (kind, account, region, name, revision, body, deleted)
         VALUES ($1, $2, $3, $4, $5, $6, 0)
         ON CONFLICT (kind, account, region, name)
         DO UPDATE SET revision = excluded.revision, body = excluded.body, deleted = 0",
    );
    bind(insert, place).bind(revision).bind(body).execute(connection).await?;
    Ok(())
}

/// The last commit's generation, and that of the last deletion that is pruned.
async fn generation(connection: &mut AnyConnection) -> Result<(i64, i64), sqlx::Error> {
    let row = sqlx::query("SELECT generation, pruned FROM ringwall_meta").fetch_one(connection).await?;
    Ok((row.try_get(0)?, row.try_get(1)?))
}

/// The generation now, and what changed since the one that was seen.
async fn look(connection: &mut AnyConnection, seen: i64) -> Result<(i64, Option<Changed>), sqlx::Error> {
    let (generation, pruned) = generation(&mut *connection).await?;
    if generation == seen {
        return Ok((generation, None));
    }
    if pruned > seen || generation < seen {
        return Ok((generation, Some(Changed::Anything)));
    }
    let limit = i64::try_from(MAX_CHANGES + 1).unwrap_or(i64::MAX);
    let rows =
        sqlx::query("SELECT kind, account, region, name FROM ringwall_records WHERE revision > $1 LIMIT $2")
            .bind(seen)
            .bind(limit)
            .fetch_all(connection)
            .await?;
    if rows.len() > MAX_CHANGES {
        return Ok((generation, Some(Changed::Anything)));
    }
    let places: Vec<Place> = rows.iter().map(place).collect::<Result<_, _>>()?;
    Ok((generation, Some(Changed::Places(places.into()))))
}

async fn prune(connection: &mut AnyConnection, database: &Database, until: i64) -> Result<(), sqlx::Error> {
    let mut transaction = connection.begin_with(database.dialect.begin_write()).await?;
    let pruned: i64 =
        sqlx::query("SELECT pruned FROM ringwall_meta").fetch_one(&mut *transaction).await?.try_get(0)?;
    if until > pruned {
        sqlx::query("UPDATE ringwall_meta SET pruned = $1 WHERE pruned < $1")
            .bind(until)
            .execute(&mut *transaction)
            .await?;
        sqlx::query("DELETE FROM ringwall_records WHERE deleted = 1 AND revision > $1 AND revision <= $2")
            .bind(pruned)
            .bind(until)
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await
}

/// Binds a place as `$1` to `$4`.
fn bind<'q>(query: Query<'q, Any, AnyArguments>, place: &'q Place) -> Query<'q, Any, AnyArguments> {
    query
        .bind(place.kind.as_str())
        .bind(place.account.as_str())
        .bind(place.region.as_str())
        .bind(place.name.as_str())
}
