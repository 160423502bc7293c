use std::net::IpAddr;
use std::sync::Arc;

use hashbrown::{HashMap, HashSet};
use ringwall_model::network::NamespaceScope;
use ringwall_model::{Cluster, Workload};

use crate::decide::push_new;
use crate::groups::SecurityGroups;
use crate::owners::Owners;
use crate::party::{
    End, EndKind, Labels, NamespaceEntry, NamespaceId, NodeEntry, NodeId, Origin, Party, PodEntry, PodId,
    PolicyEntry, PolicyId,
};
use crate::select::Index;
use crate::services::Services;

/// The label that every namespace has: its name.
///
/// Source: Kubernetes, *Labels, annotations and taints*, `kubernetes.io/metadata.name`: set by the API server on all namespaces.
const NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// Who there is in a cluster, which policies are about whom, and what they let pass.
///
/// Borrows the cluster; making one costs about as much as reading it once, however many policies there are.
#[derive(Debug)]
pub struct Network<'a> {
    pub(crate) cluster: &'a Cluster,
    pub(crate) namespaces: Vec<NamespaceEntry<'a>>,
    pub(crate) namespace_ids: HashMap<&'a str, NamespaceId>,
    pub(crate) pods: Vec<PodEntry<'a>>,
    pub(crate) pod_ids: HashMap<(&'a str, &'a str), PodId>,
    pub(crate) nodes: Vec<NodeEntry<'a>>,
    pub(crate) node_ids: HashMap<&'a str, NodeId>,
    /// Living pods on the pod network by address: more than one only in a snapshot that was taken while an address changed hands.
    pub(crate) pod_addresses: HashMap<IpAddr, Vec<PodId>>,
    pub(crate) node_addresses: HashMap<IpAddr, NodeId>,
    pub(crate) owners: Owners<'a>,
    pub(crate) services: Services<'a>,
    pub(crate) groups: Option<SecurityGroups<'a>>,
    pub(crate) index: Index<'a>,
    /// In the order in which they are asked.
    pub(crate) policies: Vec<PolicyEntry<'a>>,
    /// By pod: the policies that speak of its ingress, and of its egress.
    pub(crate) selecting: Vec<[Vec<PolicyId>; 2]>,
}

/// Which way a packet goes, as seen from the pod that a policy is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Direction {
    /// To the pod.
    Ingress,
    /// From the pod.
    Egress,
}

impl Direction {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Ingress, Self::Egress];

    /// As policies write it, in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ingress => "ingress",
            Self::Egress => "egress",
        }
    }
}

impl<'a> Network<'a> {
    /// Finds out who there is and which policies are about whom.
    pub fn new(cluster: &'a Cluster) -> Self {
        let mut namespaces = namespaces(cluster);
        let namespace_ids: HashMap<&str, NamespaceId> =
            namespaces.iter().map(|namespace| (namespace.name, namespace.id)).collect();
        let (mut nodes, node_ids) = nodes(cluster);
        let owners = Owners::new(cluster);
        let pods = pods(cluster, &owners, &namespace_ids, &node_ids);
        for pod in &pods {
            if let Some(namespace) = namespaces.get_mut(pod.namespace.index()) {
                if namespace.end == namespace.first {
                    namespace.first = pod.id.0;
                }
                namespace.end = pod.id.0 + 1;
            }
        }
        let mut pod_ids = HashMap::with_capacity(pods.len());
        let mut pod_addresses: HashMap<IpAddr, Vec<PodId>> = HashMap::with_capacity(pods.len());
        for entry in &pods {
            let Origin::Live(pod) = entry.origin else { continue };
            if let Some(namespace) = &pod.reference.namespace {
                pod_ids.insert((&**namespace, &*pod.reference.name), entry.id);
            }
            let node = entry.node.and_then(|id| nodes.get_mut(id.index()));
            let own = if pod.host_network && node.is_some() { &[][..] } else { &pod.network.addresses };
            for address in own {
                pod_addresses.entry(*address).or_default().push(entry.id);
            }
            if let Some(node) = node {
                node.pods.push(entry.id);
                let shared = if pod.host_network { &pod.network.addresses[..] } else { &[] };
                for address in pod.network.host_addresses.iter().chain(shared) {
                    push_new(&mut node.addresses, *address);
                }
            }
        }
        let node_addresses = nodes
            .iter()
            .rev()
            .flat_map(|node| node.addresses.iter().map(|address| (*address, node.id)))
            .collect();
        let index = Index::new(&pods);
        let mut network = Self {
            cluster,
            namespaces,
            namespace_ids,
            selecting: vec![<[Vec<PolicyId>; 2]>::default(); pods.len()],
            pods,
            pod_ids,
            nodes,
            node_ids,
            pod_addresses,
            node_addresses,
            owners,
            services: Services::new(cluster),
            groups: None,
            index,
            policies: policies(cluster),
        };
        network.find_selected();
        network.groups = SecurityGroups::new(&network);
        network
    }

