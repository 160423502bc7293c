//! Who may reach whom, written down from the documentation and as slowly as it likes: it asks the objects themselves, as they are in YAML.
//!
//! Sources: Kubernetes, *Network Policies* and the API reference of NetworkPolicy v1; network-policy-api, the types of
//! ClusterNetworkPolicy v1alpha2, AdminNetworkPolicy and BaselineAdminNetworkPolicy v1alpha1; Amazon VPC, *Security group rules*.

use std::net::IpAddr;

use ipnet::IpNet;
use ringwall_model::network::Protocol;
use serde_json::Value;

use crate::lab::Place;
use crate::world::{Labels, Pod, Vpc, World};

/// One packet that opens a flow.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) from: IpAddr,
    pub(crate) to: IpAddr,
    pub(crate) protocol: Protocol,
    pub(crate) port: u16,
}

impl Question {
    /// The port, or what stands for it: of an echo, type and code.
    pub(crate) fn key(&self) -> u16 {
        match (self.protocol, self.to.is_ipv4()) {
            (Protocol::Icmp, true) => 8 << 8,
            (Protocol::Icmp, false) => 128 << 8,
            _ => self.port,
        }
    }
}

/// Whether it gets there.
pub(crate) fn allowed(world: &World, question: &Question) -> bool {
    let (from, to) = (world.place_of(question.from), world.place_of(question.to));
    if from == to {
        return true;
    }
    // A pod and its node, whatever anything says.
    if near(world, &from, &to) || near(world, &to, &from) {
        return true;
    }
    if !world.vpc.as_ref().is_none_or(|vpc| groups_allow(world, vpc, question, &from, &to)) {
        return false;
    }
    let (sender, receiver) = (pod(world, &from), pod(world, &to));
    let port = Port { protocol: question.protocol, number: question.port, owner: receiver };
    sender.is_none_or(|subject| passes(world, subject, false, question.to, &port))
        && receiver.is_none_or(|subject| passes(world, subject, true, question.from, &port))
}

fn near(world: &World, one: &Place, other: &Place) -> bool {
    matches!((pod(world, one), other), (Some(pod), Place::Node(node)) if pod.node == *node)
}

fn pod<'w>(world: &'w World, place: &Place) -> Option<&'w Pod> {
    let Place::Pod(key) = place else { return None };
    world.on_pod_network().find(|pod| pod.key() == *key)
}

/// Security groups: the source's may send it, and the destination's may get it.
fn groups_allow(world: &World, vpc: &Vpc, question: &Question, from: &Place, to: &Place) -> bool {
    let branch = |place: &Place| pod(world, place).is_some_and(|pod| !pod.groups.is_empty());
    // What stays on a node passes no interface, but that of a pod that has its own in strict mode.
    let through_vpc = vpc.strict && (branch(from) || branch(to));
    let node = |place: &Place| match place {
        Place::Node(at) => Some(*at),
        _ => pod(world, place).map(|pod| pod.node),
    };
    if node(from).is_some() && node(from) == node(to) && !through_vpc {
        return true;
    }
    let own = |place: &Place| -> Vec<String> {
        match pod(world, place).filter(|pod| !pod.groups.is_empty()) {
            Some(pod) => pod.groups.clone(),
            None => node(place).map_or_else(Vec::new, |at| world.nodes[at].groups.clone()),
        }
    };
    // In standard mode the node's interface judges as well.
    let judges = |place: &Place| -> Vec<Vec<String>> {
        let mut all = vec![own(place)];
        if !vpc.strict && branch(place) {
            all.extend(node(place).map(|at| world.nodes[at].groups.clone()));
        }
        if *place == Place::Outside { Vec::new() } else { all }
    };
    let lets = |groups: &Vec<String>, list: &str, other: IpAddr, others: &[String]| {
        vpc.groups.iter().filter(|group| groups.iter().any(|id| group["GroupId"] == id.as_str())).any(
            |group| {
                group[list]
                    .as_array()
                    .unwrap()
                    .iter()
                    .any(|rule| group_rule_matches(rule, question, other, others))
            },
        )
    };
    judges(from).iter().all(|groups| lets(groups, "IpPermissionsEgress", question.to, &own(to)))
        && judges(to).iter().all(|groups| lets(groups, "IpPermissions", question.from, &own(from)))
}

