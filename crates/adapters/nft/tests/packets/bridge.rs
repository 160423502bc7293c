//! Pods on one bridge, as flannel and the bridge plugin make them: what goes from one to another passes no routing, and is judged all the same.

use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use ringwall_network::Network;
use ringwall_network::plan::NodeOptions;
use ringwall_nft::{InterfacePattern, Nft, Options, Plan};
use serde_json::json;

use crate::enforce::within;
use crate::failures::{deny_all, from_app, pod, policy};
use crate::lab::Netns;
use crate::world::{Labels, Node, World};

/// How long a connection may take that is to be made, and one that is not.
const PATIENCE: [Duration; 2] = [Duration::from_millis(1200), Duration::from_secs(5)];

fn connects(from: &Netns, to: SocketAddr, at: &Netns, expected: bool) -> bool {
    let listener = at.within(|| TcpListener::bind(to)).unwrap();
    let made = from.within(|| TcpStream::connect_timeout(&to, PATIENCE[usize::from(expected)]).is_ok());
    drop(listener);
    made
}

#[test]
#[ignore = "needs root, nft and ip: cargo xtask packets"]
fn pods_on_a_bridge_are_judged_too() {
    let mut namespaces = Netns::create(&["node", "a", "b", "c"]).into_iter();
    let node = namespaces.next().unwrap();
    node.sysctl(&[
        ("net/ipv4/ip_forward", "1"),
        ("net/ipv6/conf/all/forwarding", "1"),
        ("net/ipv6/conf/default/accept_dad", "0"),
        // As kubelet and kube-proxy ask of a node.
        ("net/bridge/bridge-nf-call-iptables", "1"),
        ("net/bridge/bridge-nf-call-ip6tables", "1"),
    ]);
    node.ip(&[
        "link set lo up",
        "link add cni0 type bridge",
        "link set cni0 up",
        "addr add 10.60.0.1/24 dev cni0",
        "addr add fd00:60::1/64 dev cni0 nodad",
    ]);
    let mut world = World {
        nodes: vec![Node {
            name: "node-0".to_owned(),
            labels: Labels::new(),
            addresses: ["10.60.0.1", "fd00:60::1"].map(|text| text.parse::<IpAddr>().unwrap()).to_vec(),
            groups: Vec::new(),
        }],
        namespaces: [("red".to_owned(), Labels::new())].into(),
        ..World::default()
    };
    let mut pods = Vec::new();
    for (netns, (name, host)) in namespaces.zip([("a", 10), ("b", 11), ("c", 12)]) {
        let made = pod(name, 0, host);
        netns.sysctl(&[("net/ipv6/conf/default/accept_dad", "0")]);
        node.ip(&[
            format!("link add veth{name} type veth peer name eth0 netns {}", netns.name()),
            format!("link set veth{name} master cni0"),
            format!("link set veth{name} up"),
        ]);
        netns.ip(&[
            "link set lo up".to_owned(),
            "link set eth0 up".to_owned(),
            format!("addr add {}/24 dev eth0", made.addresses[0]),
            format!("addr add {}/64 dev eth0 nodad", made.addresses[1]),
            "route add default via 10.60.0.1".to_owned(),
            "route add default via fd00:60::1".to_owned(),
        ]);
        world.pods.push(made);
        pods.push(netns);
    }
    let options = Options { interfaces: vec![InterfacePattern::new("cni0").unwrap()], ..Options::default() };
    let enforce = |world: &World| {
        let cluster = world.cluster();
        let rules = Network::new(&cluster).node_rules("node-0", &NodeOptions::default());
        let plan = Plan::new(&rules, &options).unwrap();
        within(&node, || async { Nft::default().replace(&plan).await }).unwrap();
    };
    let [a, b, c] = &pods[..] else { panic!("three pods") };
    for family in [0, 1] {
        let of = |pod: usize| SocketAddr::new(world.pods[pod].addresses[family], 8080);
        assert!(connects(a, of(1), b, true), "neighbours find each other without rules");
    }
    world.objects = vec![policy(
        "b",
        Some("b"),
        json!({"ingress": [{"from": from_app("a"), "ports": [{"port": 8080}]}]}),
    )];
    enforce(&world);
    for family in [0, 1] {
        let of = |pod: usize, port| SocketAddr::new(world.pods[pod].addresses[family], port);
        assert!(connects(a, of(1, 8080), b, true));
        assert!(!connects(a, of(1, 8081), b, false));
        assert!(!connects(c, of(1, 8080), b, false));
        assert!(connects(b, of(2, 8080), c, true));
        assert!(connects(&node, of(1, 8081), b, true), "a node reaches its own");
    }
    world.objects = vec![deny_all()];
    enforce(&world);
    for family in [0, 1] {
        let of = |pod: usize| SocketAddr::new(world.pods[pod].addresses[family], 8080);
        assert!(!connects(a, of(1), b, false));
        assert!(connects(&node, of(0), a, true));
    }
}
