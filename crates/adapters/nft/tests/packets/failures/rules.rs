//! What rules say: `F6` to `F8`, `F10` and `F11`.

use std::fmt::Write as _;

use ringwall_model::network::Protocol;
use ringwall_nft::{Nft, Plan, TableName};
use serde_json::{Value, json};

use super::{OUTSIDE_V4, PORTS, Scene, address, deny_all, from_app, policy, tcp};
use crate::enforce::{node_rules, options, within};
use crate::naive::Question;

/// F6: an `except` took away what another rule allowed; ports were lost where a block appeared twice.
#[test]
#[ignore = "needs root, nft and ip: cargo xtask packets"]
fn f6_an_exception_is_of_its_own_block_alone() {
    let mut scene = Scene::new();
    let (a, b, c, outside) = (scene.v4("a"), scene.v4("b"), scene.v4("c"), address(OUTSIDE_V4));
    scene.enforce(&[policy("a", Some("a"), json!({"ingress": [
        {"from": [{"ipBlock": {"cidr": "10.60.0.0/16", "except": ["10.60.0.0/24"]}}], "ports": [{"port": 80}]},
        {"from": [{"ipBlock": {"cidr": "10.60.0.12/32"}}], "ports": [{"port": 80}]},
        {"from": [{"ipBlock": {"cidr": "0.0.0.0/0"}}], "ports": [{"port": 81}]},
        {"from": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}}], "ports": [{"port": 8080}]},
        {"from": [{"ipBlock": {"cidr": "0.0.0.0/0"}}], "ports": [{"protocol": "UDP", "port": 53}]},
    ]}))]);
    let ports = |from| PORTS.map(|port| tcp(from, a, port)).to_vec();
    assert_eq!(scene.ask(&ports(b)), [false, false, true, false]);
    assert_eq!(scene.ask(&ports(c)), [false, true, true, false]);
    assert_eq!(scene.ask(&ports(outside)), [false, false, true, true]);
    let dns = |from| Question { from, to: a, protocol: Protocol::Udp, port: 53 };
    assert_eq!(scene.ask(&[dns(b), dns(c), dns(outside)]), [true; 3]);
}

/// F7: more than 24 ports of a peer were not supported, without a word.
#[test]
#[ignore = "needs root, nft and ip: cargo xtask packets"]
fn f7_hundreds_of_ports_hold() {
    let asked: Vec<u16> = (0..20).map(|n| 2000 + n * 25).collect();
    let mut scene = Scene::with_ports(&asked);
    // Every other port from 2000 on, so that no two make a range.
    let ports: Vec<Value> = (0..250)
        .flat_map(|n| ["TCP", "UDP"].map(|protocol| json!({"protocol": protocol, "port": 2000 + 2 * n})))
        .collect();
    scene.enforce(&[policy("a", Some("a"), json!({"ingress": [{"from": from_app("b"), "ports": ports}]}))]);
    for (from, to) in [(scene.v4("b"), scene.v4("a")), (scene.v6("b"), scene.v6("a"))] {
        for protocol in [Protocol::Tcp, Protocol::Udp] {
            let questions: Vec<Question> =
                asked.iter().map(|port| Question { from, to, protocol, port: *port }).collect();
            let passed = scene.ask(&questions);
            assert!(asked.iter().zip(passed).all(|(port, passed)| passed == (port % 2 == 0)));
        }
    }
}

/// F8: probes were dropped of pods that only a policy of the cluster selects.
#[test]
#[ignore = "needs root, nft and ip: cargo xtask packets"]
fn f8_a_node_reaches_its_own_pods_whatever_policies_say() {
    let mut scene = Scene::new();
    let cluster = json!({
        "apiVersion": "policy.networking.k8s.io/v1alpha2",
        "kind": "ClusterNetworkPolicy",
        "metadata": {"name": "nothing"},
        "spec": {
            "tier": "Admin",
            "priority": 1,
            "subject": {"namespaces": {}},
            "ingress": [{"action": "Deny", "from": [{"namespaces": {}}]}],
            "egress": [{"action": "Deny", "to": [{"networks": ["0.0.0.0/0", "::/0"]}]}],
        },
    });
    for policies in [vec![cluster.clone()], vec![cluster, deny_all()]] {
        let denied = policies.len() > 1;
        scene.enforce(&policies);
        for family in [0, 1] {
            let [own, other] = [0, 1].map(|node: usize| scene.world.nodes[node].addresses[family]);
            let a = scene.world.pods[0].addresses[family];
            let echo = Question { from: own, to: a, protocol: Protocol::Icmp, port: 0 };
            assert_eq!(scene.ask(&[tcp(own, a, 80), echo, tcp(a, own, 80)]), [true; 3]);
            assert_eq!(scene.ask(&[tcp(other, a, 80), tcp(a, other, 80)]), [!denied, false]);
        }
    }
}

