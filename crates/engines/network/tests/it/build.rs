//! Clusters from JSON in the shapes of Kubernetes' own objects, as far as these tests write them.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use ringwall_model::network::{
    ClusterTier, ContainerPort, NamespaceScope, NetworkParts, NetworkPolicy, NetworkRule, Peer, PodScope,
    PortMatch, Protocol, RuleAction, Tier,
};
use ringwall_model::{
    LabelRequirement, LabelSelector, Namespace, Node, ObjectRef, Pod, PodReferences, SelectorOperator, Source,
};
use serde_json::Value;

pub(crate) fn text(value: &Value) -> Arc<str> {
    Arc::from(value.as_str().unwrap_or_else(|| panic!("no text: {value}")))
}

/// Labels of a JSON object.
pub(crate) fn labels(value: &Value) -> Vec<(Arc<str>, Arc<str>)> {
    value.as_object().into_iter().flatten().map(|(key, value)| (Arc::from(&**key), text(value))).collect()
}

pub(crate) fn reference(api_version: &str, kind: &str, namespace: Option<&str>, name: &str) -> ObjectRef {
    ObjectRef {
        api_version: Arc::from(api_version),
        kind: Arc::from(kind),
        namespace: namespace.map(Arc::from),
        name: Arc::from(name),
    }
}

pub(crate) fn namespace(name: &str, labels: Vec<(Arc<str>, Arc<str>)>) -> Namespace {
    Namespace { name: Arc::from(name), source: Source::new("namespaces.yaml", 1), labels }
}

pub(crate) fn node(name: &str, addresses: &[&str], labels: Vec<(Arc<str>, Arc<str>)>) -> Node {
    Node {
        name: Arc::from(name),
        source: Source::new("nodes.yaml", 1),
        labels,
        provider_id: None,
        compute: None,
        addresses: addresses.iter().map(|address| address.parse().unwrap()).collect(),
        pod_cidrs: Vec::new(),
        instance_type: None,
    }
}

/// A pod: `namespace`, `name`, and what it has of `labels`, `ip` or `ips`, `node`, `ports`, `hostNetwork`, `phase`.
pub(crate) fn pod(value: &Value) -> Pod {
    let one = value.get("ip").into_iter();
    let many = value.get("ips").and_then(Value::as_array).into_iter().flatten();
    let addresses: Vec<IpAddr> = one.chain(many).map(|address| text(address).parse().unwrap()).collect();
    let ports = value.get("ports").and_then(Value::as_array).into_iter().flatten();
    Pod {
        reference: reference("v1", "Pod", value["namespace"].as_str(), value["name"].as_str().unwrap()),
        source: Source::new("pods.yaml", 1),
        uid: None,
        labels: labels(&value["labels"]),
        host_network: value["hostNetwork"].as_bool().unwrap_or(false),
        node_name: value.get("node").map(text),
        service_account: Arc::from("default"),
        references: PodReferences::default(),
        mirror: false,
        phase: value.get("phase").map(text),
        network: NetworkParts {
            addresses,
            ports: ports.map(container_port).collect(),
            ..NetworkParts::default()
        },
    }
}

pub(crate) fn container_port(value: &Value) -> ContainerPort {
    let number = |key: &str| value.get(key).and_then(Value::as_u64).map(|port| u16::try_from(port).unwrap());
    ContainerPort {
        container: Arc::from("main"),
        name: value.get("name").map(text),
        protocol: protocol(value.get("protocol")),
        port: number("containerPort").unwrap(),
        host_port: number("hostPort"),
    }
}

fn protocol(value: Option<&Value>) -> Protocol {
    value.map_or(Protocol::Tcp, |name| Protocol::parse(name.as_str().unwrap()).unwrap())
}

/// A label selector in JSON.
pub(crate) fn selector(value: &Value) -> LabelSelector {
    let mut requirements: Vec<LabelRequirement> = labels(&value["matchLabels"])
        .into_iter()
        .map(|(key, value)| LabelRequirement { key, operator: SelectorOperator::In, values: vec![value] })
        .collect();
    for expression in value["matchExpressions"].as_array().into_iter().flatten() {
        let operator = match expression["operator"].as_str().unwrap() {
            "In" => SelectorOperator::In,
            "NotIn" => SelectorOperator::NotIn,
            "Exists" => SelectorOperator::Exists,
            "DoesNotExist" => SelectorOperator::DoesNotExist,
            other => panic!("no operator: {other}"),
        };
        let values = expression["values"].as_array().into_iter().flatten().map(text).collect();
        requirements.push(LabelRequirement { key: text(&expression["key"]), operator, values });
    }
    LabelSelector { requirements }
}

/// A NetworkPolicy of `networking.k8s.io/v1`. Its lines: 1 the policy, 10 and on the rules of ingress, 20 and on those of egress.
pub(crate) fn network_policy(value: &Value) -> NetworkPolicy {
    let (meta, spec) = (&value["metadata"], &value["spec"]);
    let own = meta["namespace"].as_str().unwrap_or("default");
    let has = |key: &str| spec[key].as_array().is_some_and(|rules| !rules.is_empty());
    let types: Vec<&str> = match spec["policyTypes"].as_array() {
        Some(types) => types.iter().map(|kind| kind.as_str().unwrap()).collect(),
        None if has("egress") => vec!["Ingress", "Egress"],
        None => vec!["Ingress"],
    };
    let source = Source::new("policies.yaml", 1);
    let rules = |kind: &str, key: &str, peers: &str, line: u32| {
        types.contains(&kind).then(|| {
            let list = spec[key].as_array().into_iter().flatten();
            list.enumerate()
                .map(|(index, rule)| network_rule(rule, index, own, peers, &source, line))
                .collect()
        })
    };
    NetworkPolicy {
        reference: reference(
            "networking.k8s.io/v1",
            "NetworkPolicy",
            Some(own),
            meta["name"].as_str().unwrap(),
        ),
        source: source.clone(),
        tier: Tier::NetworkPolicy,
        subject: PodScope {
            namespaces: NamespaceScope::Named(Arc::from(own)),
            pods: Some(selector(&spec["podSelector"])),
        },
        ingress: rules("Ingress", "ingress", "from", 10),
        egress: rules("Egress", "egress", "to", 20),
        unreadable: Vec::new(),
    }
}

