//! Security groups: what the VPC lets through between pods, nodes and the outside.
//!
//! Groups only allow. All groups of an interface count together, and both ends are judged: what the source's interface may send and
//! what the destination's may get. Groups keep state, so answers of what is allowed need no rule of their own, and nothing here asks
//! for one. Whatever the exports lack makes an answer uncertain where it could have mattered.
//!
//! Sources: Amazon VPC User Guide, *Control traffic to your AWS resources using security groups*; Amazon EKS User Guide, *Assign
//! security groups to individual Pods*; amazon-vpc-cni-k8s, README, `POD_SECURITY_GROUP_ENFORCING_MODE`;
//! amazon-vpc-resource-controller-k8s, `pkg/utils/helper.go`.

mod attach;
mod bounds;
mod explain;
mod interfaces;
mod path;
mod rules;
mod selection;

use std::net::IpAddr;

use hashbrown::HashMap;
use ipnet::IpNet;
use ringwall_model::Cluster;
use ringwall_model::network::{EnforcingMode, GroupPeer};

pub use selection::{Selected, skipped};

use crate::Traffic;
use attach::{Attached, Attachment, Attachments, PodInterfaces};
use bounds::Bounds;
use interfaces::Interfaces;
use rules::{Group, Places};

/// Somebody that sends or gets, by its place in the cluster's lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum End {
    /// A pod: an index into [`Cluster::pods`]. One on its node's network is judged as its node.
    Pod(usize),
    /// Pods that a workload will make: an index into [`Cluster::workloads`].
    Template(usize),
    /// A node: an index into [`Cluster::nodes`].
    Node(usize),
    /// An address that neither a pod nor a node holds: another interface of the VPC, or the outside.
    Address(IpAddr),
}

/// What may go from one end to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// What surely may.
    pub traffic: Traffic,
    /// What may or may not: something that decides over it is not in the snapshot.
    pub uncertain: Traffic,
}

/// Ends of one class are alike to every third end, as long as they are as near to it: on its node, or not.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Class {
    attachment: Attachment,
    families: Vec<Family>,
    /// Indices of the blocks around its addresses.
    blocks: Vec<usize>,
    /// Of what has neither an interface nor a block: whether the VPC has it.
    whereabouts: Option<path::Whereabouts>,
    unfiltered: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Family {
    V4,
    V6,
}

impl Family {
    fn of(address: &IpAddr) -> Self {
        if address.is_ipv4() { Self::V4 } else { Self::V6 }
    }

    fn of_block(block: &IpNet) -> Self {
        Self::of(&block.addr())
    }
}

/// Which rules of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Direction {
    Ingress,
    Egress,
}

/// The security groups of a cluster, ready to be asked.
pub struct SecurityGroups<'a> {
    cluster: &'a Cluster,
    groups: HashMap<&'a str, Group<'a>>,
    places: Places<'a>,
    interfaces: Interfaces<'a>,
    attachments: Attachments<'a>,
    /// The mode; both where nobody says which.
    modes: &'static [EnforcingMode],
    external_snat: bool,
    /// Families of the cluster's addresses, for ends that have none yet.
    families: Vec<Family>,
    /// Every block that a rule or a subnet names, sorted.
    blocks: Vec<IpNet>,
}

impl<'a> SecurityGroups<'a> {
    /// Security groups of a snapshot; `None` if it holds none, so that there is nothing to judge by.
    pub fn new(cluster: &'a Cluster) -> Option<Self> {
        if cluster.aws.security_groups.is_empty() {
            return None;
        }
        let interfaces = Interfaces::new(cluster);
        let attachments = Attachments::new(cluster, &interfaces, pod_interfaces(cluster));
        let groups =
            cluster.aws.security_groups.iter().map(|group| (&*group.id, Group::new(group))).collect();
        let places = Places {
            lists: cluster.aws.prefix_lists.iter().map(|list| (&*list.id, list)).collect(),
            blocks: cluster.aws.subnets.iter().flat_map(|subnet| subnet.blocks.iter().copied()).collect(),
        };
        let blocks = blocks(cluster, &places);
        let cni = cluster.network.vpc_cni.as_ref();
        Some(Self {
            cluster,
            groups,
            places,
            interfaces,
            attachments,
            modes: modes(cluster),
            external_snat: cni.is_some_and(|cni| cni.external_snat),
            families: families_of(cluster),
            blocks,
        })
    }

    /// What may go from one end to another, over every family that both have.
    pub fn traffic(&self, from: End, to: End) -> Allowed {
        let families = self.shared_families(from, to);
        if families.is_empty() {
            return Bounds::none().into_allowed();
        }
        let all = families.into_iter().map(|family| self.over(from, to, family));
        all.fold(Bounds::all(), |both, one| both.and(&one)).into_allowed()
    }

    /// The class of an end.
    pub fn class(&self, end: End) -> Class {
        let addresses = self.addresses(end);
        let held = |block: &IpNet| addresses.iter().any(|address| block.contains(address));
        let attachment = self.attached(end).to;
        let blocks = (0..self.blocks.len()).filter(|at| self.blocks.get(*at).is_some_and(held)).collect();
        let whereabouts = match end {
            End::Address(address) => Some(self.whereabouts(address)),
            End::Pod(_) | End::Template(_) | End::Node(_) => None,
        };
        Class {
            attachment,
            families: self.families(end),
            blocks,
            whereabouts,
            unfiltered: self.is_unfiltered(end),
        }
    }

    /// The node that an end is on, as an index into [`Cluster::nodes`].
    pub fn node(&self, end: End) -> Option<usize> {
        self.attached(end).node
    }

