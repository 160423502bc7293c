use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

use crate::network::NetworkParts;
use crate::{ComputeType, ObjectRef, Source};

/// A namespace.
#[derive(Clone, Debug)]
pub struct Namespace {
    /// Its name.
    pub name: Arc<str>,
    /// Where it is written.
    pub source: Source,
    /// Labels.
    pub labels: Vec<(Arc<str>, Arc<str>)>,
}

/// A service account.
#[derive(Clone, Debug)]
pub struct ServiceAccount {
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// Where it is written.
    pub source: Source,
    /// `eks.amazonaws.com/role-arn`, with which IRSA hands out an AWS role.
    pub role_arn: Option<Arc<str>>,
    /// Line of that annotation; 0 where there is none.
    pub role_arn_line: u32,
    /// `eks.amazonaws.com/audience`: the audience of the token that IRSA mounts.
    pub audience: Option<Arc<str>>,
    /// `eks.amazonaws.com/sts-regional-endpoints`
    pub sts_regional_endpoints: Option<Arc<str>>,
    /// Labels, which a SecurityGroupPolicy may select by.
    pub labels: Vec<(Arc<str>, Arc<str>)>,
    /// `automountServiceAccountToken`; `None` where nothing is said (then it mounts).
    pub automount_token: Option<bool>,
}

/// A node of the cluster.
#[derive(Clone, Debug)]
pub struct Node {
    /// Its name.
    pub name: Arc<str>,
    /// Where it is written.
    pub source: Source,
    /// Labels.
    pub labels: Vec<(Arc<str>, Arc<str>)>,
    /// `spec.providerID`, which names the EC2 instance.
    pub provider_id: Option<Arc<str>>,
    /// How it is run, as its labels say; `None` outside EKS.
    pub compute: Option<ComputeType>,
    /// Its addresses within the cluster and without (`status.addresses`).
    pub addresses: Vec<IpAddr>,
    /// Blocks that its pods' addresses are of, where the cluster gives nodes any (`spec.podCIDRs`).
    pub pod_cidrs: Vec<IpNet>,
    /// `node.kubernetes.io/instance-type`
    pub instance_type: Option<Arc<str>>,
}

/// A pod that exists.
#[derive(Clone, Debug)]
pub struct Pod {
    /// Its name in full.
    pub reference: ObjectRef,
    /// Where it is written.
    pub source: Source,
    /// `metadata.uid`.
    pub uid: Option<Arc<str>>,
    /// Labels.
    pub labels: Vec<(Arc<str>, Arc<str>)>,
    /// `spec.hostNetwork`: it shares the node's network, and so reaches the instance metadata service.
    pub host_network: bool,
    /// The node that it was bound to.
    pub node_name: Option<Arc<str>>,
    /// Service account, `default` if nothing is said.
    pub service_account: Arc<str>,
    /// What its specification names: all that the node authorizer lets its node read.
    pub references: PodReferences,
    /// `kubernetes.io/config.mirror`: a static pod's mirror, for which the node authorizer opens nothing.
    pub mirror: bool,
    /// `status.phase`.
    pub phase: Option<Arc<str>>,
    /// What packets see of it.
    pub network: NetworkParts,
}

impl Pod {
    /// Whether it has ended: a Succeeded or Failed pod has no processes, and its address may be another's.
    pub fn is_over(&self) -> bool {
        matches!(self.phase.as_deref(), Some("Succeeded" | "Failed"))
    }
}

/// Objects of its own namespace that a pod's specification names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PodReferences {
    /// Secrets: volumes (projected, CSI, storage drivers' too), environment, image pull secrets.
    pub secrets: Vec<Arc<str>>,
    /// ConfigMaps: volumes and environment.
    pub config_maps: Vec<Arc<str>>,
    /// PersistentVolumeClaims, generated ones of ephemeral volumes as well.
    pub claims: Vec<Arc<str>>,
    /// ResourceClaims, by the names they have in the status.
    pub resource_claims: Vec<Arc<str>>,
}

/// What makes pods: Deployment, StatefulSet, DaemonSet, ReplicaSet, ReplicationController, Job, CronJob.
#[derive(Clone, Debug)]
pub struct Workload {
    /// Its name in full.
    pub reference: ObjectRef,
    /// Where it is written.
    pub source: Source,
    /// Service account of its pods, `default` if nothing is said.
    pub service_account: Arc<str>,
    /// Labels of its pods.
    pub labels: Vec<(Arc<str>, Arc<str>)>,
    /// `hostNetwork` of its pods.
    pub host_network: bool,
    /// The controller that owns it, if one does: a ReplicaSet's Deployment.
    pub owned: bool,
    /// What packets will see of its pods, as far as a template knows; its `owner` is the workload's own.
    pub network: NetworkParts,
    /// `spec.replicas`, where it has any.
    pub replicas: Option<u32>,
}
