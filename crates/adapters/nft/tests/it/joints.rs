//! Other ways in which packets come to pods: a bridge, what the kernel sends on by itself, a second interface.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use ringwall_model::network::Protocol;
use ringwall_network::Direction;
use ringwall_network::plan::{Compiler, DirectionRules, PodRules};
use ringwall_nft::{BridgeFilter, InterfacePattern, Options, Plan};

use crate::lab::{Lab, inside, ip, outside4, pod4, tcp, udp};
use crate::policy::options;
use crate::rules::{accepting, addresses, node, pods, port};

/// Two more pods of the node, on a bridge.
fn bridge(lab: &Lab) -> [String; 2] {
    let node = lab.node();
    ip(&["-n", &node, "link", "add", "cni0", "type", "bridge"]);
    ip(&["-n", &node, "addr", "add", "10.20.0.1/24", "dev", "cni0"]);
    ip(&["-n", &node, "addr", "add", "fd00:20::1/64", "dev", "cni0", "nodad"]);
    ip(&["-n", &node, "link", "set", "cni0", "up"]);
    // Pods of the lab are made for the other kind of network: here they get a second interface.
    [1, 2].map(|index| {
        let (pod, port) = (lab.pod(index), format!("veth{index}"));
        ip(&["-n", &node, "link", "add", &port, "type", "veth", "peer", "name", "eth1", "netns", &pod]);
        ip(&["-n", &node, "link", "set", &port, "master", "cni0", "up"]);
        ip(&["-n", &pod, "addr", "add", &format!("10.20.0.1{index}/24"), "dev", "eth1"]);
        ip(&["-n", &pod, "addr", "add", &format!("fd00:20::1{index}/64"), "dev", "eth1", "nodad"]);
        ip(&["-n", &pod, "link", "set", "eth1", "up"]);
        pod
    })
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs root"]
async fn pods_of_one_bridge_are_judged_if_the_kernel_lets_the_filter_see_them() {
    let lab = Lab::new(2);
    let nft = lab.nft();
    let [first, second] = bridge(&lab);
    let set = |value: &'static str| {
        inside(&lab.node(), move || {
            for which in ["iptables", "ip6tables"] {
                std::fs::write(format!("/proc/sys/net/bridge/bridge-nf-call-{which}"), value).unwrap();
            }
            BridgeFilter::here().unwrap()
        })
    };
    let all =
        ["10.20.0.11", "10.20.0.12", "fd00:20::11", "fd00:20::12"].map(|address| address.parse().unwrap());
    let mut compiler = Compiler::default();
    let web =
        accepting(Direction::Ingress, "web", vec![(addresses(&[all[1], all[3]]), port(Protocol::Tcp, 80))]);
    let made = [1, 2].map(|index: usize| PodRules {
        namespace: Arc::from("default"),
        name: Arc::from(format!("pod{index}")),
        addresses: vec![all[index - 1], all[index + 1]],
        interfaces: Vec::new(),
        ingress: if index == 1 { compiler.rule_set(web.clone()) } else { None },
        egress: None,
    });
    let rules = compiler.finish(Arc::from("node"), Vec::new(), made.to_vec(), Vec::new());
    let options = Options { interfaces: vec![InterfacePattern::new("cni0").unwrap()], ..Options::default() };
    nft.replace(&Plan::new(&rules, &options).unwrap()).await.unwrap();
    assert_eq!(set("1"), [BridgeFilter::On; 2]);
    for to in [all[0], all[2]] {
        assert!(tcp(&second, &first, to, 80), "{to}");
        assert!(!tcp(&second, &first, to, 81), "{to}");
        assert!(tcp(&lab.node(), &first, to, 81), "the node, {to}");
    }
    assert!(udp(&first, &second, all[1], 53), "what it asks itself is answered");
    assert_eq!(set("0"), [BridgeFilter::Off; 2]);
    assert!(tcp(&second, &first, all[0], 81), "bridged past the filter: why it has to be said");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs root"]
async fn a_further_interface_of_a_pod_is_no_way_around() {
    let lab = Lab::new(2);
    let nft = lab.nft();
    // As EKS gives pods of IPv6 clusters a way to IPv4: an interface with an address that the apiserver doesn't know.
    let (node_name, pod) = (lab.node(), lab.pod(1));
    ip(&["-n", &node_name, "link", "add", "eni9", "type", "veth", "peer", "name", "v4if0", "netns", &pod]);
    ip(&["-n", &pod, "addr", "add", "169.254.172.9/32", "dev", "v4if0"]);
    ip(&["-n", &pod, "link", "set", "v4if0", "up"]);
    ip(&["-n", &node_name, "link", "set", "eni9", "up"]);
    ip(&["-n", &node_name, "addr", "add", "169.254.172.1/32", "dev", "eni9"]);
    ip(&["-n", &node_name, "route", "add", "169.254.172.9/32", "dev", "eni9"]);
    ip(&["-n", &pod, "route", "add", "169.254.172.1", "dev", "v4if0"]);
    ip(&[
        "-n",
        &pod,
        "route",
        "add",
        "192.0.2.9",
        "via",
        "169.254.172.1",
        "dev",
        "v4if0",
        "src",
        "169.254.172.9",
    ]);
    let reaches = |port| udp(&lab.pod(1), &lab.outside(), outside4(), port);
    assert!(reaches(53));
    let out =
        || accepting(Direction::Egress, "out", vec![(addresses(&[outside4()]), port(Protocol::Udp, 53))]);
    let rules = node(&lab, &[(1, DirectionRules::default(), out())]);
    nft.replace(&Plan::new(&rules, &options()).unwrap()).await.unwrap();
    assert!(!reaches(53), "an address of nobody's");
    // Once the agent tells of it, it is judged as the pod's.
    let mut rules = rules;
    rules.pods[0].addresses.push("169.254.172.9".parse().unwrap());
    rules.pods[0].interfaces.push(Arc::from("eni9"));
    nft.replace(&Plan::new(&rules, &options()).unwrap()).await.unwrap();
    assert!(reaches(53));
    assert!(!reaches(54));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs root"]
async fn what_the_kernel_sends_on_by_itself_is_judged_and_what_the_node_says_is_not() {
    let lab = Lab::new(2);
    let nft = lab.nft();
    let web = accepting(Direction::Ingress, "web", vec![(pods(&[2]), port(Protocol::Udp, 53))]);
    nft.replace(&Plan::new(&node(&lab, &[(1, web, DirectionRules::default())]), &options()).unwrap())
        .await
        .unwrap();
    let server = inside(&lab.pod(1), || UdpSocket::bind((pod4(1), 53)).unwrap());
    server.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    // IPVS sends pods' packets on through the hook of what the node sends, under their own addresses: so does a raw socket.
    let send = |source: [u8; 4]| {
        inside(&lab.node(), move || {
            let socket = rustix::net::socket(
                rustix::net::AddressFamily::INET,
                rustix::net::SocketType::RAW,
                Some(rustix::net::ipproto::RAW),
            )
            .unwrap();
            // The kernel fills in length and checksum of the IP header; UDP's may be left out.
            let mut packet = vec![0x45, 0, 0, 29, 0, 0, 0, 0, 64, 17, 0, 0];
            packet.extend(source);
            packet.extend([10, 10, 0, 1]);
            packet.extend([0x0f, 0xa0, 0, 53, 0, 9, 0, 0, b'x']);
            let to = SocketAddr::new(pod4(1), 0);
            rustix::net::sendto(&socket, &packet, rustix::net::SendFlags::empty(), &to).is_ok()
        });
        server.recv(&mut [0; 8]).is_ok()
    };
    assert!(send([169, 254, 1, 1]), "the node itself");
    assert!(send([10, 10, 0, 2]), "a pod that may");
    assert!(!send([10, 10, 0, 7]), "somebody who may not");
    nft.uninstall(&options().table).await.unwrap();
    assert!(send([10, 10, 0, 7]), "it was the filter");
}
