use ringwall_grpc::Etcd;
use ringwall_kubernetes::{Cluster, ResourceKind};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::pool::{Pool, stopped};
use super::reseal::{Done, Place, reseal};
use super::{Outcome, Progress, RotateError, Settings, served};
use crate::stored::{Stored, StoredKey};
use crate::verify::{Question, Scope, verify};

/// Keys that are held at a time, of some hundred bytes each; the rest is read when they are done.
const BATCH: usize = 20_000;

/// Objects that are tried for it, in case that some can't be written.
const TRIES: usize = 20;

struct Rotation<'a> {
    etcd: &'a Etcd,
    kinds: &'a [ResourceKind],
    question: Question,
    pool: Pool<'a>,
}

/// Seals anew all that etcd does not have under the key, and reports on etcd.
pub(super) async fn run(
    cluster: &Cluster,
    etcd: &Etcd,
    settings: &Settings,
    kinds: &[ResourceKind],
    progress: &dyn Progress,
    stop: &mut watch::Receiver<bool>,
) -> Result<Outcome, RotateError> {
    if let Scope::Resources(resources) = &settings.scope
        && let Some(missing) = resources.iter().find(|resource| served(kinds, resource).is_none())
    {
        return Err(RotateError::NotServed(missing.clone()));
    }
    let question = settings.question();
    let before = verify(etcd, &question, &|_| ()).await?;
    progress.counted(before.faults(), Some(before.objects()));
    let mut rotation = Rotation { etcd, kinds, question, pool: Pool::new(cluster, settings, progress) };
    if before.faults() > 0 {
        rotation.all(settings, stop).await?;
    }
    let Rotation { question, pool, .. } = rotation;
    let mut outcome = pool.outcome;
    outcome.report = Some(verify(etcd, &question, &|_| ()).await?);
    Ok(outcome)
}

impl Rotation<'_> {
    /// Waits for the key to be used, and goes over what is to be done until nothing is left that can be.
    async fn all(
        &mut self,
        settings: &Settings,
        stop: &mut watch::Receiver<bool>,
    ) -> Result<(), RotateError> {
        let ends = Instant::now() + settings.wait;
        if !self.wait(settings, ends, stop).await? {
            return Ok(());
        }
        for pass in 1_u32.. {
            let mut left = 0;
            for prefix in self.question.prefixes() {
                left += self.pass(&prefix, stop).await?;
                if self.pool.outcome.interrupted {
                    return Ok(());
                }
            }
            if left == 0 {
                return Ok(());
            }
            // What was written is looked at in the next pass. Of several API servers some may not have the key yet, and what
            // went by way of them is still under another one.
            if pass > 1 && (Instant::now() > ends || self.pause(stop).await) {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Writes what is below a prefix and not under the key; gives how many objects that was.
    async fn pass(&mut self, prefix: &str, stop: &mut watch::Receiver<bool>) -> Result<u64, RotateError> {
        let mut from = prefix.as_bytes().to_vec();
        let mut total = 0;
        loop {
            let (batch, next) = self.batch(prefix, &from).await?;
            total += u64::try_from(batch.len()).unwrap_or(u64::MAX);
            self.pool.run(batch, stop).await?;
            match next {
                Some(next) if !self.pool.outcome.interrupted => from = next,
                _ => return Ok(total),
            }
        }
    }

    /// The next objects that are to be written, and where to go on; what can't be written is counted as failed.
    async fn batch(
        &mut self,
        prefix: &str,
        from: &[u8],
    ) -> Result<(Vec<(String, Place)>, Option<Vec<u8>>), RotateError> {
        let mut batch = Vec::new();
        let mut scan = self.etcd.scan_from(prefix.as_bytes(), from);
        while let Some(page) = scan.page().await? {
            for found in &page {
                let name = String::from_utf8_lossy(&found.key).into_owned();
                if !self.is_faulty(&found.key, &found.value) || self.pool.failed.contains(&name) {
                    continue;
                }
                match self.place(&found.key) {
                    Some(place) => batch.push((name, place)),
                    None => {
                        self.pool.fail(name, "no API serves it to be read and written".to_owned());
                        self.pool.progress.advanced(1);
                    }
                }
            }
            if batch.len() >= BATCH {
                let next = page.last().map(|last| [last.key.as_ref(), &[0]].concat());
                return Ok((batch, next));
            }
        }
        Ok((batch, None))
    }

    /// Whether what lies at a key is not as it should be.
    fn is_faulty(&self, key: &[u8], value: &[u8]) -> bool {
        StoredKey::parse(&self.question.registry, key)
            .map_or(true, |key| self.question.fault(&key.resource, &Stored::parse(value)).is_some())
    }

    /// The object of the API that lies at a key.
    fn place(&self, key: &[u8]) -> Option<Place> {
        let key = StoredKey::parse(&self.question.registry, key).ok()?;
        let kind = served(self.kinds, &key.resource)?;
        Some(Place {
            kind: kind.resource.clone(),
            namespace: key.namespace.map(str::to_owned),
            name: key.name.to_owned(),
        })
    }

    /// Waits until an object that is written comes under the key; tells whether to go on.
    async fn wait(
        &mut self,
        settings: &Settings,
        ends: Instant,
        stop: &mut watch::Receiver<bool>,
    ) -> Result<bool, RotateError> {
        let mut candidates = Vec::new();
        for prefix in self.question.prefixes() {
            let (batch, _) = self.batch(&prefix, prefix.as_bytes()).await?;
            candidates.extend(batch.into_iter().take(TRIES));
        }
        let began = Instant::now();
        for (name, place) in candidates.into_iter().take(TRIES) {
            loop {
                let result = reseal(self.pool.cluster, &place, settings.patience).await;
                let done = matches!(result, Ok(Done::Gone) | Err(_));
                let found = self.etcd.get(name.as_bytes()).await?;
                let fine = found.as_ref().is_some_and(|found| !self.is_faulty(&found.key, &found.value));
                if done || fine {
                    self.pool.count(&name, result)?;
                }
                if fine {
                    return Ok(true);
                }
                if done {
                    break;
                }
                let under = found.and_then(|found| match Stored::parse(&found.value) {
                    Stored::Sealed(sealed) => sealed.key,
                    _ => None,
                });
                if Instant::now() >= ends {
                    let key = settings.key.clone().unwrap_or_default();
                    return Err(RotateError::NotInUse { key, under, waited: began.elapsed() });
                }
                self.pool.progress.waiting(under.as_deref());
                if self.pause(stop).await {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// Waits a while; tells whether it was stopped.
    async fn pause(&mut self, stop: &mut watch::Receiver<bool>) -> bool {
        tokio::select! {
            () = sleep(self.pool.settings.poll) => {}
            () = stopped(stop) => self.pool.outcome.interrupted = true,
        }
        self.pool.outcome.interrupted
    }
}
