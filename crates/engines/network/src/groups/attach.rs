//! By which interface each pod, template and node sends and gets, and which groups that interface carries.

use std::net::IpAddr;
use std::sync::Arc;

use hashbrown::HashMap;
use ringwall_model::network::{NetworkInterface, NetworkParts, SecurityGroupPolicy};
use ringwall_model::{AwsExport, Cluster, ComputeType, Node, Source};

use super::interfaces::{Interfaces, is_branch};
use super::selection::{Candidate, Selected, select};

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
        /// The node's primary interface, which counts in standard mode; `None` where no interface was exported.
        primary: Option<SetId>,
    },
    /// An interface of a node, shared by pods and the node itself; `None` where no interface was exported.
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
    /// Its node, as an index into the cluster's; `None` for what may run on any.
    pub(super) node: Option<usize>,
}

/// The attachments of all pods, templates and nodes, in the cluster's order.
pub(super) struct Attachments<'a> {
    pub(super) pods: Vec<Attached<'a>>,
    pub(super) workloads: Vec<Attached<'a>>,
    pub(super) nodes: Vec<Attached<'a>>,
    sets: Sets,
}

/// Every list of groups once.
#[derive(Default)]
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
        let mut groups = groups.to_vec();
        groups.sort_unstable();
        groups.dedup();
        self.of(GroupSet::Known(groups))
    }

    fn unknown(&mut self, why: impl Into<Arc<str>>) -> SetId {
        self.of(GroupSet::Unknown(why.into()))
    }

    /// Groups of an interface. EC2 gives every interface some, so an export without any is one that left them out.
    fn interface(&mut self, interface: &NetworkInterface) -> SetId {
        if interface.groups.is_empty() {
            return self.unknown(format!("the export of {} names no groups", interface.id));
        }
        self.known(&interface.groups)
    }
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
    cluster: &'a Cluster,
    interfaces: &'i Interfaces<'a>,
    pod_interfaces: PodInterfaces,
    cluster_group: Option<(Arc<str>, Source)>,
    by_name: HashMap<&'a str, usize>,
    sets: Sets,
}

impl<'a> Attachments<'a> {
    pub(super) fn new(
        cluster: &'a Cluster,
        interfaces: &Interfaces<'a>,
        pod_interfaces: PodInterfaces,
    ) -> Self {
        let mut attacher = Attacher {
            cluster,
            interfaces,
            pod_interfaces,
            cluster_group: cluster_group(cluster),
            by_name: cluster.nodes.iter().enumerate().map(|(at, node)| (&*node.name, at)).collect(),
            sets: Sets::default(),
        };
        for interface in interfaces.all() {
            attacher.sets.interface(interface);
        }
        let nodes: Vec<_> =
            cluster.nodes.iter().enumerate().map(|(at, node)| attacher.node(at, node)).collect();
        let pods = cluster.pods.iter().map(|pod| {
            let node = pod.node_name.as_ref().and_then(|name| attacher.by_name.get(&**name)).copied();
            if pod.host_network {
                return attacher.on_network_of(node, &nodes);
            }
            attacher.pod(Candidate::pod(pod), &pod.network, node, &nodes)
        });
        let pods = pods.collect();
        let workloads = cluster.workloads.iter().map(|workload| {
            if workload.host_network {
                return attacher.on_network_of(None, &nodes);
            }
            attacher.pod(Candidate::template(workload), &workload.network, None, &nodes)
        });
        let workloads = workloads.collect();
        Self { pods, workloads, nodes, sets: attacher.sets }
    }

    pub(super) fn set(&self, id: SetId) -> &GroupSet {
        static NONE: GroupSet = GroupSet::Known(Vec::new());
        self.sets.sets.get(id.0).unwrap_or(&NONE)
    }

