//! Services' addresses: `F9`, `F13` and `F14`.

use std::net::SocketAddr;

use ringwall_model::{Verdict, network::Protocol};
use ringwall_network::{Network, Port, Who};
use ringwall_nft::Options;
use serde_json::{Value, json};

use super::flow::{Tcp, Udp};
use super::{Scene, address, deny_all, from_app, policy, tcp};
use crate::enforce::options;

/// A service of pods `c`, at another port than theirs.
const VIP_V4: &str = "10.96.0.10";
const VIP_V6: &str = "fd00:96::10";

/// What kube-proxy does with it, on a node; and with what a pod sends to itself that way.
const PROXY: &str = "
    table inet proxy {
        chain services {
            type nat hook prerouting priority dstnat;
            meta nfproto ipv4 ip daddr 10.96.0.10 meta l4proto { tcp, udp } th dport 80 dnat ip to 10.60.0.12:8080
            meta nfproto ipv6 ip6 daddr fd00:96::10 meta l4proto { tcp, udp } th dport 80 dnat ip6 to [fd00:60::12]:8080
        }
        chain hairpin {
            type nat hook postrouting priority srcnat;
            ip saddr 10.60.0.12 ip daddr 10.60.0.12 ct status dnat masquerade
            ip6 saddr fd00:60::12 ip6 daddr fd00:60::12 ct status dnat masquerade
        }
    }
";

fn service() -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "c", "namespace": "red"},
        "spec": {
            "type": "ClusterIP",
            "clusterIP": VIP_V4,
            "clusterIPs": [VIP_V4, VIP_V6],
            "selector": {"app": "c"},
            "ports": [
                {"name": "tcp", "protocol": "TCP", "port": 80, "targetPort": 8080},
                {"name": "udp", "protocol": "UDP", "port": 80, "targetPort": 8080},
            ],
        },
    })
}

fn with_proxy() -> Scene {
    let scene = Scene::with_ports(&[80]);
    for node in &scene.lab.nodes {
        node.netns.run("nft", &["-f", "-"], PROXY);
    }
    scene
}

/// F9: a change of policies did not cut flows.
#[test]
#[ignore = "needs root, nft and ip: cargo xtask packets"]
fn f9_a_revoked_flow_stops_at_once_in_both_directions() {
    let mut scene = with_proxy();
    let allow = policy("c", Some("c"), json!({"ingress": [{"from": from_app("a")}]}));
    for (vip, client, own) in [(VIP_V4, scene.v4("a"), scene.v4("c")), (VIP_V6, scene.v6("a"), scene.v6("c"))]
    {
        scene.enforce(&[service(), allow.clone()]);
        let (vip, own) = (SocketAddr::new(address(vip), 80), SocketAddr::new(own, 8080));
        let direct = SocketAddr::new(own.ip(), 7000);
        let mut flows = [
            Tcp::open(scene.netns("a"), vip, scene.netns("c"), own),
            Tcp::open(scene.netns("a"), direct, scene.netns("c"), direct),
        ];
        let mut datagrams = [
            Udp::open(scene.netns("a"), client, vip, scene.netns("c"), own),
            Udp::open(scene.netns("a"), client, direct, scene.netns("c"), direct),
        ];
        assert!(flows.iter_mut().all(|flow| flow.asks(true) && flow.pushes(true)));
        assert!(datagrams.iter_mut().all(|flow| flow.asks(true) && flow.pushes(31, true) == 31));
        scene.enforce(&[service(), deny_all()]);
        // The server goes on sending, which is what lets flows live on elsewhere.
        assert!(flows.iter_mut().all(|flow| !flow.pushes(false) && !flow.asks(false) && !flow.pushes(false)));
        assert!(datagrams.iter_mut().all(|flow| flow.pushes(31, false) == 0 && !flow.asks(false)));
        assert!(datagrams.iter_mut().all(|flow| flow.pushes(31, false) == 0));
    }
    // With the option by which established flows live on, as others have it, they do.
    let survive = Options { established_survive: true, ..options() };
    let direct = SocketAddr::new(scene.v4("c"), 7000);
    scene.enforce_by(&[allow], &survive);
    let mut flow = Tcp::open(scene.netns("a"), direct, scene.netns("c"), direct);
    scene.enforce_by(&[deny_all()], &survive);
    assert!(flow.pushes(true) && flow.asks(true));
}

