use std::collections::HashSet;
use std::time::Duration;

use ringwall_kubernetes::{Cluster, KubeError};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use super::reseal::{Done, Place, reseal};
use super::{Failure, Outcome, Progress, Settings};

/// Writes objects back, so many at a time and a second.
pub(super) struct Pool<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) settings: &'a Settings,
    pub(super) progress: &'a dyn Progress,
    pub(super) outcome: Outcome,
    /// What failed for good, by name.
    pub(super) failed: HashSet<String>,
}

impl<'a> Pool<'a> {
    pub(super) fn new(cluster: &'a Cluster, settings: &'a Settings, progress: &'a dyn Progress) -> Self {
        let outcome = Outcome { key: settings.key.clone(), ..Outcome::default() };
        Self { cluster, settings, progress, outcome, failed: HashSet::new() }
    }

    /// Writes all of them, or up to the stop: then those that were begun are finished, and the outcome says so.
    ///
    /// # Errors
    ///
    /// If the API server stays away.
    pub(super) async fn run(
        &mut self,
        objects: impl IntoIterator<Item = (String, Place)>,
        stop: &mut watch::Receiver<bool>,
    ) -> Result<(), KubeError> {
        let period = Duration::from_secs(1) / self.settings.per_second.max(1);
        let mut ticks = interval(period);
        // What a slow API server cost is not made up for in a burst.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut tasks = JoinSet::new();
        for (name, place) in objects {
            while tasks.len() >= self.settings.concurrency.max(1) {
                if let Some(done) = tasks.join_next().await {
                    self.take(done)?;
                }
            }
            tokio::select! {
                _ = ticks.tick() => {}
                () = stopped(stop) => {}
            }
            if *stop.borrow() {
                self.outcome.interrupted = true;
                break;
            }
            let (cluster, patience) = (self.cluster.clone(), self.settings.patience);
            tasks.spawn(async move {
                let result = reseal(&cluster, &place, patience).await;
                (name, result)
            });
        }
        while let Some(done) = tasks.join_next().await {
            self.take(done)?;
        }
        Ok(())
    }

    /// Counts what came of an object.
    ///
    /// # Errors
    ///
    /// What says nothing about the object: that the API server stays away.
    pub(super) fn count(&mut self, name: &str, result: Result<Done, KubeError>) -> Result<(), KubeError> {
        let outcome = &mut self.outcome;
        match result {
            Ok(Done::Written) => outcome.resealed += 1,
            Ok(Done::Unchanged) => outcome.unchanged += 1,
            Ok(Done::Gone) => outcome.gone += 1,
            Err(error) if error.is_temporary() && error.status() != Some(500) => return Err(error),
            Err(error) => self.fail(name.to_owned(), error.to_string()),
        }
        self.progress.advanced(1);
        Ok(())
    }

    /// Counts an object that could not be written, and will not be tried again.
    pub(super) fn fail(&mut self, object: String, message: String) {
        self.failed.insert(object.clone());
        self.outcome.fail(Failure { object, message }, self.progress);
    }

    fn take(
        &mut self,
        done: Result<(String, Result<Done, KubeError>), tokio::task::JoinError>,
    ) -> Result<(), KubeError> {
        // A task neither panics nor is aborted, so there is always a result.
        done.map_or(Ok(()), |(name, result)| self.count(&name, result))
    }
}

/// Ends when a stop is asked for; never if nobody can ask any more.
pub(super) async fn stopped(stop: &mut watch::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}
