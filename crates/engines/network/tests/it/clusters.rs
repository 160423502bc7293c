//! Clusters made of numbers: the same number makes the same cluster.

use std::net::IpAddr;
use std::sync::Arc;

use ringwall_model::network::{
    ClusterTier, ContainerPort, NamespaceScope, NetworkParts, NetworkPolicy, NetworkRule, Peer, PodScope,
    PortMatch, Protocol, RuleAction, Tier,
};
use ringwall_model::{
    Cluster, LabelRequirement, LabelSelector, Namespace, Node, ObjectRef, Pod, PodReferences,
    SelectorOperator, Source, Workload,
};

pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    pub(crate) fn one_in(&mut self, number: usize) -> bool {
        self.below(number) == 0
    }

    pub(crate) fn pick<'t>(&mut self, from: &[&'t str]) -> &'t str {
        from[self.below(from.len())]
    }
}

pub(crate) fn reference(api_version: &str, kind: &str, namespace: Option<&str>, name: &str) -> ObjectRef {
    ObjectRef {
        api_version: api_version.into(),
        kind: kind.into(),
        namespace: namespace.map(Arc::from),
        name: name.into(),
    }
}

pub(crate) fn labels(pairs: &[(&str, &str)]) -> Vec<(Arc<str>, Arc<str>)> {
    pairs.iter().map(|(key, value)| (Arc::from(*key), Arc::from(*value))).collect()
}

pub(crate) fn namespace(name: &str, pairs: &[(&str, &str)]) -> Namespace {
    Namespace { name: name.into(), source: Source::new("namespaces.yaml", 1), labels: labels(pairs) }
}

pub(crate) fn pod(namespace: &str, name: &str, pairs: &[(&str, &str)], addresses: &[&str]) -> Pod {
    Pod {
        reference: reference("v1", "Pod", Some(namespace), name),
        source: Source::new("pods.yaml", 1),
        uid: None,
        labels: labels(pairs),
        host_network: false,
        node_name: None,
        service_account: "default".into(),
        references: PodReferences::default(),
        mirror: false,
        phase: Some("Running".into()),
        network: NetworkParts {
            addresses: addresses.iter().map(|address| address.parse().unwrap()).collect(),
            ..NetworkParts::default()
        },
    }
}

pub(crate) fn node(name: &str, pairs: &[(&str, &str)], addresses: &[&str]) -> Node {
    Node {
        name: name.into(),
        source: Source::new("nodes.yaml", 1),
        labels: labels(pairs),
        provider_id: None,
        compute: None,
        addresses: addresses.iter().map(|address| address.parse().unwrap()).collect(),
        pod_cidrs: Vec::new(),
        instance_type: None,
    }
}

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

pub(crate) fn selector(pairs: &[(&str, &str)]) -> LabelSelector {
    let requirements = pairs.iter().map(|(key, value)| requirement(key, SelectorOperator::In, &[value]));
    LabelSelector { requirements: requirements.collect() }
}

pub(crate) fn requirement(key: &str, operator: SelectorOperator, values: &[&str]) -> LabelRequirement {
    LabelRequirement {
        key: key.into(),
        operator,
        values: values.iter().map(|value| Arc::from(*value)).collect(),
    }
}

pub(crate) fn port(name: Option<&str>, protocol: Protocol, port: u16) -> ContainerPort {
    ContainerPort { container: "main".into(), name: name.map(Arc::from), protocol, port, host_port: None }
}

/// A NetworkPolicy of a namespace about pods with these labels.
pub(crate) fn policy(namespace: &str, name: &str, pairs: &[(&str, &str)]) -> NetworkPolicy {
    NetworkPolicy {
        reference: reference("networking.k8s.io/v1", "NetworkPolicy", Some(namespace), name),
        source: Source::new("policies.yaml", 1),
        tier: Tier::NetworkPolicy,
        subject: PodScope {
            namespaces: NamespaceScope::Named(namespace.into()),
            pods: Some(selector(pairs)),
        },
        ingress: None,
        egress: None,
        unreadable: Vec::new(),
    }
}

pub(crate) fn rule(peers: Option<Vec<Peer>>, ports: Option<Vec<PortMatch>>) -> NetworkRule {
    NetworkRule {
        index: 0,
        name: None,
        source: Source::new("policies.yaml", 2),
        action: RuleAction::Accept,
        peers,
        ports,
    }
}

pub(crate) fn tcp(port: u16) -> PortMatch {
    PortMatch::Range { protocol: Protocol::Tcp, first: port, last: port }
}

const NAMESPACES: [&str; 4] = ["a", "b", "c", "told-only"];
const KEYS: [&str; 3] = ["app", "tier", "team"];
const VALUES: [&str; 3] = ["x", "y", "z"];
const NAMES: [&str; 3] = ["http", "dns", "none"];

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
    KEYS.iter().filter_map(|key| (!numbers.one_in(3)).then(|| (*key, numbers.pick(&VALUES)))).collect()
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
    let mut rules = |numbers: &mut Numbers| {
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
