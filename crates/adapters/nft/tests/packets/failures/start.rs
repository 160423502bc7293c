//! When rules come, go and change: `F1` to `F4`.

use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use ringwall_model::network::Protocol;
use ringwall_nft::{Nft, Options, Plan, TableName};
use serde_json::json;

use super::flow::{Tcp, Udp};
use super::{OUTSIDE_V4, Scene, address, deny_all, from_app, pod, policy, tcp};
use crate::enforce::{node_rules, options, within};
use crate::naive::Question;

/// F1: traffic passed before a new pod's rules were there.
#[test]
#[ignore = "needs root, nft and ip: cargo xtask packets"]
fn f1_nothing_passes_before_a_pods_rules_are_there() {
    let mut scene = Scene::new();
    scene.enforce(&[policy(
        "d",
        Some("d"),
        json!({
            "ingress": [{"from": from_app("a")}],
            "egress": [{"to": from_app("b")}],
        }),
    )]);
    // Its namespace, its interface and its first packets are there before anybody has told the node about it.
    let known = scene.world.clone();
    scene.world.pods.push(pod("d", 0, 13));
    scene.lab.have(&scene.world.pod_specs());
    let (a, b, c, d) = (scene.v4("a"), scene.v4("b"), scene.v4("c"), scene.v4("d"));
    let window = [
        tcp(d, a, 80),
        tcp(d, b, 80),
        tcp(d, c, 80),
        tcp(a, d, 80),
        tcp(c, d, 80),
        tcp(address(OUTSIDE_V4), d, 80),
        tcp(scene.v6("d"), scene.v6("b"), 80),
        tcp(scene.v6("a"), scene.v6("d"), 80),
    ];
    assert_eq!(scene.packets(&window, &[false; 8]), [false; 8]);
    // Nor does anything arrive whose answer is stopped: a datagram tells.
    let datagrams = window.clone().map(|question| Question { protocol: Protocol::Udp, ..question });
    assert_eq!(scene.packets(&datagrams, &[false; 8]), [false; 8]);
    // A connection that is begun too early is made as soon as the rules are in.
    let early =
        scene.netns("d").spawn(move || TcpStream::connect_timeout(&(b, 80).into(), Duration::from_secs(20)));
    std::thread::sleep(Duration::from_millis(100));
    scene.enforcer.apply(&scene.lab, &scene.world);
    assert!(early.join().unwrap().is_ok());
    assert_eq!(scene.ask(&window), [false, true, false, true, false, false, true, true],);
    // Without the safeguard, it is as users report it of others.
    let open = Options { fail_open: true, ..options() };
    let plan = Plan::new(&node_rules(&scene.lab, &known, 0), &open).unwrap();
    within(&scene.lab.nodes[0].netns, || async { Nft::default().replace(&plan).await }).unwrap();
    assert!(scene.connects(d, c, 80, true));
}

/// F2: replies of flows were denied that had begun before the filter did.
#[test]
#[ignore = "needs root, nft and ip: cargo xtask packets"]
fn f2_flows_from_before_the_filter_go_on_where_they_are_allowed() {
    let mut scene = Scene::new();
    // On a node that runs kube-proxy, the kernel knows of every flow. Where it did not, a flow is known from its next packet on.
    for node in &scene.lab.nodes {
        let proxy =
            "table inet proxy { chain c { type filter hook forward priority 0; ct state new counter; }; }";
        node.netns.run("nft", &["-f", "-"], proxy);
    }
    let (b, c) = (SocketAddr::new(scene.v4("b"), 7000), SocketAddr::new(scene.v4("c"), 7000));
    let mut allowed = Tcp::open(scene.netns("a"), c, scene.netns("c"), c);
    let mut denied = Tcp::open(scene.netns("a"), b, scene.netns("b"), b);
    let mut datagrams = Udp::open(scene.netns("a"), scene.v4("a"), c, scene.netns("c"), c);
    assert!(allowed.asks(true) && allowed.pushes(true) && denied.asks(true) && datagrams.asks(true));
    let only_c = policy(
        "a",
        Some("a"),
        json!({"policyTypes": ["Ingress", "Egress"], "egress": [{"to": from_app("c")}]}),
    );
    scene.enforce(std::slice::from_ref(&only_c));
    // The server speaks first: only conntrack knows that it answers.
    assert!(allowed.pushes(true) && allowed.asks(true));
    assert_eq!(datagrams.pushes(5, true), 5);
    assert!(!denied.pushes(false) && !denied.asks(false));
    // The agent starts anew, and finds its table.
    scene.enforcer = crate::enforce::Enforcer::default();
    scene.enforce(&[only_c]);
    assert!(allowed.pushes(true) && allowed.asks(true));
}

