//! Whose packets they are: `F5`, `F12`, `F15` and `F16`.

use std::net::{SocketAddr, UdpSocket};

use ringwall_nft::{Nft, Plan};
use serde_json::json;

use super::flow::receive;
use super::{OUTSIDE_V4, Scene, address, deny_all, from_app, pod, policy, tcp};
use crate::enforce::{node_rules, options, within};
use crate::lab::full;

/// F5: a pod's packets with another's address made entries that were believed.
#[test]
#[ignore = "needs root, nft and ip: cargo xtask packets"]
fn f5_a_pod_has_no_address_but_its_own() {
    let mut scene = Scene::new();
    let only_b = policy("c", Some("c"), json!({"ingress": [{"from": from_app("b")}]}));
    scene.enforce(std::slice::from_ref(&only_b));
    for (b, c) in [(scene.v4("b"), scene.v4("c")), (scene.v6("b"), scene.v6("c"))] {
        let c = SocketAddr::new(c, 7001);
        let server = scene.netns("c").within(|| UdpSocket::bind(c)).unwrap();
        let own = scene.netns("b").within(|| UdpSocket::bind((b, 7002))).unwrap();
        own.send_to(b"own", c).unwrap();
        assert_eq!(receive(&server, true), Some(SocketAddr::new(b, 7002)));
        // a takes b's address, and even the port of the flow that b has.
        let unchecked = if b.is_ipv6() { " nodad" } else { "" };
        scene.netns("a").ip(&[format!("addr add {} dev eth0{unchecked}", full(b))]);
        for port in [7002, 7003] {
            let forged = scene.netns("a").within(|| UdpSocket::bind((b, port))).unwrap();
            forged.send_to(b"forged", c).unwrap();
            assert_eq!(receive(&server, false), None);
        }
        own.send_to(b"own", c).unwrap();
        assert_eq!(receive(&server, true), Some(SocketAddr::new(b, 7002)));
        server.send_to(b"answer", (b, 7002)).unwrap();
        assert!(receive(&own, true).is_some());
    }
    // Where the interfaces are not known, the address is believed.
    let mut rules = node_rules(&scene.lab, &scene.world, 0);
    rules.pods.iter_mut().for_each(|pod| pod.interfaces.clear());
    let plan = Plan::new(&rules, &options()).unwrap();
    within(&scene.lab.nodes[0].netns, || async { Nft::default().replace(&plan).await }).unwrap();
    let c = SocketAddr::new(scene.v4("c"), 7001);
    let server = scene.netns("c").within(|| UdpSocket::bind(c)).unwrap();
    let forged = scene.netns("a").within(|| UdpSocket::bind((scene.v4("b"), 7004))).unwrap();
    forged.send_to(b"forged", c).unwrap();
    assert!(receive(&server, true).is_some());
}

/// F12: a block that holds a node's address matched or not by its length.
#[test]
#[ignore = "needs root, nft and ip: cargo xtask packets"]
fn f12_what_a_node_sends_in_its_own_name_is_the_nodes() {
    let mut scene = Scene::new();
    let block =
        |cidr: &str| policy("a", Some("a"), json!({"ingress": [{"from": [{"ipBlock": {"cidr": cidr}}]}]}));
    let (a, c) = (scene.v4("a"), scene.v4("c"));
    let node = scene.world.nodes[1].addresses[0];
    let by_label = policy("a", Some("a"), json!({"ingress": [{"from": from_app("c")}]}));
    let cases = [
        (block("10.0.0.2/32"), true, false),
        (block("10.0.0.0/24"), true, false),
        (block("0.0.0.0/0"), true, true),
        (block("10.60.0.12/32"), false, true),
        (by_label, false, true),
    ];
    for (policy, of_node, of_pod) in &cases {
        scene.enforce(std::slice::from_ref(policy));
        assert_eq!(scene.ask(&[tcp(node, a, 80), tcp(c, a, 80)]), [*of_node, *of_pod], "{policy}");
    }
    // Once the other node puts its own address on what its pods send, that is what counts.
    scene.lab.nodes[1].netns.run(
        "nft",
        &["-f", "-"],
        "table ip snat_of_node { chain c { type nat hook postrouting priority srcnat; ip saddr 10.60.0.12 masquerade; }; }",
    );
    for (policy, of_node, _) in &cases {
        scene.enforce(std::slice::from_ref(policy));
        assert_eq!(scene.connects(c, a, 80, *of_node), *of_node, "{policy}");
    }
}

