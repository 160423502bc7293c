//! What the filter costs: packets with no rules, with those of 10 and of 1,000 policies, in one run; and how long a changed policy takes
//! from the cluster's values to the kernel. Needs root, `nft` and `ip`.
//!
//!     cargo bench -p ringwall-nft --bench packets

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a benchmark stops at the first thing that is not as expected"
)]

#[path = "../tests/it/lab.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod lab;

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ringwall_model::network::{
    NamespaceScope, NetworkParts, NetworkPolicy, NetworkRule, Peer, PodScope, PortMatch, Protocol,
    RuleAction, Tier,
};
use ringwall_model::{
    Cluster, LabelRequirement, LabelSelector, Namespace, Node, ObjectRef, Pod, PodReferences,
    SelectorOperator, Source,
};
use ringwall_network::Network;
use ringwall_network::plan::{NodeOptions, Planning};
use ringwall_nft::{InterfacePattern, Nft, Options, Plan};

use lab::{Lab, inside, pod4, pod6, start};

/// How long each measurement takes, and how often it is taken: the machine's other work comes and goes.
const SPAN: Duration = Duration::from_millis(700);
const ROUNDS: usize = 5;

/// The port that is measured: the last policy of a cluster allows it.
const PORT: u16 = 9;

fn source() -> Source {
    Source::new("cluster.yaml", 1)
}

fn reference(kind: &str, name: String) -> ObjectRef {
    ObjectRef {
        api_version: Arc::from("v1"),
        kind: Arc::from(kind),
        namespace: Some(Arc::from("default")),
        name: Arc::from(name),
    }
}

fn labelled(key: &str, value: String) -> LabelSelector {
    LabelSelector {
        requirements: vec![LabelRequirement {
            key: Arc::from(key),
            operator: SelectorOperator::In,
            values: vec![Arc::from(value)],
        }],
    }
}

/// A policy with `ports` for pods of an application from those of another.
fn policy(number: usize, subject: LabelSelector, from: LabelSelector, port: u16) -> NetworkPolicy {
    let scope = |pods| PodScope { namespaces: NamespaceScope::Named(Arc::from("default")), pods: Some(pods) };
    let block = format!("172.{}.{}.0/24", 16 + number / 256 % 16, number % 256);
    let rule = NetworkRule {
        index: 0,
        name: None,
        source: source(),
        action: RuleAction::Accept,
        peers: Some(vec![
            Peer::Pods(scope(from)),
            Peer::Block { cidr: block.parse().unwrap(), except: Vec::new() },
        ]),
        ports: Some(
            [Protocol::Tcp, Protocol::Udp]
                .map(|protocol| PortMatch::Range { protocol, first: port, last: port })
                .to_vec(),
        ),
    };
    NetworkPolicy {
        reference: reference("NetworkPolicy", format!("policy-{number}")),
        source: source(),
        tier: Tier::NetworkPolicy,
        subject: scope(subject),
        ingress: Some(vec![rule]),
        egress: None,
        unreadable: Vec::new(),
    }
}

/// Pods 1 to `pods`, each an application of its own.
fn cluster(pods: usize) -> Cluster {
    let pod = |index| Pod {
        reference: reference("Pod", format!("pod{index}")),
        source: source(),
        uid: None,
        labels: vec![
            (Arc::from("app"), Arc::from(format!("a{index}"))),
            (Arc::from("all"), Arc::from("pods")),
        ],
        host_network: false,
        node_name: Some(Arc::from("node")),
        service_account: Arc::from("default"),
        references: PodReferences::default(),
        mirror: false,
        phase: Some(Arc::from("Running")),
        network: NetworkParts { addresses: vec![pod4(index), pod6(index)], ..NetworkParts::default() },
    };
    Cluster {
        namespaces: vec![Namespace { name: Arc::from("default"), source: source(), labels: Vec::new() }],
        nodes: vec![Node {
            name: Arc::from("node"),
            source: source(),
            labels: Vec::new(),
            provider_id: None,
            compute: None,
            addresses: Vec::new(),
            pod_cidrs: Vec::new(),
            instance_type: None,
        }],
        pods: (1..=pods).map(pod).collect(),
        ..Cluster::default()
    }
}

fn options() -> Options {
    Options { interfaces: vec![InterfacePattern::new("eni*").unwrap()], ..Options::default() }
}

fn plan(cluster: &Cluster) -> Plan {
    let rules = Network::new(cluster).node_rules("node", &NodeOptions::default());
    Plan::new(&rules, &options()).unwrap()
}

/// All policies select pod 1; the last one lets pod 2 in.
fn one_pod_of_many_policies(policies: usize) -> Plan {
    let mut cluster = cluster(3);
    for number in 0..policies {
        let last = number + 1 == policies;
        let from = labelled("app", format!("a{}", if last { 2 } else { 3 }));
        let port = if last { PORT } else { u16::try_from(1000 + number).unwrap() };
        cluster.network.policies.push(policy(number, labelled("app", "a1".to_owned()), from, port));
    }
    plan(&cluster)
}

/// Datagrams of 64 bytes that arrive in a second.
fn datagrams(lab: &Lab) -> f64 {
    let receiver = inside(&lab.pod(1), || UdpSocket::bind((pod4(1), PORT)).unwrap());
    receiver.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    let sender = start(&lab.pod(2), || {
        let socket = UdpSocket::bind((pod4(2), 0)).unwrap();
        socket.connect((pod4(1), PORT)).unwrap();
        let until = Instant::now() + SPAN;
        while Instant::now() < until {
            for _ in 0..64 {
                let _ = socket.send(&[0; 64]);
            }
        }
    });
    let (mut count, mut buffer) = (0u32, [0; 128]);
    while !sender.is_finished() {
        if receiver.recv(&mut buffer).is_ok() {
            count += 1;
        }
    }
    sender.join().unwrap();
    assert!(count > 0, "datagrams arrive");
    f64::from(count) / SPAN.as_secs_f64()
}