    fn find_selected(&mut self) {
        let mut selecting = std::mem::take(&mut self.selecting);
        for entry in &self.policies {
            for pod in self.select(&entry.policy.subject) {
                let Some([ingress, egress]) = selecting.get_mut(pod.id.index()) else { continue };
                if entry.policy.ingress.is_some() {
                    ingress.push(entry.id);
                }
                if entry.policy.egress.is_some() {
                    egress.push(entry.id);
                }
            }
        }
        self.selecting = selecting;
    }

    /// The cluster.
    pub fn cluster(&self) -> &'a Cluster {
        self.cluster
    }

    /// Living pods and templates of workloads without any, in the order of their numbers: by namespace, then as the snapshot has them. Pods
    /// on their nodes' network are among them, pods that are over are not.
    pub fn pods(&self) -> &[PodEntry<'a>] {
        &self.pods
    }

    /// A pod by its number.
    pub fn pod(&self, id: PodId) -> Option<&PodEntry<'a>> {
        self.pods.get(id.index())
    }

    /// A living pod by its name.
    pub fn pod_named(&self, namespace: &str, name: &str) -> Option<&PodEntry<'a>> {
        self.pod(*self.pod_ids.get(&(namespace, name))?)
    }

    /// A workload by its namespace, kind and name.
    pub fn workload_named(&self, namespace: &str, kind: &str, name: &str) -> Option<&'a Workload> {
        self.owners.named(namespace, kind, name)
    }

    /// The pods of a workload, through whatever it owns, or its template if none lives.
    pub fn workload_pods(&self, workload: &'a Workload) -> Vec<&PodEntry<'a>> {
        let living = self
            .owners
            .pods(&workload.reference)
            .iter()
            .filter_map(|pod| self.pod_named(pod.reference.namespace.as_deref()?, &pod.reference.name));
        let living: Vec<_> = living.collect();
        if !living.is_empty() {
            return living;
        }
        let namespace = workload.reference.namespace.as_deref().and_then(|name| self.namespace_named(name));
        let here = namespace.map_or(&[][..], |namespace| self.pods_of(namespace));
        let template =
            here.iter().find(|pod| matches!(pod.origin, Origin::Template(of) if std::ptr::eq(of, workload)));
        template.into_iter().collect()
    }

    /// The workload that a pod is of, the highest that the snapshot has: a Deployment rather than its ReplicaSet.
    pub fn workload_of(&self, pod: &PodEntry<'a>) -> Option<&'a Workload> {
        match pod.origin {
            Origin::Live(pod) => self.owners.top(pod),
            Origin::Template(workload) => Some(workload),
        }
    }

    /// The nodes: those with an object in its order, then those that only pods name.
    pub fn nodes(&self) -> &[NodeEntry<'a>] {
        &self.nodes
    }

    /// A node by its number.
    pub fn node(&self, id: NodeId) -> Option<&NodeEntry<'a>> {
        self.nodes.get(id.index())
    }

    /// A node by its name.
    pub fn node_named(&self, name: &str) -> Option<&NodeEntry<'a>> {
        self.node(*self.node_ids.get(name)?)
    }

    /// The namespaces by name: those with an object and those that anything names.
    pub fn namespaces(&self) -> &[NamespaceEntry<'a>] {
        &self.namespaces
    }

    /// A namespace by its number.
    pub fn namespace(&self, id: NamespaceId) -> Option<&NamespaceEntry<'a>> {
        self.namespaces.get(id.index())
    }

    /// A namespace by its name.
    pub fn namespace_named(&self, name: &str) -> Option<&NamespaceEntry<'a>> {
        self.namespace(*self.namespace_ids.get(name)?)
    }

    /// Pods and templates of a namespace.
    pub fn pods_of(&self, namespace: &NamespaceEntry<'_>) -> &[PodEntry<'a>] {
        let range = PodId(namespace.first).index()..PodId(namespace.end).index();
        self.pods.get(range).unwrap_or_default()
    }

    /// The policies in the order in which they are asked: admin tier by priority, NetworkPolicies, baseline by priority; equals by name.
    pub fn policies(&self) -> &[PolicyEntry<'a>] {
        &self.policies
    }

    /// The policies that speak of a direction of a pod's traffic, in the order in which they are asked. None for a pod on its node's network.
    pub fn selecting(&self, pod: PodId, direction: Direction) -> impl Iterator<Item = &PolicyEntry<'a>> {
        let ids = self.selecting.get(pod.index()).map_or(&[][..], |[ingress, egress]| match direction {
            Direction::Ingress => ingress.as_slice(),
            Direction::Egress => egress.as_slice(),
        });
        ids.iter().filter_map(|id| self.policies.get(id.index()))
    }

    /// The numbers of those policies, which two pods that are treated alike have in common.
    pub fn selecting_ids(&self, pod: PodId, direction: Direction) -> &[PolicyId] {
        self.selecting.get(pod.index()).map_or(&[], |[ingress, egress]| match direction {
            Direction::Ingress => ingress,
            Direction::Egress => egress,
        })
    }

    /// Who a pod is to packets: itself, or its node if it has its node's network.
    pub fn party<'n>(&'n self, pod: &'n PodEntry<'a>) -> Party<'n> {
        match pod.node.and_then(|node| self.node(node)) {
            Some(node) if pod.host_network() => Party::Node(node),
            _ => Party::Pod(pod),
        }
    }

    /// Who holds an address: living pods (more than one only while an address changes hands), else a node, else the outside. Services are not
    /// looked for, as no packet that a policy sees is to one.
    pub fn holders(&self, address: IpAddr) -> Vec<Party<'_>> {
        if let Some(pods) = self.pod_addresses.get(&address) {
            return pods.iter().filter_map(|id| self.pod(*id)).map(Party::Pod).collect();
        }
        let node = self.node_addresses.get(&address).and_then(|id| self.node(*id));
        match node {
            Some(node) if first_of(&node.addresses, address.is_ipv4()) == Some(address) => {
                vec![Party::Node(node)]
            }
            _ => vec![Party::Address(address)],
        }
    }

    /// The node of a party: that it is, or that it runs on.
    pub fn node_of(&self, party: Party<'_>) -> Option<NodeId> {
        match party {
            Party::Pod(pod) => pod.node,
            Party::Node(node) => Some(node.id),
            Party::Address(address) => self.node_addresses.get(&address).copied(),
        }
    }

    /// A party as peers of rules see it in one family: `true` is IPv4, `None` whichever it has.
    pub fn end<'n>(&'n self, party: Party<'n>, ipv4: Option<bool>) -> End<'n> {
        match party {
            Party::Pod(pod) => {
                let namespace = self.namespace(pod.namespace);
                End {
                    kind: if pod.host_network() { EndKind::Node } else { EndKind::Pod },
                    namespace: namespace.map_or("", |namespace| namespace.name),
                    namespace_labels: namespace.map_or(&[], |namespace| &namespace.labels),
                    labels: if pod.host_network() { &[] } else { pod.labels() },
                    labels_known: !pod.host_network(),
                    address: address_in(&pod.parts().addresses, ipv4),
                    ports: if pod.host_network() { &[] } else { &pod.parts().ports },
                }
            }
            Party::Node(node) => node_end(node, address_in(&node.addresses, ipv4)),
            Party::Address(address) => match self.node_of(party).and_then(|id| self.node(id)) {
                Some(node) => node_end(node, Some(address)),
                None => End::outside(address),
            },
        }
    }
}

