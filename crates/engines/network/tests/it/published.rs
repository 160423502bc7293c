//! The published cases of cyclonus: every verdict of both families, whole and in halves. `cases/network/README.md` tells of them.

use std::io::Read;
use std::path::Path;

use flate2::read::GzDecoder;
use ringwall_model::Cluster;
use ringwall_model::network::Protocol;
use ringwall_network::{Direction, Network, Party};
use serde_json::Value;

use crate::build;

/// Verdicts of one family: 9 to 11 pods each with each, six ports, 256 steps.
const VERDICTS: usize = 124_884;

fn cluster(step: &Value) -> Cluster {
    let mut cluster = Cluster::default();
    for (name, labels) in step["namespaces"].as_object().unwrap() {
        cluster.namespaces.push(build::namespace(name, build::labels(labels)));
    }
    cluster.pods = step["pods"].as_array().unwrap().iter().map(build::pod).collect();
    let policies = step["policies"].as_array().into_iter().flatten();
    cluster.network.policies = policies.map(build::network_policy).collect();
    cluster
}

fn check(file: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../cases/network").join(file);
    let mut json = String::new();
    GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_string(&mut json).unwrap();
    let cases: Value = serde_json::from_str(&json).unwrap();
    let (mut verdicts, mut steps) = (0, 0);
    for case in cases["cases"].as_array().unwrap() {
        for (at, step) in case["steps"].as_array().unwrap().iter().enumerate() {
            steps += 1;
            let cluster = cluster(step);
            let network = Network::new(&cluster);
            verdicts += check_step(&network, step, &format!("case {} step {at}", case["id"]));
        }
    }
    assert_eq!((steps, verdicts), (256, VERDICTS));
}

fn check_step(network: &Network<'_>, step: &Value, place: &str) -> usize {
    let names: Vec<&str> =
        step["order"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    let party = |name: &str| {
        let (namespace, name) = name.split_once('/').unwrap();
        Party::Pod(network.pod_named(namespace, name).unwrap())
    };
    let mut seen = 0;
    for (row, from) in names.iter().enumerate() {
        for (column, to) in names.iter().enumerate() {
            let (source, destination) = (party(from), party(to));
            let halves = [
                ("egress", network.one_way(Direction::Egress, source, destination)),
                ("ingress", network.one_way(Direction::Ingress, source, destination)),
                ("combined", network.traffic_unexempt(source, destination)),
            ];
            for (port, expected) in step["expected"].as_object().unwrap() {
                let place = format!("{place}: {port} from {from} to {to}");
                let cell = |table: &str| match expected[table][row].as_str().unwrap().as_bytes()[column] {
                    b'.' => true,
                    b'X' => false,
                    other => panic!("no verdict: {other}"),
                };
                let (protocol, port) = port.split_once('/').unwrap();
                let (protocol, port) = (Protocol::parse(protocol).unwrap(), port.parse().unwrap());
                for (table, allowed) in &halves {
                    assert!(allowed.uncertain.is_none(), "{place}: {table}");
                    assert_eq!(allowed.traffic.contains(protocol, port), cell(table), "{place}: {table}");
                }
                let decision = network.decide(source, destination, protocol, port);
                assert_eq!(decision.is_allowed(), row == column || cell("combined"), "{place}: the decision");
                assert!(!decision.reasons.is_empty(), "{place}: no reasons");
                seen += 1;
            }
        }
    }
    seen
}

#[test]
fn every_verdict_over_ipv4_is_the_published_one() {
    check("policy-cases-ipv4.json.gz");
}

#[test]
fn every_verdict_over_ipv6_is_the_published_one() {
    check("policy-cases-ipv6.json.gz");
}
