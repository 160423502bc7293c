//! What the service is told.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ringwall_detect::output::Scope;
use ringwall_sigma::Origin;

/// A cluster whose logs come.
#[derive(Clone, Debug, Default)]
pub struct ClusterSettings {
    /// Its name, as EKS has it: letters, digits, `-` and `_`, 100 at most.
    pub name: String,
    /// Names of which its apiserver's certificate has to have one; empty without TLS.
    pub client_names: Vec<String>,
    /// Files and folders that are followed: audit logs, CloudTrail.
    pub files: Vec<PathBuf>,
    /// CloudWatch log groups that are read as they grow: `/aws/eks/NAME/cluster`.
    pub log_groups: Vec<String>,
    /// Objects in S3 that are read as they come, as `s3://BUCKET/PREFIX`.
    pub objects: Vec<String>,
}

/// What the service is told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Folder of queues and of what is kept.
    pub folder: PathBuf,
    /// The clusters.
    pub clusters: Vec<ClusterSettings>,
    /// Of what account and region they are.
    pub scope: Scope,
    /// Most bytes that wait in the queue of a cluster.
    pub queue_bytes: u64,
    /// Lists of addresses: see [`crate::lists::read`].
    pub lists: Vec<String>,
    /// Files with suppression rules, as GuardDuty's CreateFilter takes them.
    pub filters: Vec<PathBuf>,
    /// Files and folders with Sigma rules.
    pub rules: Vec<Origin>,
    /// The file that says where findings go: see [`ringwall_sinks::SinkSettings`].
    pub sinks: Option<PathBuf>,
    /// The lake: a folder, or `s3://BUCKET/PREFIX`.
    pub lake: Option<String>,
    /// How many days the lake keeps; 0 keeps all.
    pub lake_days: usize,
    /// NATS JetStream, which replicas share; without it this process is alone with its disk.
    pub stream: Option<Arc<ringwall_stream::Settings>>,
    /// How often log groups and S3 are asked.
    pub ask_every: Duration,
    /// After what time a finding that went on is sent again.
    pub publish_every: Duration,
}

impl ClusterSettings {
    /// Whether a name can be a cluster's. Source: AWS EKS API Reference, `CreateCluster`, `name`.
    pub fn is_name(name: &str) -> bool {
        (1..=100).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
            && name.starts_with(|first: char| first.is_ascii_alphanumeric())
    }
}