fn node_end<'n>(node: &'n NodeEntry<'_>, address: Option<IpAddr>) -> End<'n> {
    let labels: &Labels = node.labels();
    End {
        kind: EndKind::Node,
        namespace: "",
        namespace_labels: &[],
        labels,
        labels_known: node.object.is_some(),
        address,
        ports: &[],
    }
}

/// The address of a family by which somebody is known within the cluster: the first, as Kubernetes lists internal ones before external ones.
pub(crate) fn first_of(addresses: &[IpAddr], ipv4: bool) -> Option<IpAddr> {
    addresses.iter().copied().find(|address| address.is_ipv4() == ipv4)
}

/// The same, or the first of either family.
fn address_in(addresses: &[IpAddr], ipv4: Option<bool>) -> Option<IpAddr> {
    ipv4.map_or_else(|| addresses.first().copied(), |ipv4| first_of(addresses, ipv4))
}

/// Namespaces with an object, and those that pods, workloads, services and policies name.
fn namespaces(cluster: &Cluster) -> Vec<NamespaceEntry<'_>> {
    let mut names: HashSet<&str> = HashSet::new();
    names.extend(cluster.namespaces.iter().map(|namespace| &*namespace.name));
    names.extend(cluster.pods.iter().filter_map(|pod| pod.reference.namespace.as_deref()));
    names.extend(cluster.workloads.iter().filter_map(|workload| workload.reference.namespace.as_deref()));
    names
        .extend(cluster.network.services.iter().filter_map(|service| service.reference.namespace.as_deref()));
    names.extend(cluster.network.policies.iter().filter_map(|policy| match &policy.subject.namespaces {
        NamespaceScope::Named(name) => Some(&**name),
        NamespaceScope::Selected(_) => None,
    }));
    let mut names: Vec<&str> = names.into_iter().collect();
    names.sort_unstable();
    let objects: HashMap<&str, _> =
        cluster.namespaces.iter().map(|namespace| (&*namespace.name, namespace)).collect();
    (0..)
        .zip(names)
        .map(|(id, name)| {
            let mut labels: Vec<(Arc<str>, Arc<str>)> =
                objects.get(name).map_or_else(Vec::new, |object| object.labels.clone());
            labels.retain(|(key, _)| &**key != NAME_LABEL);
            labels.push((Arc::from(NAME_LABEL), Arc::from(name)));
            NamespaceEntry { id: NamespaceId(id), name, labels, first: 0, end: 0 }
        })
        .collect()
}