/// F13: a service's port had to be its pods' port; a pod could not reach itself through its service.
#[test]
#[ignore = "needs root, nft and ip: cargo xtask packets"]
fn f13_policies_are_about_the_pods_port_behind_a_service() {
    let mut scene = with_proxy();
    let of_port = |port: u16| {
        let to = json!([{"podSelector": {}}]);
        policy(
            "out",
            None,
            json!({"policyTypes": ["Egress"], "egress": [{"to": to, "ports": [{"port": port}]}]}),
        )
    };
    for (port, passes) in [(8080, true), (80, false)] {
        scene.enforce(&[service(), of_port(port)]);
        for (vip, own) in [(VIP_V4, scene.v4("c")), (VIP_V6, scene.v6("c"))] {
            let listener = SocketAddr::new(own, 8080);
            let vip = SocketAddr::new(address(vip), 80);
            let listener = scene.netns("c").within(|| std::net::TcpListener::bind(listener)).unwrap();
            let made = |from: &str, patience: u64| {
                let patience = std::time::Duration::from_millis(patience);
                scene.netns(from).within(|| std::net::TcpStream::connect_timeout(&vip, patience).is_ok())
            };
            let patience = if passes { 5000 } else { 1500 };
            for from in ["a", "b"] {
                assert_eq!(made(from, patience), passes, "from {from} to {vip} with {port}");
            }
            drop(listener);
        }
        let cluster = scene.world.cluster();
        let network = Network::new(&cluster);
        let (from, to) = (Who::Address(scene.v4("a")), Who::Address(address(VIP_V4)));
        let said = network.connects(&from, &to, &Port::Number(80), Protocol::Tcp).unwrap();
        assert_eq!(said.verdict == Verdict::Allowed, passes, "{:?}", said.reasons);
        // What has no virtual address is reached at the pods' own.
        assert_eq!(scene.ask(&[tcp(scene.v4("a"), scene.v4("c"), 80)]), [!passes]);
    }
    // A pod through its service to itself: the node asks in its own name, and a node reaches its pods.
    scene.enforce(&[service(), policy("in", Some("c"), json!({"ingress": []}))]);
    let listener = SocketAddr::new(scene.v4("c"), 8080);
    let listener = scene.netns("c").within(|| std::net::TcpListener::bind(listener)).unwrap();
    let vip = SocketAddr::new(address(VIP_V4), 80);
    let patience = std::time::Duration::from_secs(5);
    assert!(scene.netns("c").within(|| std::net::TcpStream::connect_timeout(&vip, patience).is_ok()));
    drop(listener);
}

/// F14: packets were lost in a queue; two questions of one socket, as resolvers ask for A and AAAA, raced each other.
#[test]
#[ignore = "needs root, nft and ip: cargo xtask packets"]
fn f14_two_questions_at_once_get_two_answers() {
    let mut scene = with_proxy();
    scene.enforce(&[service(), policy("c", Some("c"), json!({"ingress": [{"from": from_app("a")}]}))]);
    let own = SocketAddr::new(scene.v4("c"), 8080);
    let server = scene.netns("c").within(|| std::net::UdpSocket::bind(own)).unwrap();
    let (rounds, vip) = (300, SocketAddr::new(address(VIP_V4), 80));
    let answers = std::thread::spawn(move || {
        let mut buffer = [0; 16];
        for _ in 0..2 * rounds {
            server.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
            let Ok((length, from)) = server.recv_from(&mut buffer) else { return };
            server.send_to(&buffer[..length], from).unwrap();
        }
    });
    let source = scene.v4("a");
    scene.netns("a").within(|| {
        for round in 0..rounds {
            // A socket of its own each time: the entry of the flow is made while both are under way, from two threads.
            let socket = std::net::UdpSocket::bind((source, 0)).unwrap();
            socket.set_read_timeout(Some(std::time::Duration::from_secs(5))).unwrap();
            std::thread::scope(|scope| {
                scope.spawn(|| socket.send_to(b"A", vip).unwrap());
                socket.send_to(b"AAAA", vip).unwrap();
            });
            let mut got = [0; 16];
            let lengths: Vec<usize> = (0..2).map_while(|_| socket.recv(&mut got).ok()).collect();
            assert_eq!(lengths.len(), 2, "round {round}");
        }
    });
    answers.join().unwrap();
}
