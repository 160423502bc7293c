//! Flows that live when rules change, and packets that are not what they should be.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

use ringwall_model::network::{Protocol, RuleAction};
use ringwall_network::plan::{Addresses, DirectionRules, PolicyRules};
use ringwall_network::{Direction, Traffic};
use ringwall_nft::{Denial, Options, Plan};

use crate::lab::{Lab, inside, ip, outside4, outside6, pod4, pod6, start, tcp, udp};
use crate::policy::options;
use crate::rules::{accepting, node, pods, port, rule};

const PATIENCE: Duration = Duration::from_millis(300);

/// A connection that lives: both ends, and whether each hears the other.
struct Connection {
    client: TcpStream,
    server: TcpStream,
}

impl Connection {
    fn new(lab: &Lab, from: usize, to: usize, port: u16) -> Self {
        let at = SocketAddr::new(pod4(to), port);
        let listener = inside(&lab.pod(to), move || TcpListener::bind(at).unwrap());
        let client = inside(&lab.pod(from), move || TcpStream::connect_timeout(&at, PATIENCE).unwrap());
        let (server, _) = listener.accept().unwrap();
        for end in [&client, &server] {
            end.set_read_timeout(Some(PATIENCE)).unwrap();
        }
        Self { client, server }
    }

    fn hears(&mut self) -> [bool; 2] {
        let says = |from: &mut TcpStream, to: &mut TcpStream| {
            let mut heard = [0];
            from.write_all(b"x").is_ok() && to.read_exact(&mut heard).is_ok()
        };
        [says(&mut self.client, &mut self.server), says(&mut self.server, &mut self.client)]
    }
}

