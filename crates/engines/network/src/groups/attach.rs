//! By which interface each pod, template and node sends and gets, and which groups that interface carries.

use std::net::IpAddr;
use std::sync::Arc;

use hashbrown::HashMap;
use ringwall_model::network::{NetworkInterface, SecurityGroupPolicy};
use ringwall_model::{AwsExport, Cluster, ComputeType, Source};

use super::interfaces::{Interfaces, is_branch};
use super::selection::{Selected, Selection};
use crate::{Network, NodeEntry, NodeId, PodEntry};

/// Groups that an interface carries, as an index into [`Attachments::sets`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct SetId(usize);

/// A list of groups, or why it is not known.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum GroupSet {
    /// Sorted, each once.
    Known(Vec<Arc<str>>),
    /// In words.
    Unknown(Arc<str>),
}

/// The interface of a party.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Attachment {
    /// A pod's own interface on a node of EC2.
    Branch {
        groups: SetId,
        /// The node's primary interface, which counts in standard mode; `None` where no node's was exported.
        primary: Option<SetId>,
    },
    /// An interface of a node, shared by pods and the node itself; `None` where no node's was exported.
    Node { own: Option<SetId>, primary: Option<SetId> },
    /// An interface of nobody's node: a Fargate pod's, a database's.
    Own(SetId),
    /// No interface that anybody knows.
    Outside,
}

impl Attachment {
    /// Whether these are the groups of the interface itself, not of the node's primary one.
    pub(super) fn has(&self, set: SetId) -> bool {
        match self {
            Self::Branch { groups, .. } | Self::Own(groups) => *groups == set,
            Self::Node { own, .. } => *own == Some(set),
            Self::Outside => false,
        }
    }
}

/// Why an interface carries its groups.
#[derive(Clone, Debug)]
pub(super) enum Basis<'a> {
    /// The export says so.
    Interface(&'a NetworkInterface),
    /// These policies give them.
    Policies(Vec<&'a SecurityGroupPolicy>),
    /// Fargate gives the cluster's own.
    ClusterGroup(Source),
    /// Nothing that anybody could point at.
    Nothing,
}

/// What is known of one pod, template or node.
#[derive(Clone, Debug)]
pub(super) struct Attached<'a> {
    pub(super) to: Attachment,
    pub(super) basis: Basis<'a>,
}

/// The attachments of all pods, templates and nodes, by their numbers.
#[derive(Debug)]
pub(super) struct Attachments<'a> {
    pods: Vec<Attached<'a>>,
    nodes: Vec<Attached<'a>>,
    sets: Sets,
    outside: Attached<'a>,
    /// What may be the node's of a pod that may come to run on any of several, and the groups that stand for not knowing.
    anywhere: (Vec<Attachment>, Option<SetId>),
}

/// Why a pod without a node has no groups of a node.
const WHICH_NODE: &str = "which node it runs on, and so whose groups it carries, is not known";

/// Sorts of nodes that a pod without a node is judged on, one by one. A cluster has a few; with more than these such pods are unknown
/// rather than judged on each, as a pair of them is judged on every pair of nodes.
const MAX_SORTS: usize = 8;

/// Every list of groups once.
#[derive(Debug, Default)]
struct Sets {
    sets: Vec<GroupSet>,
    ids: HashMap<GroupSet, SetId>,
}

impl Sets {
    fn of(&mut self, set: GroupSet) -> SetId {
        if let Some(id) = self.ids.get(&set) {
            return *id;
        }
        let id = SetId(self.sets.len());
        self.sets.push(set.clone());
        self.ids.insert(set, id);
        id
    }

    fn known(&mut self, groups: &[Arc<str>]) -> SetId {
        self.of(sorted(groups))
    }

    fn unknown(&mut self, why: impl Into<Arc<str>>) -> SetId {
        self.of(GroupSet::Unknown(why.into()))
    }

    fn interface(&mut self, interface: &NetworkInterface) -> SetId {
        self.of(carried(interface))
    }
}