fn network_rule(
    value: &Value,
    index: usize,
    own: &str,
    peers: &str,
    source: &Source,
    line: u32,
) -> NetworkRule {
    let list = |key: &str| value[key].as_array().filter(|list| !list.is_empty());
    NetworkRule {
        index,
        name: None,
        source: source.at(line + u32::try_from(index).unwrap()),
        action: RuleAction::Accept,
        peers: list(peers).map(|peers| peers.iter().map(|peer| network_peer(peer, own)).collect()),
        ports: list("ports").map(|ports| ports.iter().map(network_port).collect()),
    }
}

fn network_peer(value: &Value, own: &str) -> Peer {
    if let Some(block) = value.get("ipBlock") {
        let net = |value: &Value| value.as_str().unwrap().parse::<IpNet>().unwrap().trunc();
        let except = block["except"].as_array().into_iter().flatten().map(net).collect();
        return Peer::Block { cidr: net(&block["cidr"]), except };
    }
    Peer::Pods(PodScope {
        namespaces: value.get("namespaceSelector").map_or_else(
            || NamespaceScope::Named(Arc::from(own)),
            |namespaces| NamespaceScope::Selected(selector(namespaces)),
        ),
        pods: value.get("podSelector").map(selector),
    })
}

fn network_port(value: &Value) -> PortMatch {
    let protocol = protocol(value.get("protocol"));
    match value.get("port") {
        None => PortMatch::Protocol(protocol),
        Some(Value::String(name)) => PortMatch::Named { protocol: Some(protocol), name: Arc::from(&**name) },
        Some(number) => {
            let first = u16::try_from(number.as_u64().unwrap()).unwrap();
            let last =
                value.get("endPort").map_or(first, |last| u16::try_from(last.as_u64().unwrap()).unwrap());
            PortMatch::Range { protocol, first, last }
        }
    }
}

/// A ClusterNetworkPolicy: `name`, `tier`, `priority`, `subject` and rules of `ingress` and `egress`, each with `action`, `peers`
/// (`pods` with `namespaceSelector` and `podSelector`, `namespaces`, `nodes`, `network`, `domain`) and maybe `ports` as a NetworkPolicy has them.
pub(crate) fn cluster_policy(value: &Value) -> NetworkPolicy {
    let place = ClusterTier { priority: i32::try_from(value["priority"].as_i64().unwrap()).unwrap() };
    let source = Source::new("cluster-policies.yaml", 1);
    let rules = |key: &str, line: u32| {
        value.get(key).and_then(Value::as_array).map(|rules| {
            let rules = rules.iter().enumerate();
            rules.map(|(index, rule)| cluster_rule(rule, index, &source, line)).collect()
        })
    };
    NetworkPolicy {
        reference: reference(
            "policy.networking.k8s.io/v1alpha2",
            "ClusterNetworkPolicy",
            None,
            value["name"].as_str().unwrap(),
        ),
        source: source.clone(),
        tier: match value["tier"].as_str().unwrap() {
            "Admin" => Tier::Admin(place),
            "Baseline" => Tier::Baseline(place),
            other => panic!("no tier: {other}"),
        },
        subject: cluster_scope(&value["subject"]),
        ingress: rules("ingress", 10),
        egress: rules("egress", 40),
        unreadable: Vec::new(),
    }
}

fn cluster_scope(value: &Value) -> PodScope {
    match value.get("namespaces") {
        Some(namespaces) => {
            PodScope { namespaces: NamespaceScope::Selected(selector(namespaces)), pods: None }
        }
        None => PodScope {
            namespaces: NamespaceScope::Selected(selector(&value["pods"]["namespaceSelector"])),
            pods: Some(selector(&value["pods"]["podSelector"])),
        },
    }
}

fn cluster_rule(value: &Value, index: usize, source: &Source, line: u32) -> NetworkRule {
    let peer = |value: &Value| match (value.get("nodes"), value.get("network"), value.get("domain")) {
        (Some(nodes), _, _) => Peer::Nodes(selector(nodes)),
        (_, Some(network), _) => {
            Peer::Block { cidr: network.as_str().unwrap().parse().unwrap(), except: Vec::new() }
        }
        (_, _, Some(name)) => Peer::DomainName(text(name)),
        _ => Peer::Pods(cluster_scope(value)),
    };
    NetworkRule {
        index,
        name: value.get("name").map(text),
        source: source.at(line + u32::try_from(index).unwrap()),
        action: match value["action"].as_str().unwrap() {
            "Accept" => RuleAction::Accept,
            "Deny" => RuleAction::Deny,
            "Pass" => RuleAction::Pass,
            other => panic!("no action: {other}"),
        },
        peers: Some(value["peers"].as_array().unwrap().iter().map(peer).collect()),
        ports: value
            .get("ports")
            .and_then(Value::as_array)
            .map(|ports| ports.iter().map(network_port).collect()),
    }
}
