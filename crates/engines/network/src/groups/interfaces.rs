//! Interfaces of the exports: by id, by address, and those of a node.

use std::net::IpAddr;

use hashbrown::{HashMap, HashSet};
use ipnet::IpNet;
use ringwall_model::Cluster;
use ringwall_model::network::{InterfaceKind, NetworkInterface};

use crate::NodeEntry;

/// Descriptions that the VPC resource controller gives branches.
///
/// Source: Amazon EKS Best Practices Guide, *Security groups per pod*: "branch interfaces named `aws-k8s-branch-eni`".
const BRANCH: &str = "aws-k8s-branch-eni";

/// Where interfaces are found.
#[derive(Debug)]
pub(super) struct Interfaces<'a> {
    all: &'a [NetworkInterface],
    by_id: HashMap<&'a str, &'a NetworkInterface>,
    by_address: HashMap<IpAddr, &'a NetworkInterface>,
    by_prefix: HashMap<IpNet, &'a NetworkInterface>,
    by_instance: HashMap<&'a str, Vec<&'a NetworkInterface>>,
    /// Lengths of the prefixes that there are, the longest first.
    lengths: Vec<u8>,
    /// Subnets of other VPCs.
    foreign: HashSet<&'a str>,
}

impl<'a> Interfaces<'a> {
    pub(super) fn new(cluster: &'a Cluster, foreign: HashSet<&'a str>, own: &[IpNet]) -> Self {
        let all = cluster.aws.network_interfaces.as_slice();
        let mut index = Self {
            all,
            by_id: HashMap::with_capacity(all.len()),
            by_address: HashMap::with_capacity(all.len()),
            by_prefix: HashMap::new(),
            by_instance: HashMap::new(),
            lengths: Vec::new(),
            foreign,
        };
        for interface in all {
            index.by_id.entry(&*interface.id).or_insert(interface);
            // Another VPC may have the same addresses, and then they are the cluster's own that are meant.
            let foreign = index.is_foreign(interface);
            let hidden = |address: IpAddr| foreign && own.iter().any(|block| block.contains(&address));
            for address in interface.addresses.iter().filter(|address| !hidden(**address)) {
                index.by_address.entry(*address).or_insert(interface);
            }
            for prefix in interface.prefixes.iter().filter(|prefix| !hidden(prefix.addr())) {
                index.by_prefix.entry(prefix.trunc()).or_insert(interface);
                index.lengths.push(prefix.prefix_len());
            }
            if let Some(instance) = &interface.instance {
                index.by_instance.entry(&**instance).or_default().push(interface);
            }
        }
        index.lengths.sort_unstable_by(|a, b| b.cmp(a));
        index.lengths.dedup();
        index
    }

    /// Whether an interface is of another VPC than the cluster's.
    pub(super) fn is_foreign(&self, interface: &NetworkInterface) -> bool {
        interface.subnet.as_ref().is_some_and(|subnet| self.foreign.contains(&**subnet))
    }

    /// Whether any interface is of another VPC.
    pub(super) fn reaches_beyond(&self) -> bool {
        self.all.iter().any(|interface| self.is_foreign(interface))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(super) fn all(&self) -> &'a [NetworkInterface] {
        self.all
    }

    pub(super) fn by_id(&self, id: &str) -> Option<&'a NetworkInterface> {
        self.by_id.get(id).copied()
    }

    /// The interface that holds an address, or a prefix that it is of.
    pub(super) fn by_address(&self, address: IpAddr) -> Option<&'a NetworkInterface> {
        let exact = self.by_address.get(&address);
        exact
            .or_else(|| {
                self.lengths.iter().find_map(|length| {
                    let block = IpNet::new(address, *length).ok()?;
                    self.by_prefix.get(&block.trunc())
                })
            })
            .copied()
    }

    /// Interfaces attached to a node's instance, or else the ones that hold the node's own addresses.
    pub(super) fn of_node(&self, node: &NodeEntry<'_>) -> Vec<&'a NetworkInterface> {
        let attached = instance(node).and_then(|id| self.by_instance.get(id));
        attached.cloned().unwrap_or_else(|| {
            let mut found: Vec<&NetworkInterface> = Vec::new();
            for address in &node.addresses {
                if let Some(interface) = self.by_address(*address)
                    && !found.iter().any(|other| std::ptr::eq(*other, interface))
                {
                    found.push(interface);
                }
            }
            found
        })
    }

    /// A node's primary interface: device 0, or where nobody numbers them the one that holds the node's address.
    pub(super) fn primary(&self, node: &NodeEntry<'_>) -> Option<&'a NetworkInterface> {
        let interfaces = self.of_node(node);
        let numbered =
            interfaces.iter().find(|interface| interface.device_index == Some(0) && !is_branch(interface));
        let holding = || {
            interfaces.iter().find(|interface| {
                interface.device_index.is_none()
                    && node.addresses.iter().any(|address| interface.addresses.contains(address))
            })
        };
        numbered.or_else(holding).copied()
    }
}

/// Whether an interface is a pod's own.
pub(super) fn is_branch(interface: &NetworkInterface) -> bool {
    interface.kind == InterfaceKind::Branch || interface.description.as_deref() == Some(BRANCH)
}

/// The EC2 instance of a node: the last part of `aws:///eu-west-1a/i-0123`.
pub(super) fn instance<'a>(node: &NodeEntry<'a>) -> Option<&'a str> {
    let id = node.object?.provider_id.as_deref()?.rsplit('/').next()?;
    id.starts_with("i-").then_some(id)
}