/// Nodes with an object, and those that living pods name.
fn nodes(cluster: &Cluster) -> (Vec<NodeEntry<'_>>, HashMap<&str, NodeId>) {
    let mut ids = HashMap::new();
    let mut nodes = Vec::with_capacity(cluster.nodes.len());
    let with_object = cluster.nodes.iter().enumerate().map(|node| (&*node.1.name, Some(node)));
    let named = cluster
        .pods
        .iter()
        .filter(|pod| !pod.is_over())
        .filter_map(|pod| Some((pod.node_name.as_deref()?, None)));
    for (name, object) in with_object.chain(named) {
        let Ok(next) = u32::try_from(nodes.len()) else { break };
        if ids.contains_key(name) {
            continue;
        }
        ids.insert(name, NodeId(next));
        let addresses = object.map_or_else(Vec::new, |(_, node)| node.addresses.clone());
        let (place, object) = object.unzip();
        nodes.push(NodeEntry { id: NodeId(next), name, object, place, addresses, pods: Vec::new() });
    }
    (nodes, ids)
}

/// Living pods and templates of workloads that have none, by namespace.
fn pods<'a>(
    cluster: &'a Cluster,
    owners: &Owners<'a>,
    namespaces: &HashMap<&'a str, NamespaceId>,
    nodes: &HashMap<&'a str, NodeId>,
) -> Vec<PodEntry<'a>> {
    let living = cluster.pods.iter().enumerate().filter(|(_, pod)| !pod.is_over());
    let living = living.filter_map(|(place, pod)| {
        let namespace = *namespaces.get(pod.reference.namespace.as_deref()?)?;
        let node = pod.node_name.as_deref().and_then(|name| nodes.get(name)).copied();
        Some(PodEntry { id: PodId(0), origin: Origin::Live(pod), place, namespace, node })
    });
    let without_pods =
        cluster.workloads.iter().enumerate().filter(|(_, workload)| !owners.has_pods(&workload.reference));
    let templates = without_pods.filter_map(|(place, workload)| {
        let namespace = *namespaces.get(workload.reference.namespace.as_deref()?)?;
        Some(PodEntry { id: PodId(0), origin: Origin::Template(workload), place, namespace, node: None })
    });
    let mut pods: Vec<PodEntry<'a>> = living.chain(templates).collect();
    pods.sort_by_key(|pod| pod.namespace);
    for (id, pod) in (0..).zip(&mut pods) {
        pod.id = PodId(id);
    }
    pods
}

/// Policies in the order in which they are asked.
///
/// Source: network-policy-api, ClusterNetworkPolicy `spec.priority`: lower numbers come first; equals have no order, so names give one.
fn policies(cluster: &Cluster) -> Vec<PolicyEntry<'_>> {
    let mut policies: Vec<_> = cluster.network.policies.iter().collect();
    policies.sort_by(|a, b| (a.tier, &a.reference, &a.source).cmp(&(b.tier, &b.reference, &b.source)));
    (0..).zip(policies).map(|(id, policy)| PolicyEntry { id: PolicyId(id), policy }).collect()
}
