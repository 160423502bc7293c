//! Sealing every object anew: each is read and written back as it is, which makes kube-apiserver seal it under the key that
//! it uses now.
//!
//! What is still to be done is read from etcd, where each finished object lies under the new key. So a rotation that was
//! interrupted, in whatever way, goes on where it was when it is started again. Without access to etcd a file keeps the place.
//!
//! Writing an object unchanged reaches etcd only if kube-apiserver holds what is there for stale, that is sealed by another
//! provider or key than it writes with. Source: k8s.io/apiserver, storage/etcd3, `GuaranteedUpdate`.

mod by_etcd;
mod by_list;
mod error;
mod pool;
mod reseal;
pub(crate) mod state;

use std::path::PathBuf;
use std::time::Duration;

use ringwall_grpc::kms_v2::StatusRequest;
use ringwall_grpc::kms_v2::key_management_service_client::KeyManagementServiceClient;
use ringwall_grpc::{Etcd, connect};
use ringwall_kubernetes::{Cluster, ResourceKind};
use tokio::sync::watch;

use crate::stored::Resource;
use crate::verify::{Question, Report, Scope};

pub use error::RotateError;

/// Most objects whose failure is told one by one; beyond, they are counted, and the report on etcd names them.
pub const MAX_FAILURES: usize = 1_000;

/// How often is looked whether kube-apiserver has taken the key up. It asks the plugin every minute.
pub const POLL: Duration = Duration::from_secs(5);

/// How long an object is tried for while the API server is away or busy: longer than one takes to restart. After that the
/// rotation ends, to be started again when it is back.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// How long a plugin has for its Status. Source: k8s.io/apiserver, envelope/kmsv2: three seconds by default.
const STATUS_TIMEOUT: Duration = Duration::from_secs(3);

/// How a rotation goes about it.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The objects.
    pub scope: Scope,
    /// What begins kube-apiserver's keys.
    pub registry: String,
    /// The provider that has to have sealed them; none if any will do.
    pub provider: Option<String>,
    /// The key that they have to come under. It is needed with etcd, and tells rotations apart without.
    pub key: Option<String>,
    /// Objects written at a time.
    pub concurrency: usize,
    /// Objects begun in a second.
    pub per_second: u32,
    /// How long kube-apiserver has to take up the key.
    pub wait: Duration,
    /// How often is looked whether it has; [`POLL`] unless a test is in a hurry.
    pub poll: Duration,
    /// How long an object is tried for while the API server is away or busy; [`PATIENCE`] unless a test is in a hurry.
    pub patience: Duration,
}

/// What a rotation tells while it runs.
pub trait Progress: Sync {
    /// So many objects are to be sealed anew, of so many; the total is not known without etcd.
    fn counted(&self, pending: u64, total: Option<u64>);
    /// kube-apiserver still writes under the key given, or nothing at all.
    fn waiting(&self, under: Option<&str>);
    /// So many objects more are done with.
    fn advanced(&self, objects: u64);
    /// An object could not be sealed anew.
    fn failed(&self, failure: &Failure);
}

/// An object that could not be sealed anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Its key in etcd, or resource, namespace and name.
    pub object: String,
    /// Why.
    pub message: String,
}

/// What came of a rotation.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// The key that objects were to come under.
    pub key: Option<String>,
    /// Objects that were written.
    pub resealed: u64,
    /// Objects that kube-apiserver did not write, since it holds them for sealed as they should be.
    pub unchanged: u64,
    /// Objects that were deleted meanwhile.
    pub gone: u64,
    /// Objects that could not be written.
    pub failures: Vec<Failure>,
    /// How many more.
    pub more_failures: u64,
    /// Whether it was stopped before it was done.
    pub interrupted: bool,
    /// What is in etcd at the end; none without access to it.
    pub report: Option<Report>,
}

impl Outcome {
    fn fail(&mut self, failure: Failure, progress: &dyn Progress) {
        progress.failed(&failure);
        if self.failures.len() < MAX_FAILURES {
            self.failures.push(failure);
        } else {
            self.more_failures = self.more_failures.saturating_add(1);
        }
    }
}

/// How what is still to be done is known.
#[derive(Debug)]
pub enum Source {
    /// From etcd.
    Etcd(Etcd),
    /// From lists of the API, with the place kept in a file.
    State(PathBuf),
}

/// Seals anew, until it is done or `stop` turns true.
pub async fn rotate(
    cluster: &Cluster,
    source: &Source,
    settings: &Settings,
    progress: &dyn Progress,
    mut stop: watch::Receiver<bool>,
) -> Result<Outcome, RotateError> {
    let kinds = cluster.list_resources().await?;
    match source {
        Source::Etcd(etcd) => by_etcd::run(cluster, etcd, settings, &kinds, progress, &mut stop).await,
        Source::State(path) => by_list::run(cluster, path, settings, &kinds, progress, &mut stop).await,
    }
}

/// The key that a KMS plugin seals with now, by its Status.
pub async fn current_key(socket: &std::path::Path) -> Result<String, RotateError> {
    let failed = |message: String| RotateError::Plugin { socket: socket.to_owned(), message };
    let ask = async {
        let channel = connect(socket).await.map_err(|error| failed(error.to_string()))?;
        let answer = KeyManagementServiceClient::new(channel).status(StatusRequest {}).await;
        answer.map_err(|status| failed(status.message().to_owned()))
    };
    let status = tokio::time::timeout(STATUS_TIMEOUT, ask)
        .await
        .map_err(|_| failed(format!("no answer within {} s", STATUS_TIMEOUT.as_secs())))??
        .into_inner();
    if status.healthz != "ok" {
        return Err(failed(format!("it says that it is not well: {}", status.healthz)));
    }
    if status.key_id.is_empty() {
        return Err(failed("it names no key".to_owned()));
    }
    Ok(status.key_id)
}

impl Settings {
    /// What has to be so at the end.
    fn question(&self) -> Question {
        Question {
            scope: self.scope.clone(),
            provider: self.provider.clone(),
            key: self.key.clone(),
            registry: self.registry.clone(),
        }
    }
}

/// The resource of the API that has the objects of a resource of etcd, core first, if they can be read and written.
fn served<'a>(kinds: &'a [ResourceKind], resource: &Resource) -> Option<&'a ResourceKind> {
    kinds.iter().find(|kind| {
        resource.is_served_as(&kind.resource.group, &kind.resource.plural)
            && kind.can("get")
            && kind.can("update")
    })
}
