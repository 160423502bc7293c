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
mod capacity;
mod explain;
mod interfaces;
mod path;
mod rules;
mod selection;
mod vpc;

use std::borrow::Cow;
use std::net::IpAddr;

use hashbrown::HashMap;
use ipnet::IpNet;
use ringwall_model::Cluster;
use ringwall_model::network::{EnforcingMode, GroupPeer};

pub use capacity::{BranchInterfaces, branch_interfaces};
pub use selection::skipped;
pub(crate) use vpc::vpc;

use crate::{Allowed, Network, NodeId, Party, PodEntry};
use attach::{Attached, Attachment, Attachments, PodInterfaces};
use bounds::Bounds;
use interfaces::Interfaces;
use rules::{Group, Places};
use selection::Selection;

/// Parties of one class are alike to every third party, as long as they are as near to it: on its node, or not.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Class {
    attachment: Attachment,
    families: Vec<Family>,
    /// Places of the blocks around its addresses, those of interfaces apart.
    blocks: Vec<usize>,
    /// Of each address whether an interface has it: which one matters only for what the party is attached to.
    on_interface: Vec<bool>,
    /// The node by whose IPv4 address a pod goes out, where anybody known sees it.
    lender: Option<NodeId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Family {
    V4,
    V6,
}

const FAMILIES: [Family; 2] = [Family::V4, Family::V6];

impl Family {
    fn of(address: &IpAddr) -> Self {
        if address.is_ipv4() { Self::V4 } else { Self::V6 }
    }

    fn of_block(block: &IpNet) -> Self {
        Self::of(&block.addr())
    }
}

/// The security groups of a cluster, ready to be asked.
#[derive(Debug)]
pub struct SecurityGroups<'a> {
    cluster: &'a Cluster,
    groups: HashMap<&'a str, Group<'a>>,
    places: Places<'a>,
    interfaces: Interfaces<'a>,
    selection: Selection<'a>,
    attachments: Attachments<'a>,
    /// The mode; both where nobody says which.
    modes: &'static [EnforcingMode],
    external_snat: bool,
    /// Families of the cluster's addresses, for parties that have none yet.
    families: Vec<Family>,
    /// Every block at whose edges an answer can change, sorted.
    blocks: Vec<IpNet>,
    /// Those of them that are not an interface's own, sorted.
    of_rules: Vec<IpNet>,
    /// Whether interfaces of other VPCs are known.
    beyond: bool,
}

impl<'a> SecurityGroups<'a> {
    /// Security groups of a snapshot; `None` if it holds none, so that there is nothing to judge by.
    pub fn new(network: &Network<'a>) -> Option<Self> {
        (!network.cluster().aws.security_groups.is_empty()).then(|| Self::of(network))
    }

    /// The same, if only to know who has which groups.
    pub(crate) fn of(network: &Network<'a>) -> Self {
        let cluster = network.cluster();
        let foreign = vpc::foreign_subnets(cluster);
        let subnets = cluster.aws.subnets.iter().filter(|subnet| !foreign.contains(&*subnet.id));
        let subnets: Vec<IpNet> = subnets.flat_map(|subnet| subnet.blocks.iter().copied()).collect();
        let interfaces = Interfaces::new(cluster, foreign, &subnets);
        let selection = Selection::new(cluster);
        let attachments = Attachments::new(network, &interfaces, &selection, pod_interfaces(cluster));
        let groups =
            cluster.aws.security_groups.iter().map(|group| (&*group.id, Group::new(group))).collect();
        let places = Places {
            lists: cluster.aws.prefix_lists.iter().map(|list| (&*list.id, list)).collect(),
            blocks: subnets,
        };
        let of_rules = blocks_of_rules(cluster, &places);
        let blocks = with_interfaces(cluster, &of_rules);
        let cni = cluster.network.vpc_cni.as_ref();
        let beyond = interfaces.reaches_beyond();
        Self {
            cluster,
            groups,
            places,
            interfaces,
            selection,
            attachments,
            modes: modes(cluster),
            external_snat: cni.is_some_and(|cni| cni.external_snat),
            families: families_of(network),
            blocks,
            of_rules,
            beyond,
        }
    }

    /// What may go from one party to another, over every family that both have. Ports are the destination's own, after any service's
    /// translation. `network` is the one that this was made of.
    pub fn traffic(&self, network: &Network<'_>, from: Party<'_>, to: Party<'_>) -> Allowed {
        let families = self.shared_families(network, from, to);
        if families.is_empty() {
            return Allowed::none();
        }
        let all = families.into_iter().map(|family| self.over(network, from, to, family));
        all.fold(Bounds::all(), |both, one| both.and(&one)).into_allowed()
    }