fn group_rule_matches(rule: &Value, question: &Question, other: IpAddr, others: &[String]) -> bool {
    let of_protocol = match (rule["IpProtocol"].as_str().unwrap(), question.protocol) {
        ("-1", _) | ("132", Protocol::Sctp) => true,
        ("icmp", Protocol::Icmp) => other.is_ipv4(),
        ("icmpv6", Protocol::Icmp) => other.is_ipv6(),
        ("tcp", Protocol::Tcp) | ("udp", Protocol::Udp) => (rule["FromPort"].as_u64().unwrap()
            ..=rule["ToPort"].as_u64().unwrap())
            .contains(&u64::from(question.port)),
        _ => false,
    };
    let within = |item: &Value| {
        let block = item["CidrIp"].as_str().or(item["CidrIpv6"].as_str()).unwrap();
        block.parse::<IpNet>().unwrap().contains(&other)
    };
    let list = |key: &str| rule[key].as_array().cloned().unwrap_or_default();
    of_protocol
        && (list("IpRanges").iter().chain(&list("Ipv6Ranges")).any(within)
            || list("UserIdGroupPairs")
                .iter()
                .any(|pair| others.iter().any(|id| pair["GroupId"] == id.as_str())))
}

struct Port<'w> {
    protocol: Protocol,
    number: u16,
    /// The pod that it is a port of.
    owner: Option<&'w Pod>,
}

/// What all policies together say of a pod and one direction.
fn passes(world: &World, subject: &Pod, ingress: bool, other: IpAddr, port: &Port<'_>) -> bool {
    let (list, peers) = if ingress { ("ingress", "from") } else { ("egress", "to") };
    let of_tier = |tier: &str| {
        let mut policies: Vec<&Value> = world
            .objects
            .iter()
            .filter(|policy| tier_of(policy) == Some(tier) && selects_cluster_wide(world, policy, subject))
            .collect();
        policies.sort_by_key(|policy| policy["spec"]["priority"].as_i64());
        policies
    };
    let first_match = |tier: &str| {
        of_tier(tier)
            .into_iter()
            .flat_map(|policy| policy["spec"][list].as_array().into_iter().flatten())
            .find(|rule| cluster_rule_matches(world, rule, peers, other, port))
            .map(|rule| rule["action"].as_str().unwrap())
    };
    match first_match("Admin") {
        Some("Accept" | "Allow") => return true,
        Some("Deny") => return false,
        _ => {}
    }
    let isolating: Vec<&Value> = world
        .objects
        .iter()
        .filter(|policy| policy["kind"] == "NetworkPolicy" && isolates(policy, subject, ingress))
        .collect();
    if !isolating.is_empty() {
        return isolating.iter().any(|policy| {
            let namespace = policy["metadata"]["namespace"].as_str().unwrap();
            let rules = policy["spec"][list].as_array();
            rules.into_iter().flatten().any(|rule| {
                let peer = rule[peers].as_array().filter(|peers| !peers.is_empty());
                let ports = rule["ports"].as_array().filter(|ports| !ports.is_empty());
                peer.is_none_or(|peers| peers.iter().any(|peer| peer_matches(world, namespace, peer, other)))
                    && ports.is_none_or(|ports| ports.iter().any(|item| port_matches(item, port)))
            })
        });
    }
    !matches!(first_match("Baseline"), Some("Deny"))
}

fn isolates(policy: &Value, subject: &Pod, ingress: bool) -> bool {
    let spec = &policy["spec"];
    let types = spec["policyTypes"].as_array().filter(|types| !types.is_empty());
    let speaks = match types {
        Some(types) => types.iter().any(|kind| kind == if ingress { "Ingress" } else { "Egress" }),
        None => ingress || spec["egress"].as_array().is_some_and(|rules| !rules.is_empty()),
    };
    speaks
        && policy["metadata"]["namespace"] == subject.namespace.as_str()
        && selects(&spec["podSelector"], &subject.labels)
}

fn peer_matches(world: &World, namespace: &str, peer: &Value, other: IpAddr) -> bool {
    if let Some(block) = peer.get("ipBlock") {
        let within = |text: &Value| text.as_str().unwrap().parse::<IpNet>().unwrap().contains(&other);
        return within(&block["cidr"]) && !block["except"].as_array().into_iter().flatten().any(within);
    }
    let Some(other) = pod(world, &world.place_of(other)) else { return false };
    let in_namespace = match peer.get("namespaceSelector") {
        Some(selector) => selects(selector, &namespace_labels(world, &other.namespace)),
        None => other.namespace == namespace,
    };
    in_namespace && peer.get("podSelector").is_none_or(|selector| selects(selector, &other.labels))
}

