use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueHint};
use ringwall_awsclient::http::Url;
use ringwall_secrets::{AgentAddresses, MAX_ANSWER};

use crate::config::{LogFormat, LogLevel, time};

/// Bring secrets of Secrets Manager and Parameter Store to pods, by the pods' own roles.
#[derive(Debug, Args)]
pub(crate) struct Secrets {
    #[command(subcommand)]
    pub(crate) command: SecretsCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SecretsCommand {
    Serve(SecretsServe),
    Sync(SecretsSync),
}

/// Serve the Secrets Store CSI driver of this node: a provider for its volumes.
///
/// Classes (SecretProviderClass) of AWS's own provider work as they are. It needs neither AWS nor the apiserver to start.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ringwall secrets serve
  ringwall secrets serve --region eu-central-1 --endpoint https://ringwall.example.com:7443 --ca-file /etc/ringwall/ca.pem
  ringwall secrets serve --kubeconfig admin.conf --providers-folder /tmp/providers

Roles come from service accounts (IRSA), for tokens that the driver brings: the CSIDriver secrets-store.csi.k8s.io needs
tokenRequests for sts.amazonaws.com and pods.eks.amazonaws.com. deploy/manifests/secrets has all that is to be applied.

Signals:
  SIGTERM, SIGINT   no new calls, answer those in hand, end")]
pub(crate) struct SecretsServe {
    /// The driver's folder of providers' sockets
    #[arg(long, value_name = "FOLDER", default_value = "/var/run/secrets-store-csi-providers", value_hint = ValueHint::DirPath)]
    pub(crate) providers_folder: PathBuf,
    /// Number of a user who may call, beside root and the one that this runs as; may be repeated
    #[arg(long = "allow-user", value_name = "UID")]
    pub(crate) users: Vec<u32>,
    /// The node that this runs on, whose label names the region if nothing else does; otherwise NODE_NAME
    #[arg(long, value_name = "NAME")]
    pub(crate) node_name: Option<String>,
    /// IPv4 and IPv6 URL of the Pod Identity agent
    #[arg(long, value_name = "URL", num_args = 2, default_values = AgentAddresses::EKS)]
    pub(crate) pod_identity_agent: Vec<Url>,
    /// Ask EKS Auth for Pod Identity's credentials of this cluster, with own credentials, instead of the agent
    #[arg(long, value_name = "CLUSTER")]
    pub(crate) pod_identity_cluster: Option<String>,
    /// Bytes of an answer that the driver takes, as its --max-call-recv-msg-size says
    #[arg(long, value_name = "BYTES", default_value_t = MAX_ANSWER)]
    pub(crate) max_answer: usize,
    #[command(flatten)]
    pub(crate) common: SecretsCommon,
}

/// Keep Kubernetes Secrets in step with the secretObjects of classes, without a pod that mounts them.
///
/// A class takes part if it has the label secrets.ringwall.dev/sync=true, and its annotation
/// secrets.ringwall.dev/service-account names a service account of its namespace whose own annotation
/// secrets.ringwall.dev/sync-classes names the class.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ringwall secrets sync
  ringwall secrets sync --namespace shop --interval 10m

It asks for tokens of those service accounts and writes those Secrets, and no others: a Secret that is not the class's is
left alone. deploy/manifests/secrets has the roles that allow it, namespace by namespace.

Signals:
  SIGTERM, SIGINT   end")]
pub(crate) struct SecretsSync {
    /// The one namespace to look at; all, if none is named
    #[arg(short, long, value_name = "NAMESPACE")]
    pub(crate) namespace: Option<String>,
    /// Time between two looks at what a class names, moved at random by up to a fifth
    #[arg(long, value_name = "TIME", default_value = "2m", value_parser = time)]
    pub(crate) interval: Duration,
    #[command(flatten)]
    pub(crate) common: SecretsCommon,
}

#[derive(Debug, Args)]
pub(crate) struct SecretsCommon {
    /// Name of the provider in classes, and of the socket
    #[arg(long, value_name = "NAME", default_value = "aws")]
    pub(crate) name: String,
    /// Region of classes that name none; otherwise AWS_REGION
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// Where STS, Secrets Manager, Parameter Store and EKS Auth are, if not at AWS: the URL of `ringwall serve`; otherwise
    /// AWS_ENDPOINT_URL and the like
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
    pub(crate) endpoint: Option<Url>,
    /// Where the services of one region are, if elsewhere; may be repeated
    #[arg(long = "region-endpoint", value_name = "REGION=URL", value_parser = region_endpoint)]
    pub(crate) region_endpoints: Vec<(String, Url)>,
    /// Certificate authorities, in PEM, that are trusted beside the system's; otherwise AWS_CA_BUNDLE
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) ca_file: Option<PathBuf>,
    /// Kubeconfig; the pod's service account, if none is named
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// How long a value is kept for the volume that it was read for, to spare reading it again; 0s keeps none
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = time)]
    pub(crate) keep: Duration,
    /// Address and port of /healthz, /readyz and /metrics, over plain HTTP and open to whoever reaches it
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:2706")]
    pub(crate) admin_listen: SocketAddr,
    /// How much is logged: error, warn, info, debug or trace
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    pub(crate) log_level: LogLevel,
    /// How logs are written: text, json, or auto for text on a terminal and JSON elsewhere
    #[arg(long, value_name = "FORMAT", default_value = "auto")]
    pub(crate) log_format: LogFormat,
}

fn region_endpoint(text: &str) -> Result<(String, Url), String> {
    let (region, url) = text.split_once('=').ok_or("write it as REGION=URL")?;
    if !ringwall_awsclient::partition::is_region(region) {
        return Err(format!("`{region}` is no region"));
    }
    Ok((region.to_owned(), url.parse().map_err(|error| format!("{error}"))?))
}
