use std::path::Path;

use ringwall_kubernetes::{Cluster, Key, Kind, KubeError, ResourceKind};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::pool::{Pool, stopped};
use super::reseal::{Done, Place, reseal};
use super::state::{Run, StateFile};
use super::{Outcome, Progress, RotateError, Settings, served};
use crate::verify::Scope;

/// Objects whose names are listed at once. The place is kept after each.
const PAGE: usize = 250;

/// A group that has the same objects as core, under another name.
const SAME_EVENTS: &str = "events.k8s.io";

/// Seals all objects anew, resource by resource, and keeps the place in a file.
pub(super) async fn run(
    cluster: &Cluster,
    path: &Path,
    settings: &Settings,
    kinds: &[ResourceKind],
    progress: &dyn Progress,
    stop: &mut watch::Receiver<bool>,
) -> Result<Outcome, RotateError> {
    let wanted = wanted(settings, kinds)?;
    let mut file = StateFile::open(
        path,
        Run {
            cluster: cluster_uid(cluster).await?,
            key: settings.key.clone(),
            resources: wanted.iter().map(|kind| kind.resource.to_string()).collect(),
        },
    )?;
    let mut pool = Pool::new(cluster, settings, progress);
    let mut waited = file.state.in_use;
    for kind in &wanted {
        let name = kind.resource.to_string();
        if file.state.done.contains(&name) {
            continue;
        }
        let mut next = None;
        loop {
            let page = match cluster.list_page(&kind.resource, PAGE, next.as_deref()).await {
                // The place in the list is too old; what is done is passed over by its name.
                Err(error) if error.status() == Some(410) && next.is_some() => {
                    next = None;
                    continue;
                }
                other => other?,
            };
            let mut names: Vec<(String, Key)> =
                page.keys.into_iter().map(|key| (format!("{}/{}", key.namespace, key.name), key)).collect();
            // As etcd has them, so that the last one that is done tells all that are.
            names.sort_by(|(one, _), (other, _)| one.cmp(other));
            if let Some(after) = &file.state.after {
                names.retain(|(name, _)| name > after);
            }
            let last = names.last().map(|(name, _)| name.clone());
            progress.counted(u64::try_from(names.len()).unwrap_or(u64::MAX), page.remaining);
            let mut places = names.into_iter().map(|(_, key)| place(&kind.resource, &key));
            while !waited && let Some((name, place)) = places.next() {
                match wait(cluster, &place, settings, progress, stop).await {
                    Ok(None) => {
                        pool.outcome.interrupted = true;
                        return Ok(pool.outcome);
                    }
                    Ok(Some(done)) => {
                        // One that is gone, as one that can't be written, tells nothing of the key: the next one does.
                        waited = done != Done::Gone;
                        file.state.in_use = done == Done::Written;
                        file.save()?;
                        pool.count(&name, Ok(done))?;
                    }
                    Err(error) => pool.count(&name, Err(error))?,
                }
            }
            pool.run(places, stop).await?;
            if pool.outcome.interrupted {
                // The page is done again, which does no harm.
                return Ok(pool.outcome);
            }
            if last.is_some() {
                file.state.after = last;
            }
            next = page.next;
            if next.is_none() {
                file.state.done.push(name);
                file.state.after = None;
                file.save()?;
                break;
            }
            file.save()?;
        }
    }
    file.finish()?;
    Ok(pool.outcome)
}

/// The resources that are gone over.
fn wanted<'a>(settings: &Settings, kinds: &'a [ResourceKind]) -> Result<Vec<&'a ResourceKind>, RotateError> {
    match &settings.scope {
        Scope::Resources(resources) => resources
            .iter()
            .map(|resource| served(kinds, resource).ok_or_else(|| RotateError::NotServed(resource.clone())))
            .collect(),
        Scope::All => {
            let all = |kind: &&ResourceKind| {
                ["list", "get", "update"].iter().all(|verb| kind.can(verb))
                    && kind.resource.group != SAME_EVENTS
            };
            Ok(kinds.iter().filter(all).collect())
        }
    }
}

/// Waits until the API server writes an object that it was asked to, or the time is over: it may have nothing to write.
/// Gives nothing if it was stopped.
async fn wait(
    cluster: &Cluster,
    place: &Place,
    settings: &Settings,
    progress: &dyn Progress,
    stop: &mut watch::Receiver<bool>,
) -> Result<Option<Done>, KubeError> {
    let ends = Instant::now() + settings.wait;
    loop {
        let done = reseal(cluster, place, settings.patience).await?;
        if done != Done::Unchanged || Instant::now() >= ends {
            return Ok(Some(done));
        }
        progress.waiting(None);
        tokio::select! {
            () = sleep(settings.poll) => {}
            () = stopped(stop) => return Ok(None),
        }
    }
}

fn place(kind: &Kind, key: &Key) -> (String, Place) {
    let namespace = Some(key.namespace.to_string()).filter(|namespace| !namespace.is_empty());
    (format!("{kind} {key}"), Place { kind: kind.clone(), namespace, name: key.name.to_string() })
}

/// What tells this cluster from every other.
async fn cluster_uid(cluster: &Cluster) -> Result<String, RotateError> {
    let kind = Kind::new("", "v1", "namespaces");
    let system = cluster.get_dynamic(&kind, None, "kube-system").await?;
    let uid = system.and_then(|namespace| namespace.metadata.uid);
    uid.ok_or_else(|| {
        RotateError::Cluster(KubeError::Malformed {
            request: "GET /api/v1/namespaces/kube-system".to_owned(),
            message: "there is no such namespace with a uid".to_owned(),
        })
    })
}