fn port_matches(item: &Value, port: &Port<'_>) -> bool {
    let protocol = item["protocol"].as_str().unwrap_or("TCP");
    if protocol != port.protocol.name() {
        return false;
    }
    match &item["port"] {
        Value::Null => true,
        Value::String(name) => named(name, Some(port.protocol), port),
        number => {
            let first = number.as_u64().unwrap();
            let last = item["endPort"].as_u64().unwrap_or(first);
            (first..=last).contains(&u64::from(port.number))
        }
    }
}

/// A container port's name, on the pod that gets the packet.
fn named(name: &str, protocol: Option<Protocol>, port: &Port<'_>) -> bool {
    port.owner.is_some_and(|owner| {
        owner.ports.iter().any(|(have, of, number)| {
            have == name
                && *of == port.protocol
                && protocol.is_none_or(|protocol| protocol == *of)
                && *number == port.number
        })
    })
}

/// The tier of a policy of the whole cluster.
fn tier_of(policy: &Value) -> Option<&str> {
    match policy["kind"].as_str()? {
        "ClusterNetworkPolicy" => policy["spec"]["tier"].as_str(),
        "AdminNetworkPolicy" => Some("Admin"),
        "BaselineAdminNetworkPolicy" => Some("Baseline"),
        _ => None,
    }
}

fn selects_cluster_wide(world: &World, policy: &Value, pod: &Pod) -> bool {
    scope_matches(world, &policy["spec"]["subject"], pod)
}

/// `namespaces` or `pods`, in a subject or a peer.
fn scope_matches(world: &World, scope: &Value, pod: &Pod) -> bool {
    let labels = namespace_labels(world, &pod.namespace);
    if let Some(namespaces) = scope.get("namespaces") {
        return selects(namespaces, &labels);
    }
    scope.get("pods").is_some_and(|pods| {
        selects(&pods["namespaceSelector"], &labels) && selects(&pods["podSelector"], &pod.labels)
    })
}

fn cluster_rule_matches(world: &World, rule: &Value, peers: &str, other: IpAddr, port: &Port<'_>) -> bool {
    let place = world.place_of(other);
    let peer = |peer: &Value| {
        if let Some(nodes) = peer.get("nodes") {
            return matches!(place, Place::Node(at) if selects(nodes, &world.nodes[at].labels));
        }
        if let Some(networks) = peer["networks"].as_array() {
            return networks
                .iter()
                .any(|network| network.as_str().unwrap().parse::<IpNet>().unwrap().contains(&other));
        }
        pod(world, &place).is_some_and(|pod| scope_matches(world, peer, pod))
    };
    let ports = rule.get("protocols").or_else(|| rule.get("ports")).and_then(Value::as_array);
    rule[peers].as_array().unwrap().iter().any(peer)
        && ports.is_none_or(|ports| ports.iter().any(|item| cluster_port_matches(item, port)))
}

fn cluster_port_matches(item: &Value, port: &Port<'_>) -> bool {
    let (kind, value) = item.as_object().unwrap().iter().next().unwrap();
    let is = |protocol: &Value| protocol.as_str().unwrap_or("TCP") == port.protocol.name();
    let between = |range: &Value| {
        (range["start"].as_u64().unwrap()..=range["end"].as_u64().unwrap()).contains(&u64::from(port.number))
    };
    match kind.as_str() {
        "destinationNamedPort" | "namedPort" => named(value.as_str().unwrap(), None, port),
        "portNumber" => is(&value["protocol"]) && value["port"] == port.number,
        "portRange" => is(&value["protocol"]) && between(value),
        protocol => {
            let of = &value["destinationPort"];
            protocol.eq_ignore_ascii_case(port.protocol.name())
                && (of["number"] == port.number || of.get("range").is_some_and(between))
        }
    }
}

fn namespace_labels(world: &World, name: &str) -> Labels {
    let mut labels = world.namespaces.get(name).cloned().unwrap_or_default();
    labels.insert("kubernetes.io/metadata.name".to_owned(), name.to_owned());
    labels
}

/// A label selector; an empty one selects everything.
fn selects(selector: &Value, labels: &Labels) -> bool {
    let all = selector["matchLabels"].as_object();
    let expressions = selector["matchExpressions"].as_array();
    all.into_iter().flatten().all(|(key, value)| labels.get(key).map(String::as_str) == value.as_str())
        && expressions.into_iter().flatten().all(|expression| {
            let has = labels.get(expression["key"].as_str().unwrap());
            let listed = has.is_some_and(|has| {
                expression["values"].as_array().into_iter().flatten().any(|value| value == has.as_str())
            });
            match expression["operator"].as_str().unwrap() {
                "In" => listed,
                "NotIn" => !listed,
                "Exists" => has.is_some(),
                "DoesNotExist" => has.is_none(),
                other => panic!("no operator: {other}"),
            }
        })
}