    /// An address that no pod and no node holds.
    pub(super) fn address(&self, interfaces: &Interfaces<'a>, address: IpAddr) -> Attached<'a> {
        let Some(interface) = interfaces.by_address(address) else {
            return Attached { to: Attachment::Outside, basis: Basis::Nothing, node: None };
        };
        let set = match interface.groups.is_empty() {
            true => GroupSet::Unknown(format!("the export of {} names no groups", interface.id).into()),
            false => {
                let mut groups = interface.groups.clone();
                groups.sort_unstable();
                groups.dedup();
                GroupSet::Known(groups)
            }
        };
        let to = self.sets.ids.get(&set).map_or(Attachment::Outside, |id| Attachment::Own(*id));
        Attached { to, basis: Basis::Interface(interface), node: None }
    }
}

impl<'a> Attacher<'a, '_> {
    /// A node, by its primary interface.
    fn node(&mut self, at: usize, node: &Node) -> Attached<'a> {
        if node.compute == Some(ComputeType::Fargate) {
            return self.fargate_node(at, node);
        }
        let interface = self.interfaces.primary(node);
        let primary = match interface {
            Some(interface) => Some(self.sets.interface(interface)),
            None if self.interfaces.is_empty() => None,
            None => {
                let why = format!("the primary interface of the node {} is not in the exports", node.name);
                Some(self.sets.unknown(why))
            }
        };
        let basis = interface.map_or(Basis::Nothing, Basis::Interface);
        Attached { to: Attachment::Node { own: primary, primary }, basis, node: Some(at) }
    }

    /// A Fargate node is the micro-VM of one pod, whose address and interface it has.
    fn fargate_node(&mut self, at: usize, node: &Node) -> Attached<'a> {
        let held = node.addresses.iter().find_map(|address| self.interfaces.by_address(*address));
        match held {
            Some(interface) => {
                let to = Attachment::Own(self.sets.interface(interface));
                Attached { to, basis: Basis::Interface(interface), node: Some(at) }
            }
            None => self.fargate(Some(at)),
        }
    }

    /// A pod or a template on a node's network.
    fn on_network_of(&mut self, node: Option<usize>, nodes: &[Attached<'a>]) -> Attached<'a> {
        match node.and_then(|at| nodes.get(at)) {
            Some(attached) => attached.clone(),
            None => self.on_any(nodes),
        }
    }

    /// What runs on a node that nobody knows yet: it carries what all nodes carry, if that is one thing.
    fn on_any(&mut self, nodes: &[Attached<'a>]) -> Attached<'a> {
        let mut kinds = nodes.iter().map(|node| &node.to).filter(|to| matches!(to, Attachment::Node { .. }));
        let first = kinds.next();
        let to = match first {
            Some(first) if kinds.all(|other| other == first) => first.clone(),
            None if self.interfaces.is_empty() => Attachment::Node { own: None, primary: None },
            _ => {
                let unknown =
                    self.sets.unknown("which node it runs on, and so whose groups it carries, is not known");
                Attachment::Node { own: Some(unknown), primary: Some(unknown) }
            }
        };
        Attached { to, basis: Basis::Nothing, node: None }
    }

    fn primary_of(&mut self, node: Option<usize>, nodes: &[Attached<'a>]) -> Option<SetId> {
        match self.on_network_of(node, nodes).to {
            Attachment::Node { primary, .. } => primary,
            Attachment::Branch { .. } | Attachment::Own(_) | Attachment::Outside => None,
        }
    }

    /// A pod, or the pods that a template will make.
    ///
    /// Order: its branch interface by the annotation, its address in the exports, SecurityGroupPolicies, its node's interfaces.
    fn pod(
        &mut self,
        candidate: Candidate<'_>,
        network: &NetworkParts,
        node: Option<usize>,
        nodes: &[Attached<'a>],
    ) -> Attached<'a> {
        let fargate = node
            .and_then(|at| self.cluster.nodes.get(at))
            .is_some_and(|node| node.compute == Some(ComputeType::Fargate));
        let primary = if fargate { None } else { self.primary_of(node, nodes) };
        let own = |groups| match fargate {
            true => Attachment::Own(groups),
            false => Attachment::Branch { groups, primary },
        };

        if let Some(branch) = network.branch_interfaces.first() {
            let exported = self
                .interfaces
                .by_id(&branch.id)
                .or_else(|| branch.addresses.iter().find_map(|address| self.interfaces.by_address(*address)));
            if let Some(interface) = exported {
                let to = own(self.sets.interface(interface));
                return Attached { to, basis: Basis::Interface(interface), node };
            }
            let selected = select(self.cluster, candidate);
            let (groups, basis) = self.selected(selected).unwrap_or_else(|| {
                let why = format!("groups of the branch interface {} are not in the exports", branch.id);
                (self.sets.unknown(why), Basis::Nothing)
            });
            return Attached { to: own(groups), basis, node };
        }
        let exported = network.addresses.iter().find_map(|address| self.interfaces.by_address(*address));
        if let Some(interface) = exported {
            let groups = self.sets.interface(interface);
            let to = match is_branch(interface) || fargate {
                true => own(groups),
                false => Attachment::Node { own: Some(groups), primary },
            };
            return Attached { to, basis: Basis::Interface(interface), node };
        }
        if fargate || self.pod_interfaces == PodInterfaces::On {
            let selected = select(self.cluster, candidate);
            if let Some((groups, basis)) = self.selected(selected) {
                return Attached { to: own(groups), basis, node };
            }
        }
        if fargate {
            return self.fargate(node);
        }
        match node.and_then(|at| self.cluster.nodes.get(at)) {
            Some(on) => {
                let own = self.any_interface_of(on, primary);
                Attached { to: Attachment::Node { own, primary }, basis: Basis::Nothing, node }
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
    fn fargate(&mut self, node: Option<usize>) -> Attached<'a> {
        match self.cluster_group.clone() {
            Some((group, source)) => {
                let groups = self.sets.known(&[group]);
                Attached { to: Attachment::Own(groups), basis: Basis::ClusterGroup(source), node }
            }
            None => {
                let groups = self.sets.unknown("the cluster security group is not in the exports");
                Attached { to: Attachment::Own(groups), basis: Basis::Nothing, node }
            }
        }
    }

    /// Groups of a pod that is on one of its node's interfaces, when nobody knows on which: those that all of them carry.
    fn any_interface_of(&mut self, node: &Node, primary: Option<SetId>) -> Option<SetId> {
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