fn web(allowed: &[usize], traffic: Traffic) -> DirectionRules {
    accepting(Direction::Ingress, "web", vec![(pods(allowed), traffic)])
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs root"]
async fn a_flow_lives_and_dies_with_its_permission() {
    let lab = Lab::new(3);
    let nft = lab.nft();
    let plan = |allowed: &[usize], options: &Options| {
        let traffic = port(Protocol::Tcp, 80).or(&port(Protocol::Udp, 53));
        Plan::new(&node(&lab, &[(1, web(allowed, traffic), DirectionRules::default())]), options).unwrap()
    };
    nft.replace(&plan(&[2], &options())).await.unwrap();
    let mut tcp = Connection::new(&lab, 2, 1, 80);
    assert_eq!(tcp.hears(), [true, true]);
    let server = inside(&lab.pod(1), || UdpSocket::bind((pod4(1), 53)).unwrap());
    let client = inside(&lab.pod(2), || UdpSocket::bind((pod4(2), 4000)).unwrap());
    for end in [&server, &client] {
        end.set_read_timeout(Some(PATIENCE)).unwrap();
    }
    let udp_hears = || {
        let mut buffer = [0; 8];
        client.send_to(b"x", (pod4(1), 53)).unwrap();
        let there = server.recv(&mut buffer).is_ok();
        server.send_to(b"x", (pod4(2), 4000)).unwrap();
        [there, client.recv(&mut buffer).is_ok()]
    };
    assert_eq!(udp_hears(), [true, true]);
    // Permission goes: both directions stop at once, though the server pushes too.
    nft.update(&plan(&[2], &options()), &plan(&[3], &options())).await.unwrap();
    assert_eq!(udp_hears(), [false, false]);
    assert_eq!(tcp.hears(), [false, false]);
    // It comes back, and the flow goes on: nothing was cut in conntrack.
    nft.update(&plan(&[3], &options()), &plan(&[2], &options())).await.unwrap();
    assert_eq!(udp_hears(), [true, true]);
    // With the option, a flow outlives its permission.
    let survive = Options { established_survive: true, ..options() };
    nft.replace(&plan(&[2], &survive)).await.unwrap();
    let mut kept = Connection::new(&lab, 2, 1, 80);
    nft.replace(&plan(&[3], &survive)).await.unwrap();
    assert_eq!(kept.hears(), [true, true]);
    assert!(!crate::lab::tcp(&lab.pod(2), &lab.pod(1), pod4(1), 80), "a new one does not begin");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs root"]
async fn a_flow_from_before_any_rule_lives_on_from_either_side() {
    let lab = Lab::new(2);
    let nft = lab.nft();
    // Services' translation has conntrack on in every cluster.
    let empty = Plan::new(&node(&lab, &[]), &options()).unwrap();
    nft.replace(&empty).await.unwrap();
    let mut flow = Connection::new(&lab, 1, 2, 80);
    assert_eq!(flow.hears(), [true, true]);
    let closed = accepting(Direction::Ingress, "closed", vec![]);
    nft.replace(&Plan::new(&node(&lab, &[(1, closed, DirectionRules::default())]), &options()).unwrap())
        .await
        .unwrap();
    let mut heard = [0];
    flow.server.write_all(b"x").unwrap();
    assert!(flow.client.read_exact(&mut heard).is_ok(), "a reply of a flow that began before the policy");
    assert_eq!(flow.hears(), [true, true]);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs root"]
async fn unknown_pods_are_closed_unless_told_otherwise() {
    let lab = Lab::new(3);
    let nft = lab.nft();
    let without_1 = |options: &Options| {
        let mut rules = node(&lab, &[]);
        rules.pods.retain(|pod| &*pod.name != "pod1");
        Plan::new(&rules, options).unwrap()
    };
    nft.replace(&without_1(&options())).await.unwrap();
    for (v, other) in [(pod4(1), pod4(2)), (pod6(1), pod6(2))] {
        assert!(!tcp(&lab.pod(2), &lab.pod(1), v, 80), "to a pod that is not known");
        assert!(!udp(&lab.pod(1), &lab.pod(2), other, 80), "from it");
        assert!(tcp(&lab.node(), &lab.pod(1), v, 80), "its node reaches it");
        assert!(tcp(&lab.pod(3), &lab.pod(2), other, 80));
    }
    let node_address = "169.254.1.1".parse().unwrap();
    assert!(tcp(&lab.pod(1), &lab.node(), node_address, 80), "and it its node");
    nft.replace(&without_1(&Options { fail_open: true, ..options() })).await.unwrap();
    assert!(tcp(&lab.pod(2), &lab.pod(1), pod4(1), 80));
    let plan = without_1(&Options { audit: true, ..options() });
    nft.replace(&plan).await.unwrap();
    assert!(tcp(&lab.pod(1), &lab.pod(2), pod4(2), 80));
    let counts = nft.counts(&plan).await.unwrap();
    let tried = counts.denied.iter().find(|(why, _)| *why == Denial::UnknownSource).unwrap().1.packets;
    assert!(tried >= 4, "audit counts what it lets through: {tried}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs root"]
async fn a_pod_speaks_under_its_own_address_alone() {
    let lab = Lab::new(3);
    let nft = lab.nft();
    let plan =
        Plan::new(&node(&lab, &[(1, web(&[2], Traffic::all()), DirectionRules::default())]), &options())
            .unwrap();
    nft.replace(&plan).await.unwrap();
    // Pod 3 takes the address of pod 2, which may.
    ip(&["-n", &lab.pod(3), "addr", "add", "10.10.0.2/32", "dev", "eth0"]);
    ip(&["-n", &lab.pod(3), "addr", "add", "fd00:10::2/128", "dev", "eth0", "nodad"]);
    for (from, to) in [(pod4(2), pod4(1)), (pod6(2), pod6(1))] {
        let server = inside(&lab.pod(1), move || UdpSocket::bind((to, 53)).unwrap());
        server.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut buffer = [0; 8];
        let send = |pod: usize| {
            inside(&lab.pod(pod), move || {
                UdpSocket::bind((from, 4000)).unwrap().send_to(b"x", (to, 53)).unwrap()
            })
        };
        send(3);
        assert!(server.recv(&mut buffer).is_err(), "{from}");
        send(2);
        assert!(server.recv(&mut buffer).is_ok(), "{from}");
    }
    let counts = nft.counts(&plan).await.unwrap();
    assert!(counts.denied.iter().any(|(why, count)| *why == Denial::Spoofed && count.packets >= 2));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs root"]
async fn blocks_except_what_they_except_and_tiers_come_in_order() {
    let lab = Lab::new(3);
    let nft = lab.nft();
    let block = |cidr: &str, except: &[&str]| {
        let except: Vec<ipnet::IpNet> = except.iter().map(|block| block.parse().unwrap()).collect();
        Addresses::block(cidr.parse().unwrap(), &except)
    };
    // The exception of one rule is none of another: 8080 is allowed to pod 2 by the second.
    let ingress = accepting(
        Direction::Ingress,
        "blocks",
        vec![
            (block("0.0.0.0/0", &["10.10.0.2/32", "192.0.2.0/24"]), port(Protocol::Tcp, 80)),
            (block("10.10.0.0/24", &[]), port(Protocol::Tcp, 8080)),
            (block("::/0", &["fd00:10::2/128"]), Traffic::ports(Protocol::Tcp, 80, 8080)),
        ],
    );
    let reaches = |from: &str, port: u16| [pod4(1), pod6(1)].map(|to| tcp(from, &lab.pod(1), to, port));
    nft.replace(&Plan::new(&node(&lab, &[(1, ingress, DirectionRules::default())]), &options()).unwrap())
        .await
        .unwrap();
    assert_eq!(reaches(&lab.pod(2), 80), [false, false]);
    assert_eq!(reaches(&lab.pod(2), 8080), [true, false]);
    assert_eq!(reaches(&lab.pod(3), 80), [true, true]);
    assert_eq!(reaches(&lab.outside(), 80), [false, true]);
    assert_eq!(reaches(&lab.outside(), 8080), [false, true]);
    // No number of ports is too many: every third of a thousand.
    let many =
        (1000..2000).step_by(3).fold(Traffic::none(), |all, number| all.or(&port(Protocol::Tcp, number)));
    let many = accepting(Direction::Ingress, "many", vec![(pods(&[2]), many)]);
    nft.replace(&Plan::new(&node(&lab, &[(1, many, DirectionRules::default())]), &options()).unwrap())
        .await
        .unwrap();
    for (number, allowed) in [(1000, true), (1001, false), (1502, false), (1999, true), (1998, false)] {
        assert_eq!(reaches(&lab.pod(2), number), [allowed; 2], "{number}");
    }
    // Admin: pass 80 of pod 2 on to the policies, which allow it; deny the rest of it; accept pod 3 whatever policies say.
    let way = Direction::Ingress;
    let tiers = DirectionRules {
        admin: vec![PolicyRules {
            priority: 1,
            rules: vec![
                rule(way, "admin", 0, RuleAction::Pass, vec![(pods(&[2]), port(Protocol::Tcp, 80))]),
                rule(way, "admin", 1, RuleAction::Deny, vec![(pods(&[2]), Traffic::all())]),
                rule(way, "admin", 2, RuleAction::Accept, vec![(pods(&[3]), port(Protocol::Tcp, 8080))]),
            ],
        }],
        ..accepting(way, "np", vec![(pods(&[2]), Traffic::ports(Protocol::Tcp, 80, 8080))])
    };
    let tiers = node(&lab, &[(1, tiers, DirectionRules::default())]);
    nft.replace(&Plan::new(&tiers, &options()).unwrap()).await.unwrap();
    assert_eq!(reaches(&lab.pod(2), 80), [true, true]);
    assert_eq!(reaches(&lab.pod(2), 8080), [false, false]);
    assert_eq!(reaches(&lab.pod(3), 8080), [true, true]);
    assert_eq!(reaches(&lab.pod(3), 80), [false, false]);
    // Egress to the outside, and a baseline that only holds where nothing isolates.
    let way = Direction::Egress;
    let out = DirectionRules {
        baseline: vec![PolicyRules {
            priority: 0,
            rules: vec![rule(
                way,
                "base",
                0,
                RuleAction::Deny,
                vec![(Addresses::each([outside4(), outside6()]), port(Protocol::Udp, 53))],
            )],
        }],
        ..DirectionRules::default()
    };
    nft.replace(&Plan::new(&node(&lab, &[(1, DirectionRules::default(), out)]), &options()).unwrap())
        .await
        .unwrap();
    for address in [outside4(), outside6()] {
        assert!(!udp(&lab.pod(1), &lab.outside(), address, 53));
        assert!(udp(&lab.pod(1), &lab.outside(), address, 54));
        assert!(udp(&lab.pod(2), &lab.outside(), address, 53));
    }
}

/// Whether `ping` is answered.
fn ping(from: &str, to: std::net::IpAddr) -> bool {
    use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketType};
    start(from, move || {
        let (family, protocol, ask, answer) = match to {
            std::net::IpAddr::V4(_) => (AddressFamily::INET, rustix::net::ipproto::ICMP, 8u8, 0u8),
            std::net::IpAddr::V6(_) => (AddressFamily::INET6, rustix::net::ipproto::ICMPV6, 128, 129),
        };
        let socket = rustix::net::socket(family, SocketType::RAW, Some(protocol)).unwrap();
        rustix::net::connect(&socket, &SocketAddr::new(to, 0)).unwrap();
        rustix::net::sockopt::set_socket_timeout(
            &socket,
            rustix::net::sockopt::Timeout::Recv,
            Some(PATIENCE),
        )
        .unwrap();
        // Checksum: of IPv6 the kernel's work. The rest is type, code, identifier 1, sequence 1.
        let mut message = [ask, 0, 0, 0, 0, 1, 0, 1];
        if to.is_ipv4() {
            let sum = !(u16::from_be_bytes([ask, 0]) + 2);
            message[2..4].copy_from_slice(&sum.to_be_bytes());
        }
        rustix::net::send(&socket, &message, SendFlags::empty()).unwrap();
        let mut buffer = [0u8; 256];
        while let Ok((count, _)) = rustix::net::recv(&socket, &mut buffer[..], RecvFlags::empty()) {
            let at = if to.is_ipv4() { 20 } else { 0 };
            if count > at && buffer[at] == answer {
                return true;
            }
        }
        false
    })
    .join()
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs root"]
async fn icmp_has_types_and_its_errors_belong_to_their_flow() {
    let lab = Lab::new(3);
    let nft = lab.nft();
    let echo = |ask: u16| Traffic::ports(Protocol::Icmp, ask * 256, ask * 256 + 255);
    let ingress = accepting(
        Direction::Ingress,
        "ping",
        vec![
            (pods(&[2]), echo(8).or(&echo(128))),
            (
                pods(&[3]),
                Traffic::of(Protocol::Icmp).without(&echo(8)).without(&echo(128)).or(&port(Protocol::Udp, 9)),
            ),
        ],
    );
    nft.replace(&Plan::new(&node(&lab, &[(1, ingress, DirectionRules::default())]), &options()).unwrap())
        .await
        .unwrap();
    for to in [pod4(1), pod6(1)] {
        assert!(ping(&lab.pod(2), to), "{to}");
        assert!(!ping(&lab.pod(3), to), "{to}");
        assert!(
            ping(&lab.pod(1), if to.is_ipv4() { pod4(3) } else { pod6(3) }),
            "its own question is answered"
        );
        // Nobody listens: the error of an allowed datagram comes back, and the denied one has none.
        let refused = move |pod: &str, port: u16| {
            inside(pod, move || {
                let any = if to.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
                let socket = UdpSocket::bind(any).unwrap();
                socket.connect((to, port)).unwrap();
                socket.set_read_timeout(Some(PATIENCE)).unwrap();
                socket.send(b"x").unwrap();
                let error = socket.recv(&mut [0; 8]).unwrap_err();
                error.kind() == std::io::ErrorKind::ConnectionRefused
            })
        };
        assert!(refused(&lab.pod(3), 9), "{to}");
        assert!(!refused(&lab.pod(3), 10), "{to}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs root"]
async fn a_service_is_judged_by_the_pod_behind_it() {
    let lab = Lab::new(3);
    let nft = lab.nft();
    let node_name = lab.node();
    inside(&node_name, || {
        let table = "table ip services {
            chain nat { type nat hook prerouting priority dstnat; policy accept;
                ip daddr 10.96.0.1 tcp dport 80 dnat to 10.10.0.1:8080
                ip daddr 10.96.0.3 tcp dport 80 dnat to 10.10.0.3:8080
            }
            chain hairpin { type nat hook postrouting priority srcnat; policy accept;
                ip saddr 10.10.0.3 ip daddr 10.10.0.3 masquerade
            }
        }";
        let output = std::process::Command::new("nft").arg(table).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    });
    let ingress = |numbers: &[u16]| {
        let traffic =
            numbers.iter().fold(Traffic::none(), |all, number| all.or(&port(Protocol::Tcp, *number)));
        let closed = accepting(Direction::Ingress, "self", vec![]);
        let own = accepting(Direction::Egress, "self", vec![]);
        let rules = node(&lab, &[(1, web(&[2], traffic), DirectionRules::default()), (3, closed, own)]);
        Plan::new(&rules, &options()).unwrap()
    };
    let vip = |from: usize, virtual_address: &str, to: usize| {
        let at = SocketAddr::new("0.0.0.0".parse().unwrap(), 8080);
        let vip: SocketAddr = virtual_address.parse().unwrap();
        let listener = inside(&lab.pod(to), move || TcpListener::bind(at).unwrap());
        let connected = inside(&lab.pod(from), move || TcpStream::connect_timeout(&vip, PATIENCE).is_ok());
        listener.set_nonblocking(true).unwrap();
        // Taken and reset, so that the port is free again.
        if let Ok((stream, _)) = listener.accept() {
            rustix::net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO)).unwrap();
        }
        connected
    };
    nft.replace(&ingress(&[8080])).await.unwrap();
    assert!(vip(2, "10.96.0.1:80", 1), "the pod's port counts");
    nft.replace(&ingress(&[80])).await.unwrap();
    assert!(!vip(2, "10.96.0.1:80", 1), "the service's does not");
    assert!(vip(3, "10.96.0.3:80", 3), "a pod reaches itself by its service, whatever isolates it");
    assert!(!vip(2, "10.96.0.3:80", 3));
}
