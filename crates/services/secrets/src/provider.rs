//! The driver's side: its protocol on a socket.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use prometheus_client::registry::Registry;
use prost::Message as _;
use ringwall_awsclient::{Client, Endpoints};
use ringwall_grpc::csi_v1alpha1::csi_driver_provider_server::{CsiDriverProvider, CsiDriverProviderServer};
use ringwall_grpc::csi_v1alpha1::{
    self as csi, MountRequest, MountResponse, VersionRequest, VersionResponse,
};
use ringwall_grpc::{Access, Drained, Limits, Listener, serve};
use ringwall_kubernetes::Cluster;
use tokio::sync::{Mutex, watch};
use tokio::task::JoinHandle;
use tonic::{Request, Response, Status};

use crate::error::{MountError, SetupError};
use crate::fetch::Kept;
use crate::fill::{Filler, Making};
use crate::identity::{PodIdentity, Sessions};
use crate::metrics::Metrics;
use crate::request::Mount;
use crate::volume::File;

/// The protocol's version.
const VERSION: &str = "v1alpha1";

/// Bytes of an answer that the driver takes by default (`--max-call-recv-msg-size`).
pub const MAX_ANSWER: usize = 4 << 20;

/// How long a value is kept, by default: a rotation poll interval of two minutes, the driver's default, then takes a
/// reading of the value in eight, and a role that may no longer read gets no value beyond it.
pub const KEPT: Duration = Duration::from_secs(900);

/// How long a call may take. kubelet's for a volume take two minutes; calls to AWS are tried again within it.
const CALL: Duration = Duration::from_secs(100);

/// How often values past their time are dropped.
const SWEEP: Duration = Duration::from_secs(30);

/// Longest name of a provider. Source: secrets-store-csi-driver, `pluginNameRe`.
const MAX_NAME: usize = 30;

/// What the provider needs to know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The driver's folder of providers' sockets, by default `/var/run/secrets-store-csi-providers`.
    pub folder: PathBuf,
    /// The name of the provider in SecretProviderClasses, and of the socket: `aws`, so that classes work as they are.
    pub name: String,
    /// Who may call.
    pub access: Access,
    /// The region of classes that name none.
    pub region: Option<String>,
    /// Where the services of regions are that are not where the client says, as of a failover region that is another
    /// `ringwall serve`.
    pub regions: BTreeMap<String, Endpoints>,
    /// The node that this runs on, whose label names the region if nothing else does.
    pub node: Option<String>,
    /// Where Pod Identity tokens are exchanged.
    pub pod_identity: PodIdentity,
    /// How long values are kept to spare reading them again; see [`KEPT`]. Zero keeps none.
    pub kept: Duration,
    /// Bytes of an answer that the driver takes; see [`MAX_ANSWER`].
    pub max_answer: usize,
}

/// What the provider works with.
#[derive(Clone, Debug)]
pub struct Parts {
    /// Calls AWS. Its credentials are used for [`PodIdentity::Direct`] alone.
    pub client: Client,
    /// The cluster, for roles of service accounts and the node's region.
    pub cluster: Option<Cluster>,
}

/// A provider that serves.
#[derive(Debug)]
pub struct Provider {
    stop: watch::Sender<bool>,
    /// What is still to be waited for.
    serving: Mutex<Option<JoinHandle<Drained>>>,
    ended: watch::Receiver<bool>,
    sweeping: JoinHandle<()>,
}