/// F3: an allow-all policy, or none, denied after hours; probes were killed.
#[test]
#[ignore = "needs root, nft and ip: cargo xtask packets"]
fn f3_allowing_all_denies_nothing_even_when_a_flow_was_forgotten() {
    let mut scene = Scene::new();
    let c = SocketAddr::new(scene.v4("c"), 7000);
    let mut flow = Tcp::open(scene.netns("a"), c, scene.netns("c"), c);
    let allow_all =
        policy("all", None, json!({"ingress": [{}], "egress": [{}], "policyTypes": ["Ingress", "Egress"]}));
    for policies in [vec![], vec![allow_all]] {
        scene.enforce(&policies);
        assert!(flow.asks(true) && flow.pushes(true));
        // As after days of silence, when the kernel has dropped what it knew.
        for node in &scene.lab.nodes {
            node.netns.run("conntrack", &["-F"], "");
        }
        assert!(flow.pushes(true) && flow.asks(true));
        let node = scene.world.nodes[0].addresses[0];
        let everybody = [
            tcp(scene.v4("a"), c.ip(), 80),
            tcp(c.ip(), scene.v4("b"), 81),
            tcp(node, scene.v4("a"), 8080),
            tcp(address(OUTSIDE_V4), scene.v4("a"), 80),
        ];
        assert_eq!(scene.ask(&everybody), [true; 4]);
    }
}

/// F4: entries of live flows were swept away, and their packets denied at random.
#[test]
#[ignore = "needs root, nft and ip: cargo xtask packets"]
fn f4_long_flows_outlive_many_changes_of_rules() {
    let mut scene = Scene::new();
    let c = SocketAddr::new(scene.v4("c"), 7000);
    let to_c = policy(
        "a",
        Some("a"),
        json!({"policyTypes": ["Ingress", "Egress"], "egress": [{"to": from_app("c")}]}),
    );
    scene.enforce(std::slice::from_ref(&to_c));
    let mut flow = Tcp::open(scene.netns("a"), c, scene.netns("c"), c);
    let mut datagrams = Udp::open(scene.netns("a"), scene.v4("a"), c, scene.netns("c"), c);
    assert!(datagrams.asks(true));
    for round in 0..40 {
        let mut policies = vec![to_c.clone()];
        match round % 4 {
            0 => policies.push(deny_all()),
            1 => policies.push(policy("b", Some("b"), json!({"ingress": [{"from": from_app("a")}]}))),
            2 => policies.push(policy(
                "c",
                Some("c"),
                json!({"ingress": [{"ports": [{"port": 7000}, {"protocol": "UDP", "port": 7000}]}]}),
            )),
            _ => {}
        }
        // Of all that selects them, something must go on allowing these two.
        if round % 4 == 0 {
            policies.push(policy("in", Some("c"), json!({"ingress": [{"from": from_app("a")}]})));
        }
        if round % 7 == 6 {
            scene.enforcer = crate::enforce::Enforcer::default();
        }
        scene.enforce(&policies);
        assert!(flow.pushes(true) && flow.asks(true), "round {round}");
        assert_eq!(datagrams.pushes(2, true), 2, "round {round}");
    }
}

/// Uninstalling leaves nothing of ours.
#[test]
#[ignore = "needs root, nft and ip: cargo xtask packets"]
fn what_is_uninstalled_leaves_nothing() {
    let mut scene = Scene::new();
    scene.enforce(&[deny_all()]);
    let (a, b) = (scene.v4("a"), scene.v4("b"));
    assert!(!scene.connects(a, b, 80, false));
    let node = &scene.lab.nodes[0].netns;
    let table = TableName::new("ringwall").unwrap();
    within(node, || async { Nft::default().uninstall(&table).await }).unwrap();
    assert_eq!(node.run("nft", &["list", "ruleset"], ""), "");
    assert!(scene.connects(a, b, 80, true));
    within(node, || async { Nft::default().uninstall(&table).await }).unwrap();
}
