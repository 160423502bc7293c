use std::net::IpAddr;
use std::sync::Arc;

use ringwall_model::network::{
    ClusterTier, NamespaceScope, NetworkParts, NetworkPolicy, NetworkRule, Peer, PodScope, PortMatch,
    Protocol, RuleAction, Tier,
};
use ringwall_model::{Cluster, LabelSelector, Pod, SelectorOperator, Source, Workload};

use super::parts::{Numbers, labels, namespace, node, pod, policy, port, reference, requirement, rule};

const NAMESPACES: [&str; 4] = ["a", "b", "c", "told-only"];
const KEYS: [&str; 3] = ["app", "tier", "team"];
const VALUES: [&str; 3] = ["x", "y", "z"];
const NAMES: [&str; 3] = ["http", "dns", "none"];

pub(crate) fn workload(kind: &str, namespace: &str, name: &str, pairs: &[(&str, &str)]) -> Workload {
    Workload {
        reference: reference("apps/v1", kind, Some(namespace), name),
        source: Source::new("workloads.yaml", 1),
        service_account: "default".into(),
        labels: labels(pairs),
        host_network: false,
        owned: false,
        network: NetworkParts::default(),
        replicas: Some(1),
    }
}

/// A small cluster in which everything happens: every kind of policy and peer, both families, pods without addresses, on nodes' networks
/// and over; nodes of several addresses and without an object.
pub(crate) fn small(number: u64) -> Cluster {
    let mut numbers = Numbers(number);
    numbers.below(2);
    let numbers = &mut numbers;
    let mut cluster = Cluster {
        namespaces: NAMESPACES.iter().take(3).map(|name| namespace(name, &any_labels(numbers))).collect(),
        nodes: vec![
            node("n1", &any_labels(numbers), &["10.0.1.1", "fd00::1:1", "203.0.113.9"]),
            node("n2", &any_labels(numbers), &["10.0.1.2"]),
        ],
        ..Cluster::default()
    };
    for at in 0..3 + numbers.below(8) {
        cluster.pods.push(any_pod(numbers, at));
    }
    let template = Workload {
        network: parts(numbers),
        host_network: numbers.one_in(5),
        ..workload("Deployment", "a", "none-yet", &any_labels(numbers))
    };
    cluster.workloads.push(template);
    for at in 0..numbers.below(9) {
        cluster.network.policies.push(any_policy(numbers, at));
    }
    cluster
}

fn any_labels(numbers: &mut Numbers) -> Vec<(&'static str, &'static str)> {
    let mut labels = Vec::new();
    for key in KEYS {
        if !numbers.one_in(3) {
            labels.push((key, numbers.pick(&VALUES)));
        }
    }
    labels
}

fn parts(numbers: &mut Numbers) -> NetworkParts {
    let ports = (0..numbers.below(3)).map(|_| {
        let protocol = Protocol::ALL[numbers.below(3)];
        let number = [53, 80, 8080][numbers.below(3)];
        port(Some(numbers.pick(&NAMES[..2])), protocol, number)
    });
    NetworkParts { ports: ports.collect(), ..NetworkParts::default() }
}

fn any_pod(numbers: &mut Numbers, at: usize) -> Pod {
    let four = format!("10.0.{}.{}", numbers.below(2), 10 + at);
    let six = format!("fd00::{}:{}", numbers.below(2), 10 + at);
    let addresses = match numbers.below(6) {
        0 => vec![],
        1 => vec![&*six],
        2 => vec![&*four, &*six],
        _ => vec![&*four],
    };
    let mut pod = pod(numbers.pick(&NAMESPACES), &format!("p{at}"), &any_labels(numbers), &addresses);
    pod.network.ports = parts(numbers).ports;
    pod.node_name = [None, Some("n1"), Some("n2"), Some("n3")][numbers.below(4)].map(Arc::from);
    pod.host_network = numbers.one_in(7);
    if pod.host_network && pod.node_name.as_deref() == Some("n1") {
        pod.network.addresses = vec!["10.0.1.1".parse::<IpAddr>().unwrap()];
    }
    if numbers.one_in(10) {
        pod.phase = Some("Succeeded".into());
    }
    pod
}

