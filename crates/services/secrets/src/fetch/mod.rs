//! The values of a volume's objects: all of them, or none.

mod kept;
mod parameters;
mod secrets;

use std::future::Future;
use std::sync::Arc;

use futures_util::future::join_all;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use ringwall_awsclient::{Client, CredentialsError};
use ringwall_model::Secret;

pub(crate) use kept::{Kept, Owner};

use crate::error::MountError;
use crate::metrics::Metrics;
use crate::objects::{Kind, Object};
use crate::volume::add_up;

/// Calls of one volume at a time. Secrets Manager takes 10,000 a second of an account, so this is to spare the node.
const PARALLEL: usize = 8;

/// Longest value, in bytes. Source: AWS, *Secrets Manager User Guide*, "Quotas": 65,536 bytes; parameters have 8 KiB.
pub(crate) const MAX_VALUE: usize = 65_536;

/// A value and its version.
#[derive(Clone, Debug)]
pub(crate) struct Fetched {
    pub(crate) value: Arc<Secret>,
    /// `VersionId` of a secret, number of a parameter's version.
    pub(crate) version: String,
}

/// A region that is asked, in the pod's name.
#[derive(Debug)]
pub(crate) struct Region {
    pub(crate) name: String,
    /// Whether it is asked for objects' `failover`.
    pub(crate) is_failover: bool,
    /// Without credentials it can't be asked, which is as bad as if it didn't answer.
    pub(crate) client: Result<Client, CredentialsError>,
}

impl Region {
    fn client(&self) -> Result<&Client, MountError> {
        self.client
            .as_ref()
            .map_err(|source| MountError::Credentials { region: self.name.clone(), source: source.clone() })
    }
}

/// What fetching goes by.
pub(crate) struct Fetch<'f> {
    /// The primary region, and the failover region if there is one.
    pub(crate) regions: &'f [Region],
    pub(crate) owner: &'f Arc<Owner>,
    pub(crate) kept: &'f Kept,
    pub(crate) metrics: &'f Metrics,
    /// Bytes of all values together: beyond, no more are fetched.
    pub(crate) max_bytes: usize,
}

impl Fetch<'_> {
    /// The value of each object, in their order.
    pub(crate) async fn all(&self, objects: &[Object]) -> Result<Vec<Fetched>, MountError> {
        let mut jobs = Vec::new();
        for (index, object) in objects.iter().enumerate().filter(|(_, object)| object.kind == Kind::Secret) {
            jobs.push(self.job(vec![(index, object)]));
        }
        for batch in parameters::batches(objects) {
            jobs.push(self.job(batch));
        }
        let (mut all, mut bytes) = (Vec::new(), 0);
        let mut answers = stream::iter(jobs).buffered(PARALLEL);
        while let Some(answer) = answers.try_next().await? {
            for (index, fetched) in answer {
                add_up(&mut bytes, fetched.value.len(), self.max_bytes)?;
                all.push((index, fetched));
            }
        }
        all.sort_by_key(|(index, _)| *index);
        Ok(all.into_iter().map(|(_, fetched)| fetched).collect())
    }

    /// One secret, or a batch of parameters.
    async fn job(&self, job: Vec<(usize, &Object)>) -> Result<Vec<(usize, Fetched)>, MountError> {
        let fetched = match job.as_slice() {
            [(_, object)] if object.kind == Kind::Secret => {
                let one =
                    |region| async move { self.secret(region, object).await.map(|fetched| vec![fetched]) };
                self.of_regions(one).await?
            }
            batch => {
                let batch: Vec<&Object> = batch.iter().map(|(_, object)| *object).collect();
                let batch = &batch;
                self.of_regions(|region| async move { self.parameters(region, batch).await }).await?
            }
        };
        Ok(job.into_iter().map(|(index, _)| index).zip(fetched).collect())
    }

    /// Asks every region and takes the primary's answer, or the other's if the primary has none.
    ///
    /// Source: AWS provider, README, *Automated Failover Regions*: an error that is the caller's, from either region, fails the
    /// mount, so that a failover region that would be of no use is noticed before it is needed.
    async fn of_regions<'r, T, F>(&'r self, ask: impl Fn(&'r Region) -> F) -> Result<T, MountError>
    where
        F: Future<Output = Result<T, MountError>>,
    {
        let asked = self.regions.iter().map(|region| {
            let answer = ask(region);
            async move { (region, answer.await) }
        });
        let (mut found, mut failed) = (None, None);
        for (region, answer) in join_all(asked).await {
            match answer {
                Err(error) if error.is_fatal() => return Err(error),
                Err(error) => failed = failed.or(Some(error)),
                Ok(value) => found = found.or(Some((region, value))),
            }
        }
        match (found, failed) {
            (Some((_, value)), None) => Ok(value),
            (Some((region, value)), Some(error)) => {
                if region.is_failover {
                    self.metrics.failed_over();
                }
                let taken = &region.name;
                tracing::warn!(target: "ringwall::secrets", %error, taken, "a region could not be asked");
                Ok(value)
            }
            (None, error) => Err(error.unwrap_or(MountError::NoRegion)),
        }
    }
}
