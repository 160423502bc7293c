//! The published policy cases, played in packets: `cases/network`.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::net::IpAddr;
use std::path::Path;
use std::time::Instant;

use ringwall_model::network::Protocol;
use serde_json::Value;

use crate::enforce::Enforcer;
use crate::lab::{Lab, Place};
use crate::probe::{self, Probe};
use crate::world::{Labels, Node, Pod, World};

/// Nodes over which the pods are spread: pods of a namespace are on both.
const NODES: usize = 2;

/// Ports that the cases ask for.
const PORTS: [u16; 2] = [80, 81];

fn node_addresses(at: usize) -> Vec<IpAddr> {
    vec![format!("172.31.0.{}", at + 1).parse().unwrap(), format!("fd00:31::{}", at + 1).parse().unwrap()]
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn labels(value: &Value) -> Labels {
    value.as_object().into_iter().flatten().map(|(key, value)| (key.clone(), text(value))).collect()
}

/// A pod's address. The cases for IPv6 give pods that come in a later step an IPv4 address, by which IPv6 packets can't reach them: in packets
/// it stands for its like.
fn of_family(address: IpAddr, v4: bool) -> IpAddr {
    match address {
        IpAddr::V4(address) if !v4 => {
            let [_, _, range, host] = address.octets();
            format!("fd00:60:{range}::{host}").parse().unwrap()
        }
        address => address,
    }
}

fn world(step: &Value, v4: bool) -> World {
    let namespaces: BTreeMap<String, Labels> =
        step["namespaces"].as_object().unwrap().iter().map(|(name, of)| (name.clone(), labels(of))).collect();
    let pods = step["pods"].as_array().unwrap().iter().map(|pod| {
        let name = text(&pod["name"]);
        let ports = pod["ports"].as_array().unwrap().iter().map(|port| {
            let number = port["containerPort"].as_u64().and_then(|port| u16::try_from(port).ok()).unwrap();
            (text(&port["name"]), Protocol::parse(port["protocol"].as_str().unwrap()).unwrap(), number)
        });
        Pod {
            namespace: text(&pod["namespace"]),
            labels: labels(&pod["labels"]),
            // a and c on one, b on the other.
            node: usize::from(name == "b"),
            name,
            addresses: vec![of_family(pod["ip"].as_str().unwrap().parse().unwrap(), v4)],
            host_network: false,
            over: false,
            ports: ports.collect(),
            groups: Vec::new(),
        }
    });
    World {
        nodes: (0..NODES)
            .map(|at| Node {
                name: format!("node-{at}"),
                labels: Labels::new(),
                addresses: node_addresses(at),
                groups: Vec::new(),
            })
            .collect(),
        namespaces,
        pods: pods.collect(),
        objects: step["policies"].as_array().cloned().unwrap_or_default(),
        vpc: None,
    }
}

/// Every cell of every matrix but those of a pod with itself, which packets can't be kept from.
fn probes(step: &Value, world: &World) -> (Vec<Probe>, Vec<bool>) {
    let order: Vec<String> = step["order"].as_array().unwrap().iter().map(text).collect();
    let address = |key: &String| world.pods.iter().find(|pod| pod.key() == *key).unwrap().addresses[0];
    let (mut probes, mut expected) = (Vec::new(), Vec::new());
    for (kind, matrices) in step["expected"].as_object().unwrap() {
        let (protocol, port) = kind.split_once('/').unwrap();
        for (row, from) in matrices["combined"].as_array().unwrap().iter().zip(&order) {
            for (cell, to) in row.as_str().unwrap().chars().zip(&order) {
                if from != to {
                    probes.push(Probe {
                        from: Place::Pod(from.clone()),
                        source: None,
                        to: address(to),
                        protocol: Protocol::parse(protocol).unwrap(),
                        port: port.parse().unwrap(),
                    });
                    expected.push(cell == '.');
                }
            }
        }
    }
    (probes, expected)
}

/// Plays the cases that run by default; which ones failed, and where.
fn play(family: &str) {
    let started = Instant::now();
    let file = format!("../../../cases/network/policy-cases-{family}.json.gz");
    let file = std::fs::File::open(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
    let mut text = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
    let cases: Value = serde_json::from_str(&text).unwrap();
    let nodes: Vec<Vec<IpAddr>> = (0..NODES).map(node_addresses).collect();
    let mut lab =
        Lab::new(&nodes, &["198.51.100.7".parse().unwrap(), "2001:db8::7".parse().unwrap()], &PORTS);
    let mut enforcer = Enforcer::default();
    let (mut played, mut asked, mut wrong) = (0, 0, BTreeMap::<u64, Vec<String>>::new());
    for case in cases["cases"].as_array().unwrap().iter().filter(|case| case["default_run"] == true) {
        played += 1;
        for (number, step) in case["steps"].as_array().unwrap().iter().enumerate() {
            let world = world(step, family == "ipv4");
            lab.have(&world.pod_specs());
            enforcer.apply(&lab, &world);
            let (probes, expected) = probes(step, &world);
            let answers = probe::run(&lab, &probes, &expected);
            asked += probes.len();
            for ((probe, answer), expected) in probes.iter().zip(answers).zip(expected) {
                let who = lab.identity(&world.place_of(probe.to));
                if answer != expected.then_some(who) {
                    let id = case["id"].as_u64().unwrap();
                    wrong.entry(id).or_default().push(format!("step {number}: {probe:?}: {answer:?}"));
                }
            }
        }
    }
    let (spent, changes) = enforcer.spent;
    eprintln!(
        "{} of {played} published cases on {family} in packets, {asked} flows, in {:.1?}; {changes} changes of rules in {spent:.1?}",
        played - wrong.len(),
        started.elapsed()
    );
    assert!(played == 112 && wrong.is_empty(), "{played} cases; wrong: {wrong:#?}");
}

#[test]
#[ignore = "needs root, nft and ip: cargo xtask packets"]
fn published_cases_in_ipv4_packets() {
    play("ipv4");
}

#[test]
#[ignore = "needs root, nft and ip: cargo xtask packets"]
fn published_cases_in_ipv6_packets() {
    play("ipv6");
}
