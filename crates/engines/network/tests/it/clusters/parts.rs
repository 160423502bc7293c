//! Parts of clusters, for generators.

use std::sync::Arc;

use ringwall_model::network::{
    ContainerPort, NamespaceScope, NetworkParts, NetworkPolicy, NetworkRule, Peer, PodScope, PortMatch,
    Protocol, RuleAction, Tier,
};
use ringwall_model::{
    LabelRequirement, LabelSelector, Namespace, Node, ObjectRef, Pod, PodReferences, SelectorOperator, Source,
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
