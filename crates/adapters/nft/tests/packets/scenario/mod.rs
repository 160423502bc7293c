//! Clusters made up at random, and what happens to them.

mod groups;
mod policies;

use std::collections::BTreeMap;
use std::net::IpAddr;

use ringwall_model::network::Protocol;

use crate::random::Random;
use crate::world::{Labels, Node, Pod, World};

/// The lab's nodes, as many as a scenario may have.
pub(crate) const NODES: usize = 3;

/// Ports at which everybody answers.
pub(crate) const PORTS: [u16; 6] = [53, 80, 81, 443, 8080, 9000];

/// Addresses outside, in ranges that rules can tell apart.
pub(crate) const OUTSIDE: [&str; 5] =
    ["198.51.100.7", "198.51.100.200", "203.0.113.9", "2001:db8:1::7", "2001:db8:2::9"];

/// Most pods at a time.
const PODS: usize = 6;

const NAMESPACES: [&str; 4] = ["red", "green", "blue", "default"];
const KEYS: [(&str, &[&str]); 3] =
    [("app", &["web", "db", "cache"]), ("tier", &["front", "back"]), ("canary", &["", "yes"])];
const NAMESPACE_KEYS: [(&str, &[&str]); 2] = [("team", &["a", "b"]), ("env", &["prod", "dev", "test"])];
const PORT_NAMES: [&str; 3] = ["web", "dns", "peer"];

/// States of a cluster, one after the other; each but the first by one or a few edits.
pub(crate) fn states(seed: u64) -> Vec<World> {
    let mut random = Random::new(seed);
    let mut world = start(&mut random);
    let mut states = vec![world.clone()];
    for _ in 0..random.below(3) {
        for _ in 0..=random.below(3) {
            edit(&mut random, &mut world);
        }
        states.push(world.clone());
    }
    states
}

pub(crate) fn node_addresses(at: usize) -> Vec<IpAddr> {
    vec![format!("10.0.0.{}", at + 1).parse().unwrap(), format!("fd00::{}", at + 1).parse().unwrap()]
}

fn start(random: &mut Random) -> World {
    let mut world = World {
        nodes: (0..2 + random.below(NODES - 1))
            .map(|at| Node {
                name: format!("node-{at}"),
                labels: labels(random, &[("zone", &["one", "two"])]),
                addresses: node_addresses(at),
                groups: Vec::new(),
            })
            .collect(),
        namespaces: NAMESPACES
            .iter()
            .map(|name| ((*name).to_owned(), labels(random, &NAMESPACE_KEYS)))
            .collect(),
        ..World::default()
    };
    if random.percent(30) {
        groups::add(random, &mut world);
    }
    for _ in 0..PODS - random.below(2) {
        add_pod(random, &mut world);
    }
    for _ in 0..1 + random.below(6) {
        policies::add(random, &mut world);
    }
    world
}

fn edit(random: &mut Random, world: &mut World) {
    match random.below(9) {
        0 | 1 if !world.pods.is_empty() => {
            let pod = random.below(world.pods.len());
            world.pods[pod].labels = labels(random, &KEYS);
        }
        2 => {
            let name = (*random.pick(&NAMESPACES)).to_owned();
            let labels = labels(random, &NAMESPACE_KEYS);
            world.namespaces.insert(name, labels);
        }
        3 if !world.pods.is_empty() => {
            let pod = random.below(world.pods.len());
            world.pods.remove(pod);
        }
        4 => add_pod(random, world),
        // The address goes to another pod, at once; the first one is over, or its object is gone.
        5 if !world.pods.is_empty() => {
            let at = random.below(world.pods.len());
            let addresses = world.pods[at].addresses.clone();
            if world.pods[at].host_network || world.pods[at].over {
                return;
            }
            let next = pod(random, world, addresses);
            if next.host_network {
                return;
            }
            if random.percent(50) {
                world.pods[at].over = true;
            } else {
                world.pods.remove(at);
            }
            world.pods.push(next);
        }
        6 | 7 => policies::add(random, world),
        _ if !world.objects.is_empty() => {
            let at = random.below(world.objects.len());
            world.objects.remove(at);
        }
        _ => {}
    }
}

fn add_pod(random: &mut Random, world: &mut World) {
    if world.on_pod_network().count() >= PODS {
        return;
    }
    // From one of two ranges, so that blocks can tell pods apart; of one family, or both.
    let taken = |address: &IpAddr| {
        world.pods.iter().any(|pod| !pod.over && !pod.host_network && pod.addresses.contains(address))
    };
    let free = (0..12).map(|slot| (slot % 2, 10 + slot)).find(|(range, host)| {
        let v4: IpAddr = format!("10.60.{range}.{host}").parse().unwrap();
        let v6: IpAddr = format!("fd00:60:{range}::{host}").parse().unwrap();
        !taken(&v4) && !taken(&v6)
    });
    let (range, host) = free.unwrap();
    let v4 = format!("10.60.{range}.{host}").parse().unwrap();
    let v6 = format!("fd00:60:{range}::{host}").parse().unwrap();
    let addresses = match random.below(5) {
        0 => vec![v4],
        1 => vec![v6],
        _ => vec![v4, v6],
    };
    let pod = pod(random, world, addresses);
    world.pods.push(pod);
}

fn pod(random: &mut Random, world: &World, addresses: Vec<IpAddr>) -> Pod {
    let node = random.below(world.nodes.len());
    let host_network = random.percent(12);
    let groups = if host_network { Vec::new() } else { groups::of_pod(random, world) };
    // Names never used before, so that a pod that comes is never one that went.
    let number = world
        .pods
        .iter()
        .filter_map(|pod| pod.name.strip_prefix('p')?.parse::<usize>().ok())
        .max()
        .unwrap_or(0)
        + 1;
    let mut ports: Vec<(String, Protocol, u16)> = Vec::new();
    for name in PORT_NAMES {
        if random.percent(60) {
            let protocol = *random.pick(&[Protocol::Tcp, Protocol::Tcp, Protocol::Udp, Protocol::Sctp]);
            ports.push((name.to_owned(), protocol, *random.pick(&PORTS)));
        }
    }
    Pod {
        namespace: (*random.pick(&NAMESPACES)).to_owned(),
        name: format!("p{number}"),
        labels: labels(random, &KEYS),
        node,
        addresses: if host_network { node_addresses(node) } else { addresses },
        host_network,
        over: false,
        ports,
        groups,
    }
}

fn labels(random: &mut Random, keys: &[(&str, &[&str])]) -> Labels {
    let mut labels = BTreeMap::new();
    for (key, values) in keys {
        if random.percent(70) {
            labels.insert((*key).to_owned(), (*random.pick(values)).to_owned());
        }
    }
    labels
}
