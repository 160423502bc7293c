use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

use crate::{LabelSelector, ObjectRef, Source};

/// `vpcresources.k8s.aws/v1beta1` SecurityGroupPolicy: which pods get which groups.
#[derive(Clone, Debug)]
pub struct SecurityGroupPolicy {
    /// Its name in full.
    pub reference: ObjectRef,
    /// Where it is written.
    pub source: Source,
    /// `podSelector`.
    pub pods: Option<LabelSelector>,
    /// `serviceAccountSelector`: labels of the pod's service account.
    pub service_accounts: Option<LabelSelector>,
    /// `securityGroups.groupIds`, each with its line.
    pub groups: Vec<(Arc<str>, Source)>,
    /// What could not be read of it, each in words.
    pub unreadable: Vec<Arc<str>>,
}

/// Settings of the VPC CNI that decide over packets.
#[derive(Clone, Debug)]
pub struct VpcCni {
    /// Where the DaemonSet is written.
    pub source: Source,
    /// `ENABLE_POD_ENI`: pods can have interfaces of their own.
    pub pod_eni: bool,
    /// `POD_SECURITY_GROUP_ENFORCING_MODE`, `strict` where nothing is said; `None` if it is something else.
    pub enforcing_mode: Option<EnforcingMode>,
    /// `DISABLE_TCP_EARLY_DEMUX` of the init container: without it kubelets' TCP probes of such pods fail in strict mode.
    pub disable_tcp_early_demux: bool,
    /// `AWS_VPC_K8S_CNI_EXTERNALSNAT`
    pub external_snat: bool,
    /// Whether the node agent enforces NetworkPolicies: its container runs with `--enable-network-policy=true`.
    pub network_policy: bool,
    /// `NETWORK_POLICY_ENFORCING_MODE`: `standard` or `strict`; `None` where nothing is said.
    pub network_policy_mode: Option<Arc<str>>,
}

/// `POD_SECURITY_GROUP_ENFORCING_MODE`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EnforcingMode {
    /// Only the branch interface's groups count, for all that the pod sends and gets.
    Strict,
    /// The branch interface's groups and the node's primary interface's must both allow; what stays on the node is not judged.
    Standard,
}

/// `ec2 describe-security-groups`: one group.
#[derive(Clone, Debug)]
pub struct SecurityGroup {
    /// `sg-…`
    pub id: Arc<str>,
    /// Its name.
    pub name: Option<Arc<str>>,
    /// The VPC.
    pub vpc: Option<Arc<str>>,
    /// What may come in. Nothing that is not here.
    pub ingress: Vec<SecurityGroupRule>,
    /// What may go out.
    pub egress: Vec<SecurityGroupRule>,
    /// Where it is written.
    pub source: Source,
}

/// One permission of a group: each of its peers with its protocol and ports.
#[derive(Clone, Debug)]
pub struct SecurityGroupRule {
    /// Which one of its list, counted from 0.
    pub index: usize,
    /// The protocol.
    pub protocol: GroupProtocol,
    /// First and last port; of ICMP type and code, where -1 is all. `None` is all.
    pub ports: Option<(i32, i32)>,
    /// The other ends, each with its line.
    pub peers: Vec<(GroupPeer, Source)>,
    /// Where it is written.
    pub source: Source,
}

/// `IpProtocol`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GroupProtocol {
    /// `-1`: every protocol and port.
    All,
    /// `tcp`, 6
    Tcp,
    /// `udp`, 17
    Udp,
    /// `icmp`, 1
    Icmp,
    /// `icmpv6`, 58
    Icmpv6,
    /// Any other by its number: 132 is SCTP.
    Number(u8),
}

/// The other end of a security group's rule.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum GroupPeer {
    /// Addresses.
    Block(IpNet),
    /// The private addresses of interfaces that carry the group.
    Group {
        /// `sg-…`
        id: Arc<str>,
        /// Its account, if it is said.
        account: Option<Arc<str>>,
    },
    /// A prefix list, by id.
    PrefixList(Arc<str>),
    /// What could not be read: allows nothing.
    Unreadable(Arc<str>),
}

/// `ec2 describe-network-interfaces`: one interface.
#[derive(Clone, Debug)]
pub struct NetworkInterface {
    /// `eni-…`
    pub id: Arc<str>,
    /// What it is.
    pub kind: InterfaceKind,
    /// Private addresses, of either family.
    pub addresses: Vec<IpAddr>,
    /// Prefixes delegated to it.
    pub prefixes: Vec<IpNet>,
    /// Its groups.
    pub groups: Vec<Arc<str>>,
    /// The instance that it is attached to.
    pub instance: Option<Arc<str>>,
    /// Its number at the instance; 0 is the primary one.
    pub device_index: Option<i64>,
    /// Its subnet.
    pub subnet: Option<Arc<str>>,
    /// What its maker says it is for.
    pub description: Option<Arc<str>>,
    /// Its public address, if it has one.
    pub public_address: Option<IpAddr>,
    /// Where it is written.
    pub source: Source,
}

/// `InterfaceType`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum InterfaceKind {
    /// An ordinary one.
    Interface,
    /// One that has branches.
    Trunk,
    /// A branch: a pod's own.
    Branch,
    /// Anything else, as it was written.
    Other(Arc<str>),
}

/// A prefix list with its blocks.
#[derive(Clone, Debug)]
pub struct PrefixList {
    /// `pl-…`
    pub id: Arc<str>,
    /// Its name.
    pub name: Option<Arc<str>>,
    /// Its blocks; `None` if the export names the list alone.
    pub blocks: Option<Vec<IpNet>>,
    /// Where it is written.
    pub source: Source,
}

/// A subnet.
#[derive(Clone, Debug)]
pub struct Ec2Subnet {
    /// `subnet-…`
    pub id: Arc<str>,
    /// The VPC.
    pub vpc: Option<Arc<str>>,
    /// Its blocks, of either family.
    pub blocks: Vec<IpNet>,
    /// Where it is written.
    pub source: Source,
}
