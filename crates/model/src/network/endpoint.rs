use std::net::IpAddr;
use std::sync::Arc;

use super::Protocol;
use crate::{ObjectRef, Source};

/// What packets see of a pod, or of the pods that a template makes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetworkParts {
    /// Its addresses, of either family (`status.podIPs`, `status.podIP`); none in a template, and before the pod has any.
    pub addresses: Vec<IpAddr>,
    /// Addresses of its node, as the pod tells them (`status.hostIPs`, `status.hostIP`): they are known where the node's object is not.
    pub host_addresses: Vec<IpAddr>,
    /// Ports that its containers name, those of init containers that go on (`restartPolicy: Always`) too.
    pub ports: Vec<ContainerPort>,
    /// Its probes.
    pub probes: Vec<Probe>,
    /// `dnsPolicy`, if it is said.
    pub dns_policy: Option<Arc<str>>,
    /// The controller that owns it (`ownerReferences` with `controller: true`).
    pub owner: Option<ObjectRef>,
    /// Branch interfaces of its own: `vpc.amazonaws.com/pod-eni`.
    pub branch_interfaces: Vec<BranchInterface>,
    /// What could not be read of all this, each in words.
    pub unreadable: Vec<Arc<str>>,
}

/// A port of a container.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ContainerPort {
    /// Its container.
    pub container: Arc<str>,
    /// Its name, if it has one.
    pub name: Option<Arc<str>>,
    /// Its protocol.
    pub protocol: Protocol,
    /// The port.
    pub port: u16,
    /// The port of the node that leads to it, if one does.
    pub host_port: Option<u16>,
}

/// A probe with which a kubelet asks a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// `liveness`, `readiness` or `startup`.
    pub kind: &'static str,
    /// Its container.
    pub container: Arc<str>,
    /// What it asks.
    pub handler: ProbeHandler,
    /// Where it is written.
    pub source: Source,
}

/// How a probe asks, as far as packets know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProbeHandler {
    /// By the network: HTTP, gRPC or a bare TCP connection, to this port of the pod; `None` if its name is none of the container's.
    Network {
        /// `http`, `grpc` or `tcp`.
        how: &'static str,
        /// The TCP port.
        port: Option<u16>,
    },
    /// By a program in the container.
    Exec,
}

/// An interface of the VPC that a pod has for itself: an item of the annotation `vpc.amazonaws.com/pod-eni`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BranchInterface {
    /// `eni-…`
    pub id: Arc<str>,
    /// Addresses (`privateIp`, `ipv6Addr`).
    pub addresses: Vec<IpAddr>,
}
