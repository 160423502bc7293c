use std::sync::Arc;

use crate::network::NetworkObjects;
use crate::{
    Aws, Binding, Namespace, Node, Object, Pod, Role, ScannedImage, ServiceAccount, Source, Tree, Workload,
};

/// A parsed snapshot: what is known of a cluster at one time. Immutable; what engines borrow.
#[derive(Clone, Debug, Default)]
pub struct Cluster {
    /// `cluster.yaml`, completed from `eks describe-cluster`.
    pub info: ClusterInfo,
    /// Every Kubernetes object, of unknown kinds too, in the order of files and lines.
    pub objects: Vec<Object>,
    /// Namespaces, also those that only some object's namespace tells of.
    pub namespaces: Vec<Namespace>,
    /// Service accounts.
    pub service_accounts: Vec<ServiceAccount>,
    /// Nodes.
    pub nodes: Vec<Node>,
    /// Pods.
    pub pods: Vec<Pod>,
    /// What makes pods.
    pub workloads: Vec<Workload>,
    /// What decides over packets: policies, services, and settings of the VPC CNI.
    pub network: NetworkObjects,
    /// Roles and ClusterRoles.
    pub roles: Vec<Role>,
    /// RoleBindings and ClusterRoleBindings.
    pub bindings: Vec<Binding>,
    /// The ConfigMap `aws-auth` of `kube-system`.
    pub aws_auth: Option<AwsAuthConfigMap>,
    /// The AWS side.
    pub aws: Aws,
    /// Files of `audit/` and `cloudtrail/`, found but not read.
    pub logs: Vec<LogFile>,
    /// What scans of images told, in the order of files.
    pub scans: Vec<ScannedImage>,
}

/// What the cluster is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClusterInfo {
    /// Its name.
    pub name: Option<Arc<str>>,
    /// Account id, twelve digits.
    pub account: Option<Arc<str>>,
    /// Region.
    pub region: Option<Arc<str>>,
    /// Partition; `aws` if nothing is said.
    pub partition: Option<Arc<str>>,
    /// Kubernetes version, as `1.34`.
    pub version: Option<Arc<str>>,
    /// Which of the two ways of letting IAM principals in are on; `None` outside EKS or if not told.
    pub authentication_mode: Option<AuthenticationMode>,
    /// Where the authentication mode is written.
    pub authentication_mode_source: Option<Source>,
    /// URL of the cluster's OpenID Connect issuer, with `https://`.
    pub oidc_issuer: Option<Arc<str>>,
    /// Where the issuer is written.
    pub oidc_issuer_source: Option<Source>,
    /// ARN of the role that the cluster itself has.
    pub role_arn: Option<Arc<str>>,
    /// Names of node groups whose nodes the customer runs.
    pub self_managed_groups: Vec<Arc<str>>,
    /// Names of managed node groups that `cluster.yaml` lists.
    pub node_groups: Vec<Arc<str>>,
    /// Names of Fargate profiles that `cluster.yaml` lists.
    pub fargate_profiles: Vec<Arc<str>>,
    /// Whether EKS Auto Mode runs nodes.
    pub auto_mode: bool,
}

impl ClusterInfo {
    /// The minor of Kubernetes `1.minor`; `None` if nobody says, or not so that it can be read.
    pub fn minor_version(&self) -> Option<u32> {
        let minor = self.version.as_deref()?.trim_start_matches('v').strip_prefix("1.")?;
        minor.split(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()
    }
}

/// `accessConfig.authenticationMode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AuthenticationMode {
    /// aws-auth alone.
    ConfigMap,
    /// Both; an access entry wins over aws-auth for the same principal.
    ApiAndConfigMap,
    /// Access entries alone: aws-auth is ignored.
    Api,
}

impl AuthenticationMode {
    /// The mode as AWS writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::ConfigMap => "CONFIG_MAP",
            Self::ApiAndConfigMap => "API_AND_CONFIG_MAP",
            Self::Api => "API",
        }
    }

    /// Reads the mode as AWS writes it.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::ConfigMap, Self::ApiAndConfigMap, Self::Api].into_iter().find(|mode| mode.name() == text)
    }
}

/// The ConfigMap `kube-system/aws-auth`, its documents within the document parsed.
#[derive(Clone, Debug)]
pub struct AwsAuthConfigMap {
    /// Where the ConfigMap is written.
    pub source: Source,
    /// Entries of `data`, in the order in which they are written.
    pub entries: Vec<AwsAuthEntry>,
}

/// One entry of aws-auth's `data`.
#[derive(Clone, Debug)]
pub struct AwsAuthEntry {
    /// The key, byte for byte: the authenticator reads `mapRoles`, `mapUsers` and `mapAccounts` alone.
    pub key: Arc<str>,
    /// Where the key is written.
    pub source: Source,
    /// The document in its text, with lines of the file; why it could not be read otherwise.
    pub document: Result<Tree, String>,
}

/// Which log a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LogKind {
    /// Kubernetes audit events, one JSON object a line.
    KubernetesAudit,
    /// CloudTrail records.
    CloudTrail,
}

/// A log file of the snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFile {
    /// What it holds.
    pub kind: LogKind,
    /// Its path relative to the snapshot's folder.
    pub file: Arc<str>,
    /// Its size on disk in bytes.
    pub bytes: u64,
}
