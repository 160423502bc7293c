use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

use super::Protocol;
use crate::{LabelSelector, ObjectRef, Source};

/// A Service.
#[derive(Clone, Debug)]
pub struct Service {
    /// Its name in full.
    pub reference: ObjectRef,
    /// Where it is written.
    pub source: Source,
    /// `ClusterIP`, `NodePort`, `LoadBalancer` or `ExternalName`.
    pub kind: Arc<str>,
    /// Which pods are behind it; `None` if its endpoints are written by somebody else.
    pub selector: Option<LabelSelector>,
    /// `clusterIPs`; empty for a headless service, and where a manifest doesn't say.
    pub cluster_ips: Vec<IpAddr>,
    /// Whether `clusterIP: None`.
    pub headless: bool,
    /// `externalIPs`.
    pub external_ips: Vec<IpAddr>,
    /// Addresses of `status.loadBalancer.ingress`.
    pub load_balancer_ips: Vec<IpAddr>,
    /// Who may come through the load balancer (`loadBalancerSourceRanges`); empty is everybody.
    pub source_ranges: Vec<IpNet>,
    /// Whether `externalTrafficPolicy: Local`: pods see who asked, else a node.
    pub external_traffic_local: bool,
    /// Annotations that begin with `service.beta.kubernetes.io/` or `service.kubernetes.io/`: whether a load balancer is internal, and of what kind.
    pub annotations: Vec<(Arc<str>, Arc<str>)>,
    /// Its ports.
    pub ports: Vec<ServicePort>,
}

/// A port of a Service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServicePort {
    /// Its name, if it has one.
    pub name: Option<Arc<str>>,
    /// Its protocol.
    pub protocol: Protocol,
    /// The port of the virtual address.
    pub port: u16,
    /// The port of the pods.
    pub target: TargetPort,
    /// The port of every node that leads to it.
    pub node_port: Option<u16>,
    /// Where it is written.
    pub source: Source,
}

/// `targetPort`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TargetPort {
    /// A number.
    Number(u16),
    /// A name among the pod's container ports.
    Name(Arc<str>),
}

/// Endpoints that the cluster lists, of an EndpointSlice or an Endpoints object.
#[derive(Clone, Debug)]
pub struct EndpointSlice {
    /// Its name in full.
    pub reference: ObjectRef,
    /// Where it is written.
    pub source: Source,
    /// The service, by name (`kubernetes.io/service-name`).
    pub service: Arc<str>,
    /// Addresses of endpoints that are ready.
    pub addresses: Vec<IpAddr>,
    /// Name, protocol and port of each; `None` as port is every port.
    pub ports: Vec<(Option<Arc<str>>, Protocol, Option<u16>)>,
}

/// An Ingress.
#[derive(Clone, Debug)]
pub struct Ingress {
    /// Its name in full.
    pub reference: ObjectRef,
    /// Where it is written.
    pub source: Source,
    /// `ingressClassName`, or the older annotation.
    pub class: Option<Arc<str>>,
    /// Annotations, of which controllers read what they are to do.
    pub annotations: Vec<(Arc<str>, Arc<str>)>,
    /// Where it leads.
    pub backends: Vec<IngressBackend>,
}

/// One way of an Ingress.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IngressBackend {
    /// Host, if it says one.
    pub host: Option<Arc<str>>,
    /// Path, if it says one.
    pub path: Option<Arc<str>>,
    /// The service in the Ingress' namespace, by name.
    pub service: Arc<str>,
    /// Its port.
    pub port: Backend,
    /// Where it is written.
    pub source: Source,
}

/// The port of a service, by number or by name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Backend {
    /// A number.
    Number(u16),
    /// A name.
    Name(Arc<str>),
}
