//! One packet, judged straight from the guides' words: no index, no sets, everything looked up again.

use std::net::IpAddr;
use std::sync::Arc;

use ringwall_model::network::{EnforcingMode, GroupPeer, GroupProtocol, InterfaceKind, SecurityGroupRule};
use ringwall_model::{Cluster, ComputeType};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Host {
    Pod(usize),
    Node(usize),
    Other(IpAddr),
}

/// Protocol by its number, and destination port or type and code.
#[derive(Clone, Copy, Debug)]
pub(super) enum Payload {
    Tcp(u16),
    Udp(u16),
    Sctp,
    Ping,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Packet {
    pub(super) from: Host,
    pub(super) to: Host,
    pub(super) source: IpAddr,
    pub(super) destination: IpAddr,
    pub(super) payload: Payload,
}

/// Whose security groups a packet passes.
struct Interface {
    groups: Vec<Arc<str>>,
}

/// "Security groups do not filter traffic to and from" DNS, metadata, the clock, the router.
fn never_filtered(cluster: &Cluster, address: IpAddr) -> bool {
    let text = address.to_string();
    let reserved = |block: &ipnet::IpNet| match (block.network(), address) {
        (IpAddr::V4(base), IpAddr::V4(address)) => {
            let offset = u32::from(address).wrapping_sub(u32::from(base));
            offset == 1 || offset == 2
        }
        _ => false,
    };
    text.starts_with("169.254.")
        || text.starts_with("fd00:ec2:")
        || cluster.aws.subnets.iter().flat_map(|subnet| &subnet.blocks).any(reserved)
}

fn node_of(cluster: &Cluster, host: Host) -> Option<usize> {
    match host {
        Host::Pod(at) => {
            let name = cluster.pods[at].node_name.clone()?;
            cluster.nodes.iter().position(|node| node.name == name)
        }
        Host::Node(at) => Some(at),
        Host::Other(_) => None,
    }
}

fn primary(cluster: &Cluster, node: usize) -> Interface {
    let instance = format!("i-{}", cluster.nodes[node].name);
    let interface = cluster
        .aws
        .network_interfaces
        .iter()
        .find(|interface| {
            interface.instance.as_deref() == Some(&*instance) && interface.device_index == Some(0)
        })
        .unwrap();
    Interface { groups: interface.groups.clone() }
}

/// The interface that has an address, as its own or of a prefix delegated to it.
fn holding(cluster: &Cluster, address: IpAddr) -> Option<Interface> {
    let interfaces = &cluster.aws.network_interfaces;
    let exact = interfaces.iter().find(|interface| interface.addresses.contains(&address));
    let found = exact.or_else(|| {
        interfaces.iter().find(|interface| interface.prefixes.iter().any(|prefix| prefix.contains(&address)))
    });
    found.map(|interface| Interface { groups: interface.groups.clone() })
}

fn branch(cluster: &Cluster, pod: usize) -> Option<Interface> {
    let pod = &cluster.pods[pod];
    for interface in &cluster.aws.network_interfaces {
        let annotated = pod.network.branch_interfaces.iter().any(|branch| branch.id == interface.id);
        let addressed = interface.kind == InterfaceKind::Branch
            && interface.addresses.iter().any(|address| pod.network.addresses.contains(address));
        if annotated || addressed {
            return Some(Interface { groups: interface.groups.clone() });
        }
    }
    if pod.network.addresses.iter().any(|address| holding(cluster, *address).is_some()) {
        return None;
    }
    let mut groups = Vec::new();
    for policy in &cluster.network.security_group_policies {
        let account = cluster.service_accounts.iter().find(|account| account.name == pod.service_account);
        let no_labels = Vec::new();
        let account = account.map_or(&no_labels, |account| &account.labels);
        let valid = !policy.groups.is_empty() && (policy.pods.is_some() || policy.service_accounts.is_some());
        let by_pod = policy.pods.as_ref().is_none_or(|selector| selector.matches(&pod.labels));
        let by_account = policy.service_accounts.as_ref().is_none_or(|selector| selector.matches(account));
        if valid && by_pod && by_account {
            groups.extend(policy.groups.iter().map(|(group, _)| group.clone()));
        }
    }
    (!groups.is_empty()).then_some(Interface { groups })
}

fn is_fargate(cluster: &Cluster, host: Host) -> bool {
    node_of(cluster, host).is_some_and(|node| cluster.nodes[node].compute == Some(ComputeType::Fargate))
}

/// The interface under whose address a host is known.
fn own(cluster: &Cluster, host: Host) -> Option<Interface> {
    match host {
        Host::Pod(at) => {
            branch(cluster, at).or_else(|| holding(cluster, cluster.pods[at].network.addresses[0]))
        }
        Host::Node(at) if is_fargate(cluster, host) => holding(cluster, cluster.nodes[at].addresses[0]),
        Host::Node(at) => Some(primary(cluster, at)),
        Host::Other(address) => holding(cluster, address),
    }
}

fn has_branch(cluster: &Cluster, host: Host) -> bool {
    matches!(host, Host::Pod(at) if !is_fargate(cluster, host) && branch(cluster, at).is_some())
}

/// "Security group rules are always permissive"; "the rules from each security group are effectively aggregated".
fn permits(
    cluster: &Cluster,
    interface: &Interface,
    inbound: bool,
    peer: IpAddr,
    peer_groups: &[Arc<str>],
    payload: Payload,
) -> bool {
    for group in &cluster.aws.security_groups {
        if !interface.groups.contains(&group.id) {
            continue;
        }
        for rule in if inbound { &group.ingress } else { &group.egress } {
            let named = rule.peers.iter().any(|(named, _)| match named {
                GroupPeer::Block(block) => block.contains(&peer),
                GroupPeer::Group { id, .. } => peer_groups.contains(id),
                GroupPeer::PrefixList(id) => {
                    let list = cluster.aws.prefix_lists.iter().find(|list| list.id == *id).unwrap();
                    list.blocks.iter().flatten().any(|block| block.contains(&peer))
                }
                GroupPeer::Unreadable(_) => false,
            });
            if named && speaks_of(rule, payload, peer.is_ipv4()) {
                return true;
            }
        }
    }
    false
}

fn speaks_of(rule: &SecurityGroupRule, payload: Payload, v4: bool) -> bool {
    let within = |port: u16| {
        rule.ports.is_none_or(|(first, last)| first <= i32::from(port) && i32::from(port) <= last)
    };
    let message = |kind: i32| match rule.ports {
        None | Some((-1, _)) => true,
        Some((of, code)) => of == kind && (code == -1 || code == 0),
    };
    match (rule.protocol, payload) {
        (GroupProtocol::All, _) | (GroupProtocol::Number(132), Payload::Sctp) => true,
        (GroupProtocol::Tcp, Payload::Tcp(port)) | (GroupProtocol::Udp, Payload::Udp(port)) => within(port),
        (GroupProtocol::Icmp, Payload::Ping) => v4 && message(8),
        (GroupProtocol::Icmpv6, Payload::Ping) => !v4 && message(128),
        _ => false,
    }
}

/// Whether the VPC lets the first packet of a flow through.
pub(super) fn passes(cluster: &Cluster, packet: Packet) -> bool {
    let Packet { from, to, source, destination, payload } = packet;
    if from == to || never_filtered(cluster, source) || never_filtered(cluster, destination) {
        return true;
    }
    let cni = cluster.network.vpc_cni.as_ref().unwrap();
    let standard = cni.enforcing_mode == Some(EnforcingMode::Standard);
    let same_node = node_of(cluster, from).is_some() && node_of(cluster, from) == node_of(cluster, to);
    let branched = has_branch(cluster, from) || has_branch(cluster, to);
    if same_node && (standard || !branched) {
        return true;
    }
    let (mut sender, receiver) = (own(cluster, from), own(cluster, to));
    let names = |interface: &Option<Interface>| interface.as_ref().map_or(Vec::new(), |of| of.groups.clone());

    let mut out: Vec<Interface> = Vec::new();
    let outside = matches!(to, Host::Other(address) if holding(cluster, address).is_none()
        && !cluster.aws.subnets.iter().flat_map(|subnet| &subnet.blocks).any(|block| block.contains(&address)));
    let on_node = node_of(cluster, from).filter(|_| !is_fargate(cluster, from));
    let own_way = has_branch(cluster, from) && !standard;
    let without_v4 =
        matches!(from, Host::Pod(at) if cluster.pods[at].network.addresses.iter().all(IpAddr::is_ipv6));
    let borrowed = without_v4 && !is_fargate(cluster, from);
    let translated = destination.is_ipv4() && (borrowed || (outside && !cni.external_snat && !own_way));
    if let (Some(node), true) = (on_node, translated && borrowed) {
        sender = Some(primary(cluster, node));
    }
    match on_node {
        Some(node) if translated => out.push(primary(cluster, node)),
        node => {
            if let (Some(node), true) = (node, has_branch(cluster, from) && standard) {
                out.push(primary(cluster, node));
            }
            out.extend(own(cluster, from));
        }
    }
    let mut into: Vec<Interface> = own(cluster, to).into_iter().collect();
    if let (Some(node), true) = (node_of(cluster, to), has_branch(cluster, to) && standard) {
        into.push(primary(cluster, node));
    }
    out.iter().all(|of| permits(cluster, of, false, destination, &names(&receiver), payload))
        && into.iter().all(|of| permits(cluster, of, true, source, &names(&sender), payload))
}
