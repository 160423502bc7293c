use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use ringwall_model::network::{
    NamespaceScope, NetworkPolicy, NetworkRule, Peer, PodScope, PortMatch, RuleAction, Tier,
};
use ringwall_model::{LabelRequirement, LabelSelector, ObjectRef, SelectorOperator, Source};

use super::{Group, Needs, Other};
use crate::{Network, Traffic};

/// How many addresses of one block make the block.
const FEW: usize = 4;

/// The label that every namespace has: its name.
const NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// Longest name of an object. Source: Kubernetes, *Object Names and IDs*, DNS subdomain names.
const MAX_NAME: usize = 253;

/// One policy for each namespace that denies, one for each group that allows.
pub(super) fn policies(
    network: &Network<'_>,
    needs: &BTreeMap<Group, Needs>,
    notes: &mut Vec<String>,
) -> Vec<NetworkPolicy> {
    let mut policies = Vec::new();
    let mut names: BTreeSet<(Arc<str>, String)> = BTreeSet::new();
    let namespaces: BTreeSet<&Arc<str>> = needs.keys().map(|group| &group.namespace).collect();
    for namespace in namespaces {
        names.insert((Arc::clone(namespace), "default-deny".to_owned()));
        policies.push(policy(namespace, "default-deny", &[], Vec::new(), Vec::new()));
    }
    for (group, needs) in needs {
        if group.labels.is_empty() {
            notes.push(format!(
                "pods of {} in {} have no labels in common that last: their policy is for every pod of the namespace",
                listed(needs),
                group.namespace
            ));
        }
        let base = needs.names.first().map_or("pods", |name| name);
        let free =
            (1..).map(|number: u32| if number == 1 { base.to_owned() } else { format!("{base}-{number}") });
        let Some(name) =
            free.take(MAX_NAME).find(|name| names.insert((Arc::clone(&group.namespace), name.clone())))
        else {
            continue;
        };
        let ingress = rules(network, group, &needs.ingress, notes);
        let egress = rules(network, group, &needs.egress, notes);
        policies.push(policy(&group.namespace, &name, &group.labels, ingress, egress));
    }
    policies
}

fn listed(needs: &Needs) -> String {
    needs.names.iter().map(|name| &**name).collect::<Vec<_>>().join(", ")
}

fn policy(
    namespace: &Arc<str>,
    name: &str,
    labels: &[(Arc<str>, Arc<str>)],
    ingress: Vec<NetworkRule>,
    egress: Vec<NetworkRule>,
) -> NetworkPolicy {
    NetworkPolicy {
        reference: ObjectRef {
            api_version: "networking.k8s.io/v1".into(),
            kind: "NetworkPolicy".into(),
            namespace: Some(Arc::clone(namespace)),
            name: name.into(),
        },
        source: Source::built_in(),
        tier: Tier::NetworkPolicy,
        subject: PodScope {
            namespaces: NamespaceScope::Named(Arc::clone(namespace)),
            pods: Some(selector(labels)),
        },
        ingress: Some(ingress),
        egress: Some(egress),
        unreadable: Vec::new(),
    }
}

fn selector(labels: &[(Arc<str>, Arc<str>)]) -> LabelSelector {
    let one = |(key, value): &(Arc<str>, Arc<str>)| LabelRequirement {
        key: Arc::clone(key),
        operator: SelectorOperator::In,
        values: vec![Arc::clone(value)],
    };
    LabelSelector { requirements: labels.iter().map(one).collect() }
}

/// A rule for each set of ports, with all who need it.
fn rules(
    network: &Network<'_>,
    group: &Group,
    needs: &BTreeMap<Other, Traffic>,
    notes: &mut Vec<String>,
) -> Vec<NetworkRule> {
    let mut by_ports: BTreeMap<&Traffic, (Vec<Peer>, Vec<IpAddr>)> = BTreeMap::new();
    for (other, traffic) in needs {
        let (peers, addresses) = by_ports.entry(traffic).or_default();
        match other {
            Other::Pods(pods) => peers.push(Peer::Pods(scope(group, pods))),
            Other::Address(address) => addresses.push(*address),
        }
    }
    let mut rules = Vec::with_capacity(by_ports.len());
    for (traffic, (mut peers, addresses)) in by_ports {
        let blocks = blocks(network, &addresses, notes).into_iter();
        peers.extend(blocks.map(|cidr| Peer::Block { cidr, except: Vec::new() }));
        rules.push(NetworkRule {
            index: rules.len(),
            name: None,
            source: Source::built_in(),
            action: RuleAction::Accept,
            peers: Some(peers),
            ports: Some(ports(traffic)),
        });
    }
    rules
}

fn scope(from: &Group, pods: &Group) -> PodScope {
    let namespaces = if pods.namespace == from.namespace {
        NamespaceScope::Named(Arc::clone(&pods.namespace))
    } else {
        NamespaceScope::Selected(selector(&[(NAME_LABEL.into(), Arc::clone(&pods.namespace))]))
    };
    PodScope { namespaces, pods: Some(selector(&pods.labels)) }
}

fn ports(traffic: &Traffic) -> Vec<PortMatch> {
    let ports = traffic.spans().filter_map(|span| {
        Some(PortMatch::Range { protocol: span.protocol?, first: span.first, last: span.last })
    });
    ports.collect()
}

/// Addresses as blocks: each by itself, or [`FEW`] and more of one /24 or /64 as that, unless somebody of the cluster is in it.
fn blocks(network: &Network<'_>, addresses: &[IpAddr], notes: &mut Vec<String>) -> Vec<IpNet> {
    let mut by_block: BTreeMap<IpNet, Vec<IpAddr>> = BTreeMap::new();
    for address in addresses {
        let width = if address.is_ipv4() { 24 } else { 64 };
        let block = IpNet::new(*address, width).map_or_else(|_| IpNet::from(*address), |block| block.trunc());
        by_block.entry(block).or_default().push(*address);
    }
    let ours = |block: &IpNet| {
        let pods = network.pods().iter().flat_map(|pod| &pod.parts().addresses);
        let nodes = network.nodes().iter().flat_map(|node| &node.addresses);
        pods.chain(nodes).any(|address| block.contains(address))
    };
    let mut blocks = Vec::new();
    for (block, addresses) in by_block {
        if addresses.len() < FEW || ours(&block) {
            blocks.extend(addresses.into_iter().map(IpNet::from));
            continue;
        }
        let note = format!("{} addresses of {block} were seen: the whole block is allowed", addresses.len());
        if !notes.contains(&note) {
            notes.push(note);
        }
        blocks.push(block);
    }
    blocks
}
