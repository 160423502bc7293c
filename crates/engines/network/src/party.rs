use std::net::IpAddr;

use ringwall_model::network::{ContainerPort, NetworkParts, NetworkPolicy};
use ringwall_model::{Node, ObjectRef, Pod, Source, Workload};

/// Labels, as objects carry them.
pub type Labels = [(std::sync::Arc<str>, std::sync::Arc<str>)];

/// Number of a [`PodEntry`] within its [`Network`](crate::Network), counted from 0: for tables and sets. Pods of one namespace are neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PodId(pub(crate) u32);

/// Number of a [`NodeEntry`] within its network, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub(crate) u32);

/// Number of a [`NamespaceEntry`] within its network, counted from 0, in the order of names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NamespaceId(pub(crate) u32);

/// Number of a [`PolicyEntry`] within its network, counted from 0, in the order in which policies are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PolicyId(pub(crate) u32);

macro_rules! index {
    ($($id:ident),*) => {$(
        impl $id {
            /// The number, for use as a place in a table.
            pub fn index(self) -> usize {
                usize::try_from(self.0).unwrap_or(usize::MAX)
            }
        }
    )*};
}
index!(PodId, NodeId, NamespaceId, PolicyId);

/// Where a [`PodEntry`] is from.
#[derive(Clone, Copy, Debug)]
pub enum Origin<'a> {
    /// A pod that lives.
    Live(&'a Pod),
    /// What a workload without living pods would make.
    Template(&'a Workload),
}

/// A living pod, or the template of a workload that has none.
#[derive(Clone, Copy, Debug)]
pub struct PodEntry<'a> {
    /// Its number.
    pub id: PodId,
    /// The pod or the workload itself.
    pub origin: Origin<'a>,
    /// Its place in the cluster's list of pods, or of workloads.
    pub place: usize,
    /// Its namespace.
    pub namespace: NamespaceId,
    /// The node that it runs on; a template runs on none.
    pub node: Option<NodeId>,
}

impl<'a> PodEntry<'a> {
    /// Name of the pod, or of the workload.
    pub fn reference(&self) -> &'a ObjectRef {
        match self.origin {
            Origin::Live(pod) => &pod.reference,
            Origin::Template(workload) => &workload.reference,
        }
    }

    /// Where it is written.
    pub fn source(&self) -> &'a Source {
        match self.origin {
            Origin::Live(pod) => &pod.source,
            Origin::Template(workload) => &workload.source,
        }
    }

    /// Its labels.
    pub fn labels(&self) -> &'a Labels {
        match self.origin {
            Origin::Live(pod) => &pod.labels,
            Origin::Template(workload) => &workload.labels,
        }
    }

    /// What packets see of it.
    pub fn parts(&self) -> &'a NetworkParts {
        match self.origin {
            Origin::Live(pod) => &pod.network,
            Origin::Template(workload) => &workload.network,
        }
    }

    /// Whether it has the network of its node, and so is the node to every policy.
    pub fn host_network(&self) -> bool {
        match self.origin {
            Origin::Live(pod) => pod.host_network,
            Origin::Template(workload) => workload.host_network,
        }
    }

    /// The pod, if it lives.
    pub fn pod(&self) -> Option<&'a Pod> {
        match self.origin {
            Origin::Live(pod) => Some(pod),
            Origin::Template(_) => None,
        }
    }

    /// Whether it is the template of a workload that another one owns, as a Deployment's former ReplicaSet: nothing will be made of it
    /// unless its owner wants to. It answers questions about that workload and is left out of everything else.
    pub fn is_spare(&self) -> bool {
        matches!(self.origin, Origin::Template(workload) if workload.owned)
    }
}

/// A node, with its object or known only from pods that name it.
#[derive(Clone, Debug)]
pub struct NodeEntry<'a> {
    /// Its number.
    pub id: NodeId,
    /// Its name.
    pub name: &'a str,
    /// Its object, if the snapshot has it.
    pub object: Option<&'a Node>,
    /// The object's place in the cluster's list of nodes.
    pub place: Option<usize>,
    /// Its addresses: those of its object in their order, then what its pods tell of them, and have of them on its network.
    pub addresses: Vec<IpAddr>,
    /// Living pods that run on it, those on its own network too.
    pub pods: Vec<PodId>,
}

impl<'a> NodeEntry<'a> {
    /// Its labels, as far as they are known.
    pub fn labels(&self) -> &'a Labels {
        self.object.map_or(&[], |node| &node.labels)
    }
}

/// A namespace.
#[derive(Clone, Debug)]
pub struct NamespaceEntry<'a> {
    /// Its number.
    pub id: NamespaceId,
    /// Its name.
    pub name: &'a str,
    /// Its labels, `kubernetes.io/metadata.name` always among them.
    pub labels: Vec<(std::sync::Arc<str>, std::sync::Arc<str>)>,
    /// Number of its first pod; its pods are neighbours.
    pub(crate) first: u32,
    /// Number after its last pod.
    pub(crate) end: u32,
}

/// A policy in its place.
#[derive(Clone, Copy, Debug)]
pub struct PolicyEntry<'a> {
    /// Its number: a lower one is asked before.
    pub id: PolicyId,
    /// The policy.
    pub policy: &'a NetworkPolicy,
}

/// One end of a packet: who it is, once names and addresses are resolved.
///
/// Made by [`Network`](crate::Network) alone. A pod on its node's network is [`Party::Node`] if its node is known.
#[derive(Clone, Copy, Debug)]
pub enum Party<'n> {
    /// A pod or a template. One on its node's network is here only if nobody says which node that is.
    Pod(&'n PodEntry<'n>),
    /// A node.
    Node(&'n NodeEntry<'n>),
    /// An address: of the outside, or a further one of a node.
    Address(IpAddr),
}

/// What an [`End`] is to policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndKind {
    /// A pod on the pod network: policies can select it.
    Pod,
    /// A node, or a pod on a node's network.
    Node,
    /// An address that neither a pod nor a node has.
    Outside,
}

/// One end of a packet as peers of rules see it. Anyone can make one, for pods that don't exist yet.
#[derive(Clone, Copy, Debug)]
pub struct End<'n> {
    /// What it is.
    pub kind: EndKind,
    /// Its namespace, if it is a pod.
    pub namespace: &'n str,
    /// Its namespace's labels.
    pub namespace_labels: &'n Labels,
    /// Its own labels; of a node, the node's.
    pub labels: &'n Labels,
    /// Whether the labels are known; those of a node without its object aren't.
    pub labels_known: bool,
    /// Its address in the family that is asked for; no block matches who has none.
    pub address: Option<IpAddr>,
    /// Its containers' ports, which names of ports are looked up in.
    pub ports: &'n [ContainerPort],
}

impl End<'_> {
    /// An address of the outside.
    pub fn outside(address: IpAddr) -> Self {
        Self {
            kind: EndKind::Outside,
            namespace: "",
            namespace_labels: &[],
            labels: &[],
            labels_known: true,
            address: Some(address),
            ports: &[],
        }
    }
}
