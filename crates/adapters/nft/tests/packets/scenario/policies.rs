//! Policies made up at random, of every kind and with everything that their rules can say.

use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::{Value, json};

use super::{KEYS, NAMESPACE_KEYS, NAMESPACES, OUTSIDE, PORT_NAMES, PORTS, node_addresses};
use crate::random::Random;
use crate::world::World;

/// Adds a policy.
pub(super) fn add(random: &mut Random, world: &mut World) {
    let kind = random.below(10);
    // Names and priorities are no two policies' own; a BaselineAdminNetworkPolicy has priority 0.
    let number = world.objects.len() + world.objects.iter().map(taken).max().unwrap_or(0);
    let has_baseline = world.objects.iter().any(|policy| policy["kind"] == "BaselineAdminNetworkPolicy");
    let policy = match kind {
        0..6 => network_policy(random, world, number),
        6 | 7 => cluster_network_policy(random, world, number),
        8 => admin_network_policy(random, world, "AdminNetworkPolicy", number),
        _ if has_baseline => network_policy(random, world, number),
        _ => admin_network_policy(random, world, "BaselineAdminNetworkPolicy", number),
    };
    world.objects.push(policy);
}

fn taken(policy: &Value) -> usize {
    let name = policy["metadata"]["name"].as_str().unwrap();
    name.rsplit('-').next().and_then(|number| number.parse().ok()).map_or(0, |number: usize| number + 1)
}

fn network_policy(random: &mut Random, world: &World, number: usize) -> Value {
    let mut spec = json!({"podSelector": selector(random, &KEYS)});
    let types: &[&str] = match random.below(6) {
        0 => &["Ingress", "Egress"],
        1 => &["Egress"],
        2 => &["Ingress"],
        _ => &[],
    };
    if !types.is_empty() {
        spec["policyTypes"] = json!(types);
    }
    let says = |kind: &str| types.is_empty() || types.contains(&kind);
    for (key, peers, kind) in [("ingress", "from", "Ingress"), ("egress", "to", "Egress")] {
        if says(kind) && random.percent(70) {
            spec[key] = json!(random.some(0, 3, |random| {
                let mut rule = json!({});
                if random.percent(80) {
                    rule[peers] = json!(random.some(0, 2, |random| peer(random, world)));
                }
                if random.percent(65) {
                    rule["ports"] = json!(random.some(0, 3, port));
                }
                rule
            }));
        }
    }
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": format!("policy-{number}"), "namespace": random.pick(&NAMESPACES)},
        "spec": spec,
    })
}

fn peer(random: &mut Random, world: &World) -> Value {
    match random.below(5) {
        0 => json!({"podSelector": selector(random, &KEYS)}),
        1 => json!({"namespaceSelector": selector(random, &NAMESPACE_KEYS)}),
        2 => json!({
            "namespaceSelector": selector(random, &NAMESPACE_KEYS),
            "podSelector": selector(random, &KEYS),
        }),
        _ => {
            let cidr = block(random, world);
            let mut parts = Vec::new();
            for _ in 0..random.below(3) {
                let part = block(random, world);
                if cidr.contains(&part) && part.prefix_len() > cidr.prefix_len() {
                    parts.push(part.to_string());
                }
            }
            json!({"ipBlock": {"cidr": cidr.to_string(), "except": parts}})
        }
    }
}

/// A range around an address that somebody has.
pub(super) fn block(random: &mut Random, world: &World) -> IpNet {
    let mut addresses: Vec<IpAddr> =
        world.pods.iter().flat_map(|pod| pod.addresses.iter().copied()).collect();
    addresses.extend(OUTSIDE.iter().map(|address| address.parse::<IpAddr>().unwrap()));
    addresses.extend((0..world.nodes.len()).flat_map(node_addresses));
    let address = *random.pick(&addresses);
    let lengths: &[u8] =
        if address.is_ipv4() { &[32, 31, 30, 29, 25, 24, 16, 8, 0] } else { &[128, 127, 124, 64, 48, 32, 0] };
    IpNet::new(address, *random.pick(lengths)).unwrap().trunc()
}

fn protocol(random: &mut Random) -> &'static str {
    const OFTEN: [&str; 6] = ["TCP", "TCP", "TCP", "UDP", "UDP", "SCTP"];
    OFTEN[random.below(OFTEN.len())]
}

fn port(random: &mut Random) -> Value {
    let mut port = json!({});
    if random.percent(80) {
        port["protocol"] = json!(protocol(random));
    }
    match random.below(10) {
        0 => {}
        1..4 => port["port"] = json!(random.pick(&PORT_NAMES)),
        4..7 => {
            let (first, last) = range(random);
            port["port"] = json!(first);
            port["endPort"] = json!(last);
        }
        _ => port["port"] = json!(random.pick(&PORTS)),
    }
    port
}