/// Bits of TCP that arrive in a second.
fn stream(lab: &Lab) -> f64 {
    let listener = inside(&lab.pod(1), || TcpListener::bind((pod4(1), PORT)).unwrap());
    let sender = start(&lab.pod(2), || {
        let mut stream = TcpStream::connect((pod4(1), PORT)).unwrap();
        let block = vec![0; 128 * 1024];
        let until = Instant::now() + SPAN;
        while Instant::now() < until && stream.write_all(&block).is_ok() {}
    });
    let (mut receiver, _) = listener.accept().unwrap();
    let mut buffer = vec![0; 256 * 1024];
    let mut bytes = 0.0;
    while let Ok(count @ 1..) = receiver.read(&mut buffer) {
        bytes += f64::from(u32::try_from(count).unwrap());
    }
    sender.join().unwrap();
    bytes * 8.0 / SPAN.as_secs_f64()
}

/// Hundredths of a second that this process and the programs it ran have worked: what other work on the machine does not change.
fn cpu() -> u32 {
    let stat = String::from_utf8(std::fs::read("/proc/self/stat").unwrap()).unwrap();
    let fields = stat.rsplit_once(')').unwrap().1;
    fields.split_whitespace().skip(11).take(4).map(|field| field.parse::<u32>().unwrap()).sum()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

async fn packets() {
    let lab = Lab::new(3);
    let nft = lab.nft();
    // A rule of somebody else's that asks conntrack, as a node with services always has: what it costs is not the filter's.
    inside(&lab.node(), || {
        let table = "table inet services { chain forward { type filter hook forward priority 0; ct state invalid drop; }; }";
        assert!(Command::new("nft").arg(table).status().unwrap().success());
    });
    let plans = [None, Some(one_pod_of_many_policies(10)), Some(one_pod_of_many_policies(1000))];
    let mut udp = [const { Vec::new() }; 3];
    let mut tcp = [const { Vec::new() }; 3];
    for _ in 0..ROUNDS {
        for (at, plan) in plans.iter().enumerate() {
            match plan {
                Some(plan) => nft.replace(plan).await.unwrap(),
                None => nft.uninstall(&Options::default().table).await.unwrap(),
            }
            udp[at].push(datagrams(&lab));
            tcp[at].push(stream(&lab));
        }
    }
    let (udp, tcp) = (udp.map(median), tcp.map(median));
    for (at, name) in ["conntrack alone", "10 policies", "1,000 policies"].into_iter().enumerate() {
        println!(
            "{name:>15}: UDP {:7.1} kpps (× {:.2}), TCP {:6.2} Gbit/s (× {:.2})",
            udp[at] / 1e3,
            udp[at] / udp[0],
            tcp[at] / 1e9,
            tcp[at] / tcp[0],
        );
    }
    println!("1,000 policies to 10: UDP × {:.2}, TCP × {:.2}", udp[2] / udp[1], tcp[2] / tcp[1]);
}

/// A node with 100 pods and 500 policies, five to a pod; one of them changes a port.
async fn changes() {
    let lab = Lab::new(1);
    let nft: Nft = lab.nft();
    let mut cluster = cluster(100);
    for number in 0..500 {
        let subject = labelled("app", format!("a{}", 1 + number % 100));
        let from = match number % 5 {
            0 => labelled("all", "pods".to_owned()),
            _ => labelled("app", format!("a{}", 1 + (number * 7) % 100)),
        };
        cluster.network.policies.push(policy(number, subject, from, u16::try_from(1000 + number).unwrap()));
    }
    let mut before = plan(&cluster);
    let mut planning = Planning::default();
    planning.node_rules(&Network::new(&cluster), "node", &NodeOptions::default());
    let (mut whole, mut change, mut pure) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..10 {
        let began = Instant::now();
        nft.replace(&before).await.unwrap();
        whole.push(began.elapsed().as_secs_f64() * 1e3);
    }
    let before_all = cpu();
    for round in 0..100u16 {
        let at = usize::from(round) * 37 % 500;
        let rule = &mut cluster.network.policies[at].ingress.as_mut().unwrap()[0];
        let port = 20_000 + round;
        rule.ports = Some(vec![PortMatch::Range { protocol: Protocol::Tcp, first: port, last: port }]);
        let began = Instant::now();
        let rules = planning.node_rules(&Network::new(&cluster), "node", &NodeOptions::default());
        let after = before.following(&rules, &options()).unwrap();
        pure.push(began.elapsed().as_secs_f64() * 1e3);
        nft.update(&before, &after).await.unwrap();
        change.push(began.elapsed().as_secs_f64() * 1e3);
        before = after;
    }
    let spent = f64::from(cpu() - before_all) * 10.0 / 100.0;
    let counts = before.script().lines().count();
    println!("a node of 100 pods and 500 policies, a script of {counts} lines:");
    for (name, mut values) in [
        ("the whole table replaced", whole),
        ("a policy changed, values to kernel", change),
        ("of that, working it out", pure),
    ] {
        values.sort_by(f64::total_cmp);
        let at = |part: usize| values[(values.len() * part / 100).min(values.len() - 1)];
        println!("{name:>36}: p50 {:6.1} ms, p99 {:6.1} ms", at(50), at(99));
    }
    println!("CPU time of a change, the program `nft` and the kernel counted in: {spent:.1} ms");
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("tokio starts").block_on(async {
        packets().await;
        changes().await;
    });
}