fn any_selector(numbers: &mut Numbers) -> LabelSelector {
    let requirements = (0..numbers.below(3)).map(|_| {
        let key = numbers.pick(&KEYS);
        let values = [numbers.pick(&VALUES), numbers.pick(&VALUES)];
        match numbers.below(6) {
            0 => requirement(key, SelectorOperator::NotIn, &values),
            1 => requirement(key, SelectorOperator::Exists, &[]),
            2 => requirement(key, SelectorOperator::DoesNotExist, &[]),
            3 => requirement(key, SelectorOperator::In, &values),
            _ => requirement(key, SelectorOperator::In, &values[..1]),
        }
    });
    LabelSelector { requirements: requirements.collect() }
}

fn any_scope(numbers: &mut Numbers) -> PodScope {
    let namespaces = if numbers.one_in(2) {
        NamespaceScope::Named(numbers.pick(&NAMESPACES).into())
    } else {
        NamespaceScope::Selected(any_selector(numbers))
    };
    PodScope { namespaces, pods: (!numbers.one_in(3)).then(|| any_selector(numbers)) }
}

fn any_peer(numbers: &mut Numbers, cluster_wide: bool) -> Peer {
    const BLOCKS: [&str; 8] = [
        "0.0.0.0/0",
        "::/0",
        "10.0.0.0/16",
        "10.0.0.0/24",
        "10.0.1.0/24",
        "10.0.0.12/31",
        "fd00::1:0/112",
        "203.0.113.0/24",
    ];
    match numbers.below(10) {
        0..=3 => {
            let except = (0..numbers.below(3)).map(|_| numbers.pick(&BLOCKS[2..]).parse().unwrap()).collect();
            Peer::Block { cidr: numbers.pick(&BLOCKS).parse().unwrap(), except }
        }
        4 if cluster_wide => Peer::Nodes(any_selector(numbers)),
        5 if cluster_wide => Peer::DomainName("example.com".into()),
        6 if numbers.one_in(3) => Peer::Unreadable("it could not be read".into()),
        _ => Peer::Pods(any_scope(numbers)),
    }
}

fn any_port(numbers: &mut Numbers) -> PortMatch {
    match numbers.below(8) {
        0 => PortMatch::Protocol(Protocol::ALL[numbers.below(4)]),
        1..=3 => {
            let protocol = (!numbers.one_in(3)).then(|| Protocol::ALL[numbers.below(3)]);
            PortMatch::Named { protocol, name: numbers.pick(&NAMES).into() }
        }
        4 if numbers.one_in(3) => PortMatch::Unreadable("it could not be read".into()),
        _ => {
            let first = [53, 80, 8000][numbers.below(3)];
            let last = first + [0, 0, 100][numbers.below(3)];
            PortMatch::Range { protocol: Protocol::ALL[numbers.below(3)], first, last }
        }
    }
}

fn any_policy(numbers: &mut Numbers, at: usize) -> NetworkPolicy {
    let tier = match numbers.below(5) {
        0 => Tier::Admin(ClusterTier { priority: i32::try_from(numbers.below(3)).unwrap() }),
        1 => Tier::Baseline(ClusterTier { priority: i32::try_from(numbers.below(3)).unwrap() }),
        _ => Tier::NetworkPolicy,
    };
    let wide = tier != Tier::NetworkPolicy;
    let rules = |numbers: &mut Numbers| {
        (!numbers.one_in(3)).then(|| {
            (0..numbers.below(3))
                .map(|index| {
                    let peers = (!numbers.one_in(5))
                        .then(|| (0..1 + numbers.below(2)).map(|_| any_peer(numbers, wide)).collect());
                    let ports = (!numbers.one_in(3))
                        .then(|| (0..1 + numbers.below(2)).map(|_| any_port(numbers)).collect());
                    let action = match numbers.below(if wide { 3 } else { 1 }) {
                        0 => RuleAction::Accept,
                        1 => RuleAction::Deny,
                        _ => RuleAction::Pass,
                    };
                    NetworkRule { index, action, ..rule(peers, ports) }
                })
                .collect()
        })
    };
    let (ingress, egress) = (rules(numbers), rules(numbers));
    let subject = if wide {
        any_scope(numbers)
    } else {
        PodScope {
            namespaces: NamespaceScope::Named(numbers.pick(&NAMESPACES).into()),
            pods: Some(any_selector(numbers)),
        }
    };
    let unreadable = if numbers.one_in(12) { vec!["a part of it".into()] } else { Vec::new() };
    NetworkPolicy { tier, subject, ingress, egress, unreadable, ..policy("a", &format!("policy-{at}"), &[]) }
}