fn range(random: &mut Random) -> (u16, u16) {
    let (one, other) = (*random.pick(&PORTS), *random.pick(&PORTS));
    // Not only from a port that is asked for to another.
    let (first, last) = (one.min(other), one.max(other).saturating_add(u16::from(random.percent(50))));
    (first.saturating_sub(u16::from(random.percent(50))), last.max(first + 1))
}

fn cluster_network_policy(random: &mut Random, world: &World, number: usize) -> Value {
    let tier = *random.pick(&["Admin", "Admin", "Baseline"]);
    let mut spec = json!({"tier": tier, "priority": number + 1, "subject": scope(random)});
    for (key, peers) in [("ingress", "from"), ("egress", "to")] {
        if random.percent(70) {
            spec[key] = json!(random.some(1, 3, |random| {
                let mut rule = json!({
                    "action": random.pick(&["Accept", "Deny", "Deny", "Pass"]),
                    peers: random.some(1, 2, |random| cluster_peer(random, world, peers == "to")),
                });
                if random.percent(65) {
                    let names = pods_alone(&rule[peers]);
                    rule["protocols"] = json!(random.some(1, 3, |random| cluster_port(random, names)));
                }
                rule
            }));
        }
    }
    json!({
        "apiVersion": "policy.networking.k8s.io/v1alpha2",
        "kind": "ClusterNetworkPolicy",
        "metadata": {"name": format!("cluster-{number}")},
        "spec": spec,
    })
}

fn admin_network_policy(random: &mut Random, world: &World, kind: &str, number: usize) -> Value {
    let baseline = kind == "BaselineAdminNetworkPolicy";
    let mut spec = json!({"subject": scope(random)});
    if !baseline {
        spec["priority"] = json!(number + 1);
    }
    let actions: &[&str] = if baseline { &["Allow", "Deny"] } else { &["Allow", "Deny", "Pass"] };
    for (key, peers) in [("ingress", "from"), ("egress", "to")] {
        if random.percent(70) {
            spec[key] = json!(random.some(1, 3, |random| {
                let mut rule = json!({
                    "action": random.pick(actions),
                    peers: random.some(1, 2, |random| cluster_peer(random, world, peers == "to")),
                });
                if random.percent(65) {
                    let names = pods_alone(&rule[peers]);
                    rule["ports"] = json!(random.some(1, 3, |random| admin_port(random, names)));
                }
                rule
            }));
        }
    }
    let name = if baseline { "default".to_owned() } else { format!("admin-{number}") };
    json!({
        "apiVersion": "policy.networking.k8s.io/v1alpha1",
        "kind": kind,
        "metadata": {"name": name},
        "spec": spec,
    })
}

/// Only rules whose peers are pods may name ports.
fn pods_alone(peers: &Value) -> bool {
    peers.as_array().unwrap().iter().all(|peer| peer.get("nodes").or(peer.get("networks")).is_none())
}

fn scope(random: &mut Random) -> Value {
    if random.percent(50) {
        json!({"namespaces": selector(random, &NAMESPACE_KEYS)})
    } else {
        json!({"pods": {
            "namespaceSelector": selector(random, &NAMESPACE_KEYS),
            "podSelector": selector(random, &KEYS),
        }})
    }
}

fn cluster_peer(random: &mut Random, world: &World, egress: bool) -> Value {
    match random.below(5) {
        0 if egress => json!({"nodes": selector(random, &[("zone", &["one", "two"])])}),
        1 | 2 if egress => {
            json!({"networks": random.some(1, 2, |random| block(random, world).to_string())})
        }
        _ => scope(random),
    }
}

fn cluster_port(random: &mut Random, names: bool) -> Value {
    if names && random.percent(25) {
        return json!({"destinationNamedPort": random.pick(&PORT_NAMES)});
    }
    let port = if random.percent(40) {
        let (first, last) = range(random);
        json!({"range": {"start": first, "end": last}})
    } else {
        json!({"number": random.pick(&PORTS)})
    };
    json!({protocol(random).to_lowercase(): {"destinationPort": port}})
}

fn admin_port(random: &mut Random, names: bool) -> Value {
    match random.below(3) {
        0 if names => json!({"namedPort": random.pick(&PORT_NAMES)}),
        1 => {
            let (first, last) = range(random);
            json!({"portRange": {"protocol": protocol(random), "start": first, "end": last}})
        }
        _ => json!({"portNumber": {"protocol": protocol(random), "port": random.pick(&PORTS)}}),
    }
}

fn selector(random: &mut Random, keys: &[(&str, &[&str])]) -> Value {
    let (key, values) = *random.pick(keys);
    match random.below(6) {
        0 | 1 => json!({}),
        2 | 3 => json!({"matchLabels": {key: random.pick(values)}}),
        4 => {
            let operator = *random.pick(&["In", "NotIn"]);
            let values = random.some(1, 2, |random| *random.pick(values));
            json!({"matchExpressions": [{"key": key, "operator": operator, "values": values}]})
        }
        _ => {
            let operator = *random.pick(&["Exists", "DoesNotExist"]);
            json!({"matchExpressions": [{"key": key, "operator": operator}]})
        }
    }
}
