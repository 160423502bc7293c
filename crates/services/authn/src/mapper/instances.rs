//! Names of nodes: the private DNS names of EC2 instances.
//!
//! Logins of nodes come in bursts when a cluster starts, so instances are looked up together, and remembered.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use hashbrown::HashMap;
use moka::future::Cache;
use ringwall_awsclient::{BoxFuture, Client};
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;

/// The version of EC2's API.
const EC2: &str = "2016-11-15";

/// Instances of one call. Source: AWS, *Amazon EC2 API Reference*, DescribeInstances: a filter has at most 200 values.
const MOST_AT_ONCE: usize = 100;

/// How long a call waits for more instances to come.
const GATHER: Duration = Duration::from_millis(50);

/// How long a name is remembered. It stays with an instance while it runs, and an instance can be stopped to change it.
const REMEMBERED: Duration = Duration::from_secs(900);

/// How many names are remembered: nodes of the largest clusters.
const MOST_REMEMBERED: u64 = 20_000;

/// How many wait at once. Beyond it a login is told to come again.
const MOST_WAITING: usize = 1000;

/// Longest time for an answer; the apiserver's own patience is 30 s.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why the name of an instance is not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InstanceError {
    /// There is none, or it has no name.
    #[error("EC2 knows no instance of this id with a private DNS name")]
    NotThere,
    /// EC2 can't be asked.
    #[error("EC2 could not be asked: {0}")]
    Unavailable(String),
    /// No credentials for AWS are configured.
    #[error("names of nodes need credentials for ec2:DescribeInstances, and none are configured")]
    NotConfigured,
}

/// Who tells names of instances: EC2, or a test.
pub trait Ask: Send + Sync + 'static {
    /// The private DNS names of those instances that there are, by their ids.
    fn ask(&self, ids: Vec<String>) -> BoxFuture<'_, Result<HashMap<String, String>, String>>;
}

type Waiting = (String, oneshot::Sender<Result<Arc<str>, InstanceError>>);

/// Names of instances, looked up when they are needed.
pub(crate) struct Instances {
    known: Cache<String, Arc<str>>,
    queue: Option<mpsc::Sender<Waiting>>,
    task: Option<AbortHandle>,
}

impl fmt::Debug for Instances {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instances").field("configured", &self.queue.is_some()).finish_non_exhaustive()
    }
}

impl Instances {
    /// Those that whoever is asked knows; none if nobody is.
    pub(crate) fn new(ask: Option<Arc<dyn Ask>>) -> Self {
        let known = Cache::builder().max_capacity(MOST_REMEMBERED).time_to_live(REMEMBERED).build();
        let Some(ask) = ask else { return Self { known, queue: None, task: None } };
        let (queue, waiting) = mpsc::channel(MOST_WAITING);
        let task = tokio::spawn(run(waiting, ask)).abort_handle();
        Self { known, queue: Some(queue), task: Some(task) }
    }

    /// The private DNS name of an instance. Those who ask for the same one at a time share the call, and its failure; whoever
    /// asks later asks anew.
    pub(crate) async fn name_of(&self, id: &str) -> Result<Arc<str>, InstanceError> {
        let Some(queue) = &self.queue else { return Err(InstanceError::NotConfigured) };
        let ask = async {
            let (answer, answered) = oneshot::channel();
            let full = |_| InstanceError::Unavailable("too many nodes are being looked up".to_owned());
            queue.try_send((id.to_owned(), answer)).map_err(full)?;
            match tokio::time::timeout(PATIENCE, answered).await {
                Ok(Ok(name)) => name,
                Ok(Err(_)) | Err(_) => {
                    Err(InstanceError::Unavailable("there was no answer in time".to_owned()))
                }
            }
        };
        self.known.try_get_with_by_ref(id, ask).await.map_err(|error| error.as_ref().clone())
    }
}

impl Drop for Instances {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

/// Looks up what waits, as much as goes into a call.
async fn run(mut waiting: mpsc::Receiver<Waiting>, ask: Arc<dyn Ask>) {
    while let Some(first) = waiting.recv().await {
        let mut batch = vec![first];
        let gathered = tokio::time::sleep(GATHER);
        tokio::pin!(gathered);
        while batch.len() < MOST_AT_ONCE {
            tokio::select! {
                more = waiting.recv() => match more {
                    Some(more) => batch.push(more),
                    None => break,
                },
                () = &mut gathered => break,
            }
        }
        let ask = Arc::clone(&ask);
        // A slow call does not hold up those who come after it.
        tokio::spawn(async move {
            let ids = batch.iter().map(|(id, _)| id.clone()).collect();
            let found = ask.ask(ids).await;
            for (id, answer) in batch {
                let name = match &found {
                    Ok(found) => {
                        found.get(&id).filter(|name| is_dns_name(name)).ok_or(InstanceError::NotThere)
                    }
                    Err(problem) => Err(InstanceError::Unavailable(problem.clone())),
                };
                // Whoever gave up waiting has no use for it.
                let _ = answer.send(name.map(|name| Arc::from(name.as_str())));
            }
        });
    }
}

/// Whether it can be the name of a node, and no placeholder or anything else. Source: RFC 1123; Kubernetes, *Object Names and IDs*.
fn is_dns_name(name: &str) -> bool {
    let allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.');
    !name.is_empty() && name.len() <= 253 && name.bytes().all(allowed)
}

impl Ask for Client {
    fn ask(&self, ids: Vec<String>) -> BoxFuture<'_, Result<HashMap<String, String>, String>> {
        Box::pin(async move {
            // A filter, since naming an id that is not there would fail the call for all.
            let names: Vec<String> = (1..=ids.len()).map(|place| format!("Filter.1.Value.{place}")).collect();
            let mut parameters = vec![("Filter.1.Name", "instance-id")];
            parameters.extend(names.iter().zip(&ids).map(|(name, id)| (name.as_str(), id.as_str())));
            let answer = self.query("ec2", "DescribeInstances", EC2, &parameters).await;
            let answer = answer.map_err(|error| error.to_string())?;
            let instances =
                answer.members(&["reservationSet"]).iter().flat_map(|it| it.members(&["instancesSet"]));
            let name = |instance: &ringwall_awsclient::Element| {
                let text = |key: &str| instance.text_at(&[key]).filter(|text| !text.is_empty());
                Some((text("instanceId")?.to_owned(), text("privateDnsName")?.to_owned()))
            };
            Ok(instances.filter_map(name).collect())
        })
    }
}