/// F10: other writers' rules were lost, stale chains stayed.
#[test]
#[ignore = "needs root, nft and ip: cargo xtask packets"]
fn f10_other_tables_stay_as_they_are() {
    let mut scene = Scene::new();
    let foreign = "
        table ip nat { chain KUBE-SERVICES { type nat hook prerouting priority dstnat; ip daddr 10.96.0.1 tcp dport 443 dnat to 10.0.0.1:6443; }; }
        table inet ringwall_other { set pods4 { type ipv4_addr; elements = { 10.60.0.10, 10.60.0.99 }; }; chain c { ip saddr @pods4 counter accept; }; }
        table ip6 ringwall { chain judge { type filter hook forward priority filter; counter; }; }
        table bridge filter { chain c { type filter hook forward priority 0; }; }
    ";
    let node = &scene.lab.nodes[0].netns;
    node.run("nft", &["-f", "-"], foreign);
    let listed = |scene: &Scene| {
        let all = scene.lab.nodes[0].netns.run("nft", &["-s", "list", "ruleset"], "");
        let mut others = String::new();
        let mut ours = false;
        for line in all.lines() {
            if line.starts_with("table ") {
                ours = line == "table inet ringwall {";
            }
            if !ours {
                writeln!(others, "{line}").unwrap();
            }
        }
        others
    };
    let before = listed(&scene);
    assert!(before.contains("ringwall_other") && before.contains("table ip6 ringwall"));
    for policies in [vec![], vec![deny_all()], vec![policy("a", Some("a"), json!({"ingress": [{}]}))], vec![]]
    {
        scene.enforce(&policies);
        assert_eq!(listed(&scene), before);
    }
    let table = TableName::new("ringwall").unwrap();
    within(&scene.lab.nodes[0].netns, || async { Nft::default().uninstall(&table).await }).unwrap();
    assert_eq!(scene.lab.nodes[0].netns.run("nft", &["-s", "list", "ruleset"], ""), before);
}

/// F11: blocks times ports filled the tables.
#[test]
#[ignore = "needs root, nft and ip: cargo xtask packets"]
fn f11_blocks_and_ports_add_up_and_do_not_multiply() {
    let mut scene = Scene::new();
    let plan = |blocks: usize, ports: usize, scene: &mut Scene| {
        let from: Vec<Value> = (0..blocks)
            .map(|n| json!({"ipBlock": {"cidr": format!("100.{}.{}.0/28", n / 250, n % 250)}}))
            .chain([json!({"ipBlock": {"cidr": "10.60.0.12/32"}})])
            .collect();
        let ports: Vec<Value> =
            (0..ports).map(|n| json!({"port": 30_000 + 2 * n})).chain([json!({"port": 80})]).collect();
        scene.enforce(&[policy("a", Some("a"), json!({"ingress": [{"from": from, "ports": ports}]}))]);
        Plan::new(&node_rules(&scene.lab, &scene.world, 0), &options()).unwrap().script()
    };
    let elements = |script: String| script.matches(" : goto ").count();
    let few = elements(plan(1, 1, &mut scene));
    let many = elements(plan(1000, 100, &mut scene));
    // A block is one element, a port at most two: itself, and what is between it and the next.
    assert!(many - few < 1000 + 2 * 100 + 10, "{few} elements, then {many}");
    let (a, b, c) = (scene.v4("a"), scene.v4("b"), scene.v4("c"));
    assert_eq!(scene.ask(&[tcp(c, a, 80), tcp(c, a, 81), tcp(b, a, 80)]), [true, false, false]);
}
