//! What decides over packets: policies, services, security groups, and which addresses and ports who has.

mod endpoint;
mod policy;
mod security_group;
mod service;

pub use endpoint::{BranchInterface, ContainerPort, NetworkParts, Probe, ProbeHandler};
pub use policy::{
    ClusterTier, NamespaceScope, NetworkPolicy, NetworkRule, Peer, PodScope, PortMatch, Protocol, RuleAction,
    Tier,
};
pub use security_group::{
    Ec2Subnet, EnforcingMode, GroupPeer, GroupProtocol, InterfaceKind, NetworkInterface, PrefixList,
    SecurityGroup, SecurityGroupPolicy, SecurityGroupRule, VpcCni,
};
pub use service::{Backend, EndpointSlice, Ingress, IngressBackend, Service, ServicePort, TargetPort};

/// What decides over packets, and is neither a pod nor of AWS.
#[derive(Clone, Debug, Default)]
pub struct NetworkObjects {
    /// NetworkPolicies, ClusterNetworkPolicies, AdminNetworkPolicies and BaselineAdminNetworkPolicies.
    pub policies: Vec<NetworkPolicy>,
    /// Services.
    pub services: Vec<Service>,
    /// EndpointSlices and Endpoints of services without a selector.
    pub endpoint_slices: Vec<EndpointSlice>,
    /// Ingresses.
    pub ingresses: Vec<Ingress>,
    /// SecurityGroupPolicies.
    pub security_group_policies: Vec<SecurityGroupPolicy>,
    /// The VPC CNI's settings, from the DaemonSet `kube-system/aws-node`; `None` where it is not there.
    pub vpc_cni: Option<VpcCni>,
}
