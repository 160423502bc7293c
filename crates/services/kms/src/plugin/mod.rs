//! The plugin: one key that seals, all that open, and a probe that keeps an eye on the backend.

pub(crate) mod format;
mod keks;
mod metrics;
mod probe;
mod service;
mod state;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::registry::Registry;
use ringwall_grpc::kms_v2::key_management_service_server::KeyManagementServiceServer;
use ringwall_grpc::{Drained, Limits, Listener};
use tokio::task::JoinHandle;

use crate::{Backend, KmsError};

pub use self::format::{ANNOTATION, KeyIdParts};
use self::keks::Keks;
use self::metrics::Metrics;
pub use self::service::Service;
use self::state::State;

/// How often the backend is asked to seal and to open, so that a key that rotates or is taken away is noticed: a
/// kube-apiserver asks for the status once a minute.
const PROBE: Duration = Duration::from_secs(60);

/// How long the backend's key may have been out of reach before Status fails. One failed probe is not enough, and the
/// next ones come within seconds. The apiserver goes on writing for three minutes after that.
const GRACE: Duration = Duration::from_secs(90);

/// The longest message: a Decrypt with annotations of 32 KiB and a key id and a ciphertext of 1 KiB each, which is what a
/// kube-apiserver lets through. Source: k8s.io/apiserver, envelope/kmsv2/envelope.go, `validate…`.
const MAX_MESSAGE_BYTES: usize = 64 * 1024;

/// How long a call may take. A kube-apiserver waits three seconds unless its `timeout` says more; what it no longer waits
/// for still fills the cache.
const CALL: Duration = Duration::from_secs(15);

/// What a plugin does.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What holds the keys. The first one seals; all open, so that what an earlier one sealed stays readable.
    pub backends: Vec<Arc<dyn Backend>>,
    /// How long from a probe to the next, give or take a tenth. A failed one is repeated within seconds.
    pub probe: Duration,
    /// How long the backend's key may be out of reach before Status and Encrypt fail.
    pub grace: Duration,
}

impl Settings {
    /// The defaults: a probe a minute, and a grace of 90 seconds.
    pub fn new(backends: Vec<Arc<dyn Backend>>) -> Self {
        Self { backends, probe: PROBE, grace: GRACE }
    }
}

/// A running plugin. Its probe ends when this is dropped.
#[derive(Debug)]
pub struct Plugin {
    shared: Arc<Shared>,
    probing: JoinHandle<()>,
}

/// What calls and the probe share.
#[derive(Debug)]
struct Shared {
    backends: Vec<Arc<dyn Backend>>,
    state: State,
    keks: Keks,
    metrics: Metrics,
}

impl Plugin {
    /// Starts the probe and registers the metrics. It waits for nothing: until the backend was reached, Status says why not.
    ///
    /// # Errors
    ///
    /// If there is no backend, or one is there twice.
    pub fn start(settings: Settings, registry: &mut Registry) -> Result<Self, KmsError> {
        let Settings { backends, probe, grace } = settings;
        let first = backends.first().ok_or(KmsError::NoBackend)?;
        let mut seen = BTreeSet::new();
        if let Some(twice) = backends.iter().find(|backend| !seen.insert(backend.describe())) {
            return Err(KmsError::Source { text: twice.describe(), why: "it is there twice".to_owned() });
        }
        tracing::info!(seals = first.describe(), opens = backends.len(), "the KMS plugin starts");
        let metrics = Metrics::register(registry);
        let shared = Arc::new(Shared { backends, state: State::new(grace), keks: Keks::new(), metrics });
        let probing = tokio::spawn(probe::run(Arc::clone(&shared), probe));
        Ok(Self { shared, probing })
    }

    /// What answers the calls.
    pub fn service(&self) -> KeyManagementServiceServer<Service> {
        KeyManagementServiceServer::new(Service::new(Arc::clone(&self.shared)))
    }

    /// Answers calls on a socket until `stop` is done and the calls in hand are answered.
    pub async fn serve(
        &self,
        listener: Listener,
        metrics: ringwall_grpc::Metrics,
        stop: impl Future<Output = ()> + Send,
    ) -> Drained {
        let limits = Limits { max_message_bytes: MAX_MESSAGE_BYTES, call: CALL, ..Limits::default() };
        ringwall_grpc::serve(listener, self.service(), limits, metrics, stop).await
    }

    /// What it waits for until it can do its work; `None` if it can.
    pub fn waits_for(&self) -> Option<&'static str> {
        self.shared.state.usable().is_err().then_some("the KMS plugin's key can't be used")
    }
}

impl Drop for Plugin {
    fn drop(&mut self) {
        self.probing.abort();
    }
}