/// Groups of an interface. EC2 gives every interface some, so an export without any is one that left them out.
fn carried(interface: &NetworkInterface) -> GroupSet {
    if interface.groups.is_empty() {
        return GroupSet::Unknown(format!("the export of {} names no groups", interface.id).into());
    }
    sorted(&interface.groups)
}

fn sorted(groups: &[Arc<str>]) -> GroupSet {
    let mut groups = groups.to_vec();
    groups.sort_unstable();
    groups.dedup();
    GroupSet::Known(groups)
}

/// Whether SecurityGroupPolicies give pods of EC2 nodes interfaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PodInterfaces {
    /// `ENABLE_POD_ENI`, or Auto Mode; or nobody says, but there are policies.
    On,
    /// The DaemonSet `aws-node` has them off.
    Off,
}

/// The cluster security group: `cluster.resourcesVpcConfig.clusterSecurityGroupId` of `eks describe-cluster`.
fn cluster_group(cluster: &Cluster) -> Option<(Arc<str>, Source)> {
    let documents = cluster.aws.documents.iter().filter(|document| document.export == AwsExport::EksCluster);
    documents.into_iter().find_map(|document| {
        let id = document.tree.at(&["cluster", "resourcesVpcConfig", "clusterSecurityGroupId"])?;
        Some((Arc::clone(id.as_shared()?), document.source.at(id.line)))
    })
}

/// Puts every pod, template and node on its interface.
struct Attacher<'a, 'i> {
    selection: &'i Selection<'a>,
    interfaces: &'i Interfaces<'a>,
    pod_interfaces: PodInterfaces,
    /// Whether the primary interface of any node was exported. Without one there is nothing to judge nodes by.
    nodes_known: bool,
    cluster_group: Option<(Arc<str>, Source)>,
    sets: Sets,
}

impl<'a> Attachments<'a> {
    pub(super) fn new(
        network: &Network<'a>,
        interfaces: &Interfaces<'a>,
        selection: &Selection<'a>,
        pod_interfaces: PodInterfaces,
    ) -> Self {
        let mut attacher = Attacher {
            selection,
            interfaces,
            pod_interfaces,
            nodes_known: network.nodes().iter().any(|node| interfaces.primary(node).is_some()),
            cluster_group: cluster_group(network.cluster()),
            sets: Sets::default(),
        };
        for interface in interfaces.all() {
            attacher.sets.interface(interface);
        }
        let nodes: Vec<_> = network.nodes().iter().map(|node| attacher.node(node)).collect();
        let pods = network.pods().iter().map(|pod| {
            if pod.host_network() {
                return attacher.on_network_of(pod.node, &nodes);
            }
            attacher.pod(pod, pod.node.and_then(|node| network.node(node)), &nodes)
        });
        let pods = pods.collect();
        let outside = Attached { to: Attachment::Outside, basis: Basis::Nothing };
        let mut sorts: Vec<Attachment> = Vec::new();
        for node in nodes.iter().filter(|node| matches!(node.to, Attachment::Node { .. })) {
            if !sorts.contains(&node.to) {
                sorts.push(node.to.clone());
            }
        }
        let which = attacher.sets.ids.get(&GroupSet::Unknown(WHICH_NODE.into())).copied();
        let anywhere = (sorts, which);
        Self { pods, nodes, sets: attacher.sets, outside, anywhere }
    }

    pub(super) fn pod(&self, pod: &PodEntry<'_>) -> &Attached<'a> {
        self.pods.get(pod.id.index()).unwrap_or(&self.outside)
    }

    pub(super) fn node(&self, node: NodeId) -> &Attached<'a> {
        self.nodes.get(node.index()).unwrap_or(&self.outside)
    }