    /// The same over one family: packets of the other have no say in its verdict.
    pub fn traffic_over(&self, network: &Network<'_>, from: Party<'_>, to: Party<'_>, ipv4: bool) -> Allowed {
        self.over(network, from, to, if ipv4 { Family::V4 } else { Family::V6 }).into_allowed()
    }

    /// The class of a party: [`Self::traffic`] is the same for all of one class. Whether both are on one node
    /// ([`Network::node_of`]), and whether they are the same, is not part of it.
    pub fn class(&self, network: &Network<'_>, party: Party<'_>) -> Class {
        let addresses: Vec<IpAddr> =
            FAMILIES.into_iter().filter_map(|family| path::address(party, family)).collect();
        let held = |block: &IpNet| addresses.iter().any(|address| block.contains(address));
        let blocks =
            self.of_rules.iter().enumerate().filter(|(_, block)| held(block)).map(|(at, _)| at).collect();
        let families = addresses.iter().map(Family::of).collect();
        let on_interface =
            addresses.iter().map(|address| self.interfaces.by_address(*address).is_some()).collect();
        let lends = self.borrows_ipv4(party) || self.beyond;
        let lender = network.node_of(party).filter(|_| lends);
        Class { attachment: self.attached(network, party).to.clone(), families, blocks, on_interface, lender }
    }

    /// Every block at whose edges an answer about an address can change, sorted.
    pub fn blocks(&self) -> &[IpNet] {
        &self.blocks
    }

    /// The enforcing mode, if it is known.
    pub(crate) fn mode(&self) -> Option<EnforcingMode> {
        match self.modes {
            [mode] => Some(*mode),
            _ => None,
        }
    }

    /// Whether a pod has, or will get, an interface of its own on a node of EC2.
    pub(crate) fn has_branch(&self, pod: &PodEntry<'_>) -> bool {
        matches!(self.attachments.pod(pod).to, Attachment::Branch { .. })
    }

    /// Whether a pod runs on Fargate.
    pub(crate) fn is_fargate(&self, network: &Network<'_>, pod: &PodEntry<'_>) -> bool {
        pod.node.and_then(|node| network.node(node)).is_some_and(attach::is_fargate)
    }

    /// What SecurityGroupPolicies give to pods.
    pub(crate) fn selection(&self) -> &Selection<'a> {
        &self.selection
    }

    fn attached(&self, network: &Network<'_>, party: Party<'_>) -> Cow<'_, Attached<'a>> {
        match party {
            Party::Pod(pod) => Cow::Borrowed(self.attachments.pod(pod)),
            Party::Node(node) => Cow::Borrowed(self.attachments.node(node.id)),
            Party::Address(address) => match network.node_of(party) {
                Some(node) => Cow::Borrowed(self.attachments.node(node)),
                None => Cow::Owned(self.attachments.address(&self.interfaces, address)),
            },
        }
    }

    /// Families in which two parties are judged: those of the cluster where neither has an address yet; none where both have addresses
    /// and share no family, since then no packet goes between them.
    fn shared_families(&self, network: &Network<'_>, from: Party<'_>, to: Party<'_>) -> Vec<Family> {
        let families = network.families(from, to);
        let shared = families.into_iter().flatten().map(|ipv4| if ipv4 { Family::V4 } else { Family::V6 });
        let shared: Vec<Family> = shared.collect();
        let no_address = |party| FAMILIES.iter().all(|family| path::address(party, *family).is_none());
        if shared.is_empty() && no_address(from) && no_address(to) { self.families.clone() } else { shared }
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

/// Families that the cluster's pods have, or else its nodes; IPv4 where none has an address.
fn families_of(network: &Network<'_>) -> Vec<Family> {
    let pods = network.pods().iter().filter(|pod| !pod.host_network()).flat_map(|pod| &pod.parts().addresses);
    let nodes = network.nodes().iter().flat_map(|node| &node.addresses);
    let mut families: Vec<Family> = pods.map(Family::of).collect();
    if families.is_empty() {
        families = nodes.map(Family::of).collect();
    }
    families.sort_unstable();
    families.dedup();
    if families.is_empty() {
        families.push(Family::V4);
    }
    families
}

/// Blocks that decide over an address: of rules, prefix lists and subnets, and those that have a meaning of their own.
fn blocks_of_rules(cluster: &Cluster, places: &Places<'_>) -> Vec<IpNet> {
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
    blocks.sort_unstable();
    blocks.dedup();
    blocks
}

/// The same with those of interfaces.
fn with_interfaces(cluster: &Cluster, of_rules: &[IpNet]) -> Vec<IpNet> {
    let mut blocks = of_rules.to_vec();
    for interface in &cluster.aws.network_interfaces {
        blocks.extend(interface.addresses.iter().map(|address| IpNet::from(*address)));
        blocks.extend(interface.prefixes.iter().map(IpNet::trunc));
    }
    blocks.sort_unstable();
    blocks.dedup();
    blocks
}
