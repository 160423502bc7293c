use std::time::Duration;

use ringwall_kubernetes::{Cluster, Kind, KubeError};
use tokio::time::{Instant, sleep};

/// Between two tries while the API server is away or busy, at first and at most.
const FIRST_DELAY: Duration = Duration::from_millis(200);
const LONGEST_DELAY: Duration = Duration::from_secs(5);

/// How often an object that others write meanwhile is read again. Each of their writes seals it anew as well.
const CONFLICTS: u32 = 10;

/// How often an object is tried that the API server fails at: it may be etcd that changes its leader, or an object that no
/// key opens.
const ERRORS: u32 = 5;

/// An object of the API.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) kind: Kind,
    pub(super) namespace: Option<String>,
    pub(super) name: String,
}

/// What came of writing an object back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Done {
    /// It is written.
    Written,
    /// The API server had nothing to write.
    Unchanged,
    /// It was deleted.
    Gone,
}

/// Reads an object and writes it back as it is. While the API server is away or busy it is tried again, with patience.
pub(super) async fn reseal(cluster: &Cluster, place: &Place, patience: Duration) -> Result<Done, KubeError> {
    let began = Instant::now();
    let mut delay = FIRST_DELAY;
    let (mut conflicts, mut errors) = (0, 0);
    loop {
        match once(cluster, place).await {
            Err(error) if error.is_conflict() && conflicts < CONFLICTS => conflicts += 1,
            Err(error) if error.status() == Some(500) && errors >= ERRORS => return Err(error),
            Err(error) if error.is_temporary() && began.elapsed() < patience => {
                errors += u32::from(error.status() == Some(500));
                sleep(delay).await;
                delay = (delay * 2).min(LONGEST_DELAY);
            }
            // What is deleted between reading and writing.
            Err(error) if error.is_not_found() => return Ok(Done::Gone),
            other => return other,
        }
    }
}

async fn once(cluster: &Cluster, place: &Place) -> Result<Done, KubeError> {
    let Place { kind, namespace, name } = place;
    let Some(found) = cluster.get_object(kind, namespace.as_deref(), name).await? else {
        return Ok(Done::Gone);
    };
    let written = cluster.replace(kind, namespace.as_deref(), name, &found).await?;
    Ok(if written.resource_version == found.resource_version { Done::Unchanged } else { Done::Written })
}