    /// What an attachment may turn out to be: itself, unless it depends on which node a pod will run on.
    pub(super) fn alternatives(&self, to: &Attachment) -> Vec<Attachment> {
        let (sorts, which) = &self.anywhere;
        let depends = match to {
            Attachment::Branch { primary, .. } | Attachment::Node { primary, .. } => {
                which.is_some() && primary == which
            }
            Attachment::Own(_) | Attachment::Outside => false,
        };
        if !depends || sorts.is_empty() || sorts.len() > MAX_SORTS {
            return vec![to.clone()];
        }
        let on = |node: &Attachment| match (to, node) {
            (Attachment::Branch { groups, .. }, Attachment::Node { primary, .. }) => {
                Attachment::Branch { groups: *groups, primary: *primary }
            }
            _ => node.clone(),
        };
        sorts.iter().map(on).collect()
    }

    pub(super) fn set(&self, id: SetId) -> &GroupSet {
        static NONE: GroupSet = GroupSet::Known(Vec::new());
        self.sets.sets.get(id.0).unwrap_or(&NONE)
    }

    /// An address that no pod and no node holds.
    pub(super) fn address(&self, interfaces: &Interfaces<'a>, address: IpAddr) -> Attached<'a> {
        let Some(interface) = interfaces.by_address(address) else { return self.outside.clone() };
        let to =
            self.sets.ids.get(&carried(interface)).map_or(Attachment::Outside, |id| Attachment::Own(*id));
        Attached { to, basis: Basis::Interface(interface) }
    }
}

impl<'a> Attacher<'a, '_> {
    /// A node, by its primary interface.
    fn node(&mut self, node: &NodeEntry<'a>) -> Attached<'a> {
        if is_fargate(node) {
            return self.fargate_node(node);
        }
        let interface = self.interfaces.primary(node);
        let primary = match interface {
            Some(interface) => Some(self.sets.interface(interface)),
            None if !self.nodes_known => None,
            None => {
                let why = format!("the primary interface of the node {} is not in the exports", node.name);
                Some(self.sets.unknown(why))
            }
        };
        let basis = interface.map_or(Basis::Nothing, Basis::Interface);
        Attached { to: Attachment::Node { own: primary, primary }, basis }
    }

    /// A Fargate node is the micro-VM of one pod, whose address and interface it has.
    fn fargate_node(&mut self, node: &NodeEntry<'a>) -> Attached<'a> {
        let held = node.addresses.iter().find_map(|address| self.interfaces.by_address(*address));
        match held {
            Some(interface) => {
                let to = Attachment::Own(self.sets.interface(interface));
                Attached { to, basis: Basis::Interface(interface) }
            }
            None => self.fargate(),
        }
    }

    /// A pod or a template on a node's network.
    fn on_network_of(&mut self, node: Option<NodeId>, nodes: &[Attached<'a>]) -> Attached<'a> {
        match node.and_then(|node| nodes.get(node.index())) {
            Some(attached) => attached.clone(),
            None => self.on_any(nodes),
        }
    }

    /// What runs on a node that nobody knows yet: it carries what all nodes carry, if that is one thing.
    fn on_any(&mut self, nodes: &[Attached<'a>]) -> Attached<'a> {
        let mut kinds = nodes.iter().map(|node| &node.to).filter(|to| matches!(to, Attachment::Node { .. }));
        let to = match kinds.next() {
            Some(first) if kinds.all(|other| other == first) => first.clone(),
            None if !self.nodes_known => Attachment::Node { own: None, primary: None },
            _ => {
                let unknown = self.sets.unknown(WHICH_NODE);
                Attachment::Node { own: Some(unknown), primary: Some(unknown) }
            }
        };
        Attached { to, basis: Basis::Nothing }
    }

    /// A pod, or the pods that a template will make.
    ///
    /// Order: its branch interface by the annotation, its address in the exports, SecurityGroupPolicies, its node's interfaces.
    fn pod(
        &mut self,
        pod: &PodEntry<'a>,
        node: Option<&NodeEntry<'a>>,
        nodes: &[Attached<'a>],
    ) -> Attached<'a> {
        let fargate = node.is_some_and(is_fargate);
        let primary = match self.on_network_of(pod.node, nodes).to {
            Attachment::Node { primary, .. } => primary,
            Attachment::Branch { .. } | Attachment::Own(_) | Attachment::Outside => None,
        };
        let own = |groups| match fargate {
            true => Attachment::Own(groups),
            false => Attachment::Branch { groups, primary },
        };
        let network = pod.parts();
        if let Some(branch) = network.branch_interfaces.first() {
            let exported = self
                .interfaces
                .by_id(&branch.id)
                .or_else(|| branch.addresses.iter().find_map(|address| self.interfaces.by_address(*address)));
            if let Some(interface) = exported {
                let to = own(self.sets.interface(interface));
                return Attached { to, basis: Basis::Interface(interface) };
            }
            let selected = self.selection.of(pod);
            let (groups, basis) = self.selected(selected).unwrap_or_else(|| {
                let why = format!("groups of the branch interface {} are not in the exports", branch.id);
                (self.sets.unknown(why), Basis::Nothing)
            });
            return Attached { to: own(groups), basis };
        }
        let exported = network.addresses.iter().find_map(|address| self.interfaces.by_address(*address));
        if let Some(interface) = exported {
            let groups = self.sets.interface(interface);
            let to = match is_branch(interface) || fargate {
                true => own(groups),
                false => Attachment::Node { own: Some(groups), primary },
            };
            return Attached { to, basis: Basis::Interface(interface) };
        }
        if fargate || self.pod_interfaces == PodInterfaces::On {
            let selected = self.selection.of(pod);
            if let Some((groups, basis)) = self.selected(selected) {
                return Attached { to: own(groups), basis };
            }
        }
        match node {
            Some(_) if fargate => self.fargate(),
            Some(node) => {
                let own = self.any_interface_of(node, primary);
                Attached { to: Attachment::Node { own, primary }, basis: Basis::Nothing }
            }
            None => self.on_any(nodes),
        }
    }

    /// Groups that policies give; `None` if they give none.
    fn selected(&mut self, selected: Selected<'a>) -> Option<(SetId, Basis<'a>)> {
        match selected.uncertain {
            Some(why) => Some((self.sets.unknown(why), Basis::Policies(selected.policies))),
            None if selected.groups.is_empty() => None,
            None => Some((self.sets.known(&selected.groups), Basis::Policies(selected.policies))),
        }
    }

    /// Source: Amazon EKS User Guide, *Fargate*: a pod without a SecurityGroupPolicy gets the cluster security group.
    fn fargate(&mut self) -> Attached<'a> {
        match self.cluster_group.clone() {
            Some((group, source)) => {
                let groups = self.sets.known(&[group]);
                Attached { to: Attachment::Own(groups), basis: Basis::ClusterGroup(source) }
            }
            None => {
                let groups = self.sets.unknown("the cluster security group is not in the exports");
                Attached { to: Attachment::Own(groups), basis: Basis::Nothing }
            }
        }
    }

    /// Groups of a pod that is on one of its node's interfaces, when nobody knows on which: those that all of them carry.
    fn any_interface_of(&mut self, node: &NodeEntry<'a>, primary: Option<SetId>) -> Option<SetId> {
        let mut sets: Vec<SetId> = Vec::new();
        for interface in self.interfaces.of_node(node) {
            if !is_branch(interface) {
                sets.push(self.sets.interface(interface));
            }
        }
        sets.dedup();
        match sets.as_slice() {
            [] => primary,
            [one] => Some(*one),
            _ => {
                let why = format!(
                    "which interface of the node {} holds its address is not in the exports",
                    node.name
                );
                Some(self.sets.unknown(why))
            }
        }
    }
}

/// Source: Amazon EKS User Guide, *Fargate*: its nodes are labelled `eks.amazonaws.com/compute-type=fargate`.
pub(super) fn is_fargate(node: &NodeEntry<'_>) -> bool {
    node.object.is_some_and(|node| node.compute == Some(ComputeType::Fargate))
}