    /// Every block at whose edges an answer about an address can change, sorted.
    pub fn blocks(&self) -> &[IpNet] {
        &self.blocks
    }

    fn attached(&self, end: End) -> Attached<'a> {
        let known = match end {
            End::Pod(at) => self.attachments.pods.get(at),
            End::Template(at) => self.attachments.workloads.get(at),
            End::Node(at) => self.attachments.nodes.get(at),
            End::Address(address) => return self.attachments.address(&self.interfaces, address),
        };
        known.cloned().unwrap_or(Attached {
            to: Attachment::Outside,
            basis: attach::Basis::Nothing,
            node: None,
        })
    }

    /// Addresses of an end: a pod on its node's network has its node's.
    fn addresses(&self, end: End) -> &[IpAddr] {
        match end {
            End::Pod(at) => match self.cluster.pods.get(at) {
                Some(pod) if pod.host_network && pod.network.addresses.is_empty() => {
                    self.node(end).map_or(&[], |node| self.addresses(End::Node(node)))
                }
                Some(pod) => &pod.network.addresses,
                None => &[],
            },
            End::Template(_) => &[],
            End::Node(at) => self.cluster.nodes.get(at).map_or(&[], |node| node.addresses.as_slice()),
            End::Address(_) => &[],
        }
    }

    fn address(&self, end: End, family: Family) -> Option<IpAddr> {
        match end {
            End::Address(address) => (Family::of(&address) == family).then_some(address),
            End::Pod(_) | End::Template(_) | End::Node(_) => {
                self.addresses(end).iter().copied().find(|address| Family::of(address) == family)
            }
        }
    }

    /// Families of an end; none of what has no address yet.
    fn families(&self, end: End) -> Vec<Family> {
        [Family::V4, Family::V6].into_iter().filter(|family| self.address(end, *family).is_some()).collect()
    }

    fn shared_families(&self, from: End, to: End) -> Vec<Family> {
        let (mine, theirs) = (self.families(from), self.families(to));
        match (mine.is_empty(), theirs.is_empty()) {
            (true, true) => self.families.clone(),
            (true, false) => theirs,
            (false, true) => mine,
            (false, false) => mine.into_iter().filter(|family| theirs.contains(family)).collect(),
        }
    }
}

/// Whether pods of EC2 nodes get interfaces of their own.
fn pod_interfaces(cluster: &Cluster) -> PodInterfaces {
    match &cluster.network.vpc_cni {
        Some(cni) if !cni.pod_eni => PodInterfaces::Off,
        Some(_) | None => PodInterfaces::On,
    }
}

/// The enforcing mode. Without the DaemonSet `aws-node`, or with a value that it does not know, either may hold.
///
/// Source: Amazon EKS User Guide, *Assign security groups to individual Pods in EKS Auto Mode*: there traffic is judged by the pod's
/// groups, "independently of the node's own security groups".
fn modes(cluster: &Cluster) -> &'static [EnforcingMode] {
    let mode = match &cluster.network.vpc_cni {
        Some(cni) => cni.enforcing_mode,
        None => cluster.info.auto_mode.then_some(EnforcingMode::Strict),
    };
    match mode {
        Some(EnforcingMode::Strict) => &[EnforcingMode::Strict],
        Some(EnforcingMode::Standard) => &[EnforcingMode::Standard],
        None => &[EnforcingMode::Strict, EnforcingMode::Standard],
    }
}

/// Families that the cluster's pods and nodes have; IPv4 where none has an address.
fn families_of(cluster: &Cluster) -> Vec<Family> {
    let pods = cluster.pods.iter().filter(|pod| !pod.host_network).flat_map(|pod| &pod.network.addresses);
    let nodes = cluster.nodes.iter().flat_map(|node| &node.addresses);
    let of = |mut addresses: Box<dyn Iterator<Item = &IpAddr> + '_>| {
        let (mut v4, mut v6) = (false, false);
        addresses.by_ref().for_each(|address| if address.is_ipv4() { v4 = true } else { v6 = true });
        let both = [(v4, Family::V4), (v6, Family::V6)];
        both.into_iter().filter(|(there, _)| *there).map(|(_, family)| family).collect::<Vec<_>>()
    };
    let mut families = of(Box::new(pods));
    if families.is_empty() {
        families = of(Box::new(nodes));
    }
    if families.is_empty() {
        families.push(Family::V4);
    }
    families
}

fn blocks(cluster: &Cluster, places: &Places<'_>) -> Vec<IpNet> {
    let rules =
        cluster.aws.security_groups.iter().flat_map(|group| group.ingress.iter().chain(&group.egress));
    let mut blocks: Vec<IpNet> = path::UNFILTERED.to_vec();
    blocks.extend(path::PRIVATE);
    for (peer, _) in rules.flat_map(|rule| &rule.peers) {
        match peer {
            GroupPeer::Block(block) => blocks.push(block.trunc()),
            GroupPeer::PrefixList(id) => {
                let list = places.lists.get(&**id).and_then(|list| list.blocks.as_ref());
                blocks.extend(list.into_iter().flatten().map(IpNet::trunc));
            }
            GroupPeer::Group { .. } | GroupPeer::Unreadable(_) => {}
        }
    }
    for subnet in &places.blocks {
        blocks.push(subnet.trunc());
        blocks.extend(path::reserved(subnet));
    }
    for interface in &cluster.aws.network_interfaces {
        blocks.extend(interface.addresses.iter().map(|address| IpNet::from(*address)));
        blocks.extend(&interface.prefixes);
    }
    blocks.sort_unstable();
    blocks.dedup();
    blocks
}