/// F15: the IPv4 way out of pods of an IPv6 cluster was not filtered.
#[test]
#[ignore = "needs root, nft and ip: cargo xtask packets"]
fn f15_an_address_that_nobody_knows_is_no_way_around_policies() {
    let mut scene = Scene::new();
    let mut only_v6 = pod("e", 0, 14);
    only_v6.addresses.remove(0);
    scene.world.pods.push(only_v6);
    scene.lab.have(&scene.world.pod_specs());
    let hidden = address("169.254.172.5");
    let veth = scene.lab.pods["red/e"].veth.clone();
    scene.netns("e").ip(&[
        "addr add 169.254.172.5/32 dev eth0",
        "neigh replace 169.254.1.1 lladdr ee:ee:ee:ee:ee:ee dev eth0 nud permanent",
        "route add default via 169.254.1.1 dev eth0 onlink src 169.254.172.5",
    ]);
    let mac = link_address(&scene, "e");
    let node = &scene.lab.nodes[0].netns;
    node.ip(&[
        format!("route replace 169.254.172.5/32 dev {veth}"),
        format!("neigh replace 169.254.172.5 lladdr {mac} dev {veth} nud permanent"),
    ]);
    node.run(
        "nft",
        &["-f", "-"],
        "table ip snat_of_node { chain c { type nat hook postrouting priority srcnat; ip saddr 169.254.172.0/22 masquerade; }; }",
    );
    let outside = SocketAddr::new(address(OUTSIDE_V4), 80);
    let leaves = |scene: &Scene, patience: u64| {
        scene.netns("e").within(|| {
            let patience = std::time::Duration::from_millis(patience);
            std::net::TcpStream::connect_timeout(&outside, patience).is_ok()
        })
    };
    assert!(leaves(&scene, 5000), "the way out is there, from {hidden}");
    scene.enforce(&[deny_all()]);
    assert!(!leaves(&scene, 1500));
}

/// The link-layer address of a pod's interface.
fn link_address(scene: &Scene, pod: &str) -> String {
    let shown = scene.netns(pod).run("ip", &["-o", "link", "show", "dev", "eth0"], "");
    let mut words = shown.split_whitespace().skip_while(|word| *word != "link/ether");
    words.nth(1).unwrap().to_owned()
}

/// F16: pods on their node's network: no policy is about them, and they are their node.
#[test]
#[ignore = "needs root, nft and ip: cargo xtask packets"]
fn f16_pods_of_the_host_network_are_their_node() {
    let mut scene = Scene::new();
    let mut host = pod("h", 1, 0);
    host.host_network = true;
    host.addresses.clone_from(&scene.world.nodes[1].addresses);
    scene.world.pods.push(host);
    let (a, c) = (scene.v4("a"), scene.v4("c"));
    let h = scene.world.nodes[1].addresses[0];
    let outside = address(OUTSIDE_V4);
    // Selected by labels they are not, neither as subject nor as peer; by address they are.
    let by_label = policy("a", Some("a"), json!({"ingress": [{"from": from_app("h")}]}));
    let by_address =
        policy("a", Some("a"), json!({"ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.2/32"}}]}]}));
    scene.enforce(&[policy("h", Some("h"), json!({"policyTypes": ["Ingress", "Egress"]})), by_label]);
    assert_eq!(
        scene.ask(&[tcp(h, a, 80), tcp(a, h, 80), tcp(outside, h, 80), tcp(h, c, 80)]),
        [false, true, true, true]
    );
    scene.enforce(&[by_address]);
    assert_eq!(scene.ask(&[tcp(h, a, 80), tcp(c, a, 80)]), [true, false]);
}
