//! Security groups, from a folder of AWS's exports that something keeps up to date.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ringwall_model::Aws;
use ringwall_snapshot::{Options, SnapshotError};

use crate::Agent;

/// How often it is looked whether the exports have changed.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Most files whose time is looked at.
const MAX_FILES: usize = 10_000;

/// When a folder's files changed last, and how many there are.
type Stamp = (usize, Option<SystemTime>);

/// Reads a folder's exports: what of them decides over packets.
///
/// # Errors
///
/// The folder is no snapshot.
pub fn read_groups(folder: &Path) -> Result<Aws, SnapshotError> {
    let snapshot = ringwall_snapshot::read(folder, &Options::default())?;
    for problem in &snapshot.problems {
        tracing::warn!(%problem, "of the exports of AWS not all can be read");
    }
    let all = snapshot.cluster.aws;
    Ok(Aws {
        instances: all.instances,
        security_groups: all.security_groups,
        network_interfaces: all.network_interfaces,
        prefix_lists: all.prefix_lists,
        subnets: all.subnets,
        ..Aws::default()
    })
}

/// Tells the agent of a folder's groups, now and whenever its files change. What can't be read leaves those that were known.
pub async fn follow_groups(agent: Arc<Agent>, folder: PathBuf) {
    let mut known: Option<Stamp> = None;
    loop {
        let (place, before) = (folder.clone(), known);
        let read = tokio::task::spawn_blocking(move || {
            let stamp = stamp(&place.join("aws"));
            (before != Some(stamp)).then(|| (stamp, read_groups(&place)))
        });
        match read.await {
            Ok(Some((stamp, Ok(aws)))) => {
                known = Some(stamp);
                tracing::info!(groups = aws.security_groups.len(), "security groups are read");
                agent.set_aws(aws);
            }
            Ok(Some((_, Err(error)))) => tracing::error!(%error, "security groups can't be read"),
            Ok(None) => {}
            Err(error) => tracing::error!(%error, "reading security groups failed"),
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn stamp(folder: &Path) -> Stamp {
    let Ok(entries) = fs::read_dir(folder) else { return (0, None) };
    let times: Vec<_> = entries
        .take(MAX_FILES)
        .filter_map(|entry| fs::metadata(entry.ok()?.path()).ok()?.modified().ok())
        .collect();
    (times.len(), times.into_iter().max())
}