impl Provider {
    /// Listens on the socket and serves in the background. Neither AWS nor the apiserver is asked for anything yet.
    ///
    /// # Errors
    ///
    /// The socket can't be listened on.
    pub fn start(settings: Settings, parts: Parts, registry: &mut Registry) -> Result<Self, SetupError> {
        let Settings { folder, name, access, region, regions, node, pod_identity, kept, max_answer } =
            settings;
        let valid = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if name.is_empty() || name.len() > MAX_NAME || !name.bytes().all(valid) {
            return Err(SetupError::Name(name));
        }
        let listener = Listener::bind(&folder.join(format!("{name}.sock")), access)?;
        let grpc_metrics = ringwall_grpc::Metrics::register(registry, "secrets");
        let Parts { client, cluster } = parts;
        let filler = Filler {
            cluster,
            sessions: Sessions::new(client, regions, Some(pod_identity)),
            kept: Kept::new(kept),
            metrics: Metrics::register(registry),
            region,
            node,
            max_bytes: max_answer,
            making: Making::default(),
        };
        let swept = filler.kept.clone();
        let sweeping = tokio::spawn(async move {
            loop {
                tokio::time::sleep(SWEEP).await;
                swept.sweep().await;
            }
        });
        let service =
            CsiDriverProviderServer::new(Server { filler, max_answer }).max_encoding_message_size(usize::MAX);
        let limits = Limits { call: CALL, ..Limits::default() };
        let (stop, mut stopped) = watch::channel(false);
        let (end, ended) = watch::channel(false);
        let serving = tokio::spawn(async move {
            let stopped = async move { drop(stopped.wait_for(|stopped| *stopped).await) };
            let drained = serve(listener, service, limits, grpc_metrics, stopped).await;
            end.send_replace(true);
            drained
        });
        Ok(Self { stop, serving: Mutex::new(Some(serving)), ended, sweeping })
    }

    /// What it waits for before it can serve: nothing, as everything is asked for when it is needed.
    pub fn waits_for(&self) -> Option<&'static str> {
        self.ended.borrow().then_some("the secrets provider to be started again: it has ended")
    }

    /// Takes no more calls and lets those in hand end. Tells how that went to the first who asks.
    pub async fn stop(&self) -> Option<Drained> {
        self.stop.send_replace(true);
        self.sweeping.abort();
        let serving = self.serving.lock().await.take()?;
        serving.await.ok()
    }
}

#[derive(Clone, Debug)]
struct Server {
    filler: Filler,
    max_answer: usize,
}

impl Server {
    async fn answer(&self, request: &MountRequest) -> Result<(Mount, MountResponse), MountError> {
        let mount = Mount::read(request)
            .inspect_err(|error| tracing::warn!(target: "ringwall::secrets", code = ?error.code(), %error, "a volume can't be asked for like this"))?;
        let answer = self.filler.fill(&mount).await.and_then(|files| {
            let response = response(&files);
            let is_too_large = response.encoded_len() > self.max_answer;
            if is_too_large { Err(MountError::TooLarge { max: self.max_answer }) } else { Ok(response) }
        });
        let answer = answer.inspect_err(|error| {
            let volume = &mount.volume;
            tracing::warn!(
                target: "ringwall::secrets",
                namespace = volume.namespace,
                pod = volume.pod,
                service_account = volume.service_account,
                code = ?error.code(),
                %error,
                "a volume could not be filled"
            );
        });
        Ok((mount, answer?))
    }
}

/// All files, each time: what an answer leaves out the driver removes from the volume.
fn response(files: &[File]) -> MountResponse {
    let object_version = files
        .iter()
        .map(|file| csi::ObjectVersion { id: file.path.to_string(), version: file.version.clone() })
        .collect();
    let files = files
        .iter()
        .map(|file| csi::File {
            path: file.path.to_string(),
            mode: i32::try_from(file.mode).unwrap_or_default(),
            contents: file.contents(),
        })
        .collect();
    MountResponse { object_version, error: None, files }
}

#[tonic::async_trait]
impl CsiDriverProvider for Server {
    async fn version(&self, _: Request<VersionRequest>) -> Result<Response<VersionResponse>, Status> {
        Ok(Response::new(VersionResponse {
            version: VERSION.to_owned(),
            runtime_name: "ringwall".to_owned(),
            runtime_version: env!("CARGO_PKG_VERSION").to_owned(),
        }))
    }

    async fn mount(&self, request: Request<MountRequest>) -> Result<Response<MountResponse>, Status> {
        let begun = Instant::now();
        let answer = self.answer(request.get_ref()).await;
        let took = begun.elapsed();
        match answer {
            Ok((mount, response)) => {
                let volume = &mount.volume;
                tracing::info!(
                    target: "ringwall::secrets",
                    namespace = volume.namespace,
                    pod = volume.pod,
                    service_account = volume.service_account,
                    files = response.files.len(),
                    ?took,
                    "a volume is filled"
                );
                self.filler.metrics.mounted("filled", took);
                Ok(Response::new(response))
            }
            Err(error) => {
                self.filler.metrics.mounted("failed", took);
                Err(error.status())
            }
        }
    }
}
