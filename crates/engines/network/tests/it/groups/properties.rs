//! The sets agree with the naive twin, packet by packet, on generated clusters; what is missing makes an answer unknown, never wrong.

use std::net::IpAddr;

use proptest::prelude::*;
use proptest::sample::select;
use ringwall_model::network::{EnforcingMode, InterfaceKind, Protocol};
use ringwall_model::{Cluster, ComputeType, Verdict};
use ringwall_network::groups::SecurityGroups;
use ringwall_network::{Network, Party};

use super::build::{
    account, cluster, group, interface, ip, list, net, node, pod, policy, subnet, with_branch,
};
use super::naive::{Host, Packet, Payload, passes};

const GROUPS: [&str; 5] = ["sg-node", "sg-a", "sg-b", "sg-c", "sg-second"];
const PEERS: [&str; 16] = [
    "sg-node",
    "sg-a",
    "sg-b",
    "sg-c",
    "sg-second",
    "0.0.0.0/0",
    "::/0",
    "10.0.1.0/24",
    "10.0.1.96/28",
    "10.0.1.100/32",
    "198.51.100.0/24",
    "fd00:1::/64",
    "2001:db8::/32",
    "pl-a",
    "pl-b",
    "10.0.2.0/24",
];
const TRAFFIC: [&str; 12] = [
    "-1",
    "tcp 80",
    "tcp 0-65535",
    "tcp 5000-6000",
    "udp 53",
    "udp",
    "icmp -1,-1",
    "icmp 8,-1",
    "icmp 8,0",
    "icmpv6 128,0",
    "132",
    "icmpv6",
];

#[derive(Clone, Copy, Debug)]
enum Kind {
    Branch,
    ByPolicy,
    Secondary,
    SecondInterface,
    Delegated,
    Fargate,
}

fn any_rules() -> impl Strategy<Value = Vec<String>> {
    let rule = (select(&TRAFFIC[..]), any::<bool>(), prop::collection::vec(select(&PEERS[..]), 1..3))
        .prop_map(|(traffic, inbound, peers)| {
            format!("{traffic} {} {}", if inbound { "from" } else { "to" }, peers.join(" "))
        });
    prop::collection::vec(rule, 0..6)
}

fn any_kinds() -> impl Strategy<Value = Vec<(Kind, bool, bool, usize)>> {
    const KINDS: [Kind; 6] = [
        Kind::Branch,
        Kind::ByPolicy,
        Kind::Secondary,
        Kind::SecondInterface,
        Kind::Delegated,
        Kind::Fargate,
    ];
    prop::collection::vec((select(&KINDS[..]), any::<bool>(), any::<bool>(), 0..3usize), 2..6)
}

pub(crate) fn any_cluster() -> impl Strategy<Value = Cluster> {
    let mode = select(&[EnforcingMode::Strict, EnforcingMode::Standard][..]);
    let rules = prop::collection::vec(any_rules(), GROUPS.len());
    (mode, any::<bool>(), rules, any_kinds(), any::<bool>()).prop_map(
        |(mode, external_snat, rules, kinds, v6_only)| {
            let mut cluster = cluster(mode);
            cluster.network.vpc_cni.as_mut().unwrap().external_snat = external_snat;
            cluster.aws.security_groups = GROUPS
                .iter()
                .zip(&rules)
                .map(|(id, rules)| group(id, &rules.iter().map(String::as_str).collect::<Vec<_>>()))
                .collect();
            cluster.aws.prefix_lists = vec![
                list("pl-a", Some(&["10.0.1.100/32", "198.51.100.0/25"])),
                list("pl-b", Some(&["fd00:1::/64"])),
            ];
            cluster.aws.subnets = vec![subnet("subnet-1", &["10.0.1.0/24", "fd00:1::/64"])];
            for (name, last) in [("one", 10), ("two", 20)] {
                let node = cluster.nodes.iter_mut().find(|node| &*node.name == name).unwrap();
                node.addresses.push(ip(&format!("fd00:1::{last}")));
                let mut second = interface(
                    &format!("eni-{name}-second"),
                    InterfaceKind::Interface,
                    name,
                    Some(1),
                    &[],
                    &["sg-second"],
                );
                second.prefixes.push(net(if name == "one" { "10.0.1.32/28" } else { "10.0.1.48/28" }));
                cluster.aws.network_interfaces.push(second);
            }
            cluster.service_accounts = vec![account("default", "team=a"), account("other", "team=b")];
            cluster.network.security_group_policies = vec![
                policy("by-pod", Some("group=0"), None, &["sg-a"]),
                policy("by-account", None, Some("team=b"), &["sg-b", "sg-a"]),
                policy("by-both", Some("group=1"), Some("team=a"), &["sg-c"]),
                policy("nothing", None, None, &["sg-node"]),
            ];
            for (at, (kind, first, dual, number)) in kinds.into_iter().enumerate() {
                add_pod(&mut cluster, at, kind, (first, dual, number), v6_only);
            }
            cluster.aws.network_interfaces.push(interface(
                "eni-rds",
                InterfaceKind::Other("network".into()),
                "",
                None,
                &["10.0.1.200"],
                &["sg-b", "sg-c"],
            ));
            cluster
        },
    )
}

fn add_pod(
    cluster: &mut Cluster,
    at: usize,
    kind: Kind,
    (first, dual, number): (bool, bool, usize),
    v6_only: bool,
) {
    let on = if first { "one" } else { "two" };
    let name = format!("pod-{at}");
    let v4 = match kind {
        Kind::Delegated => format!("10.0.1.{}", if first { 32 } else { 48 } + at),
        _ => format!("10.0.1.{}", 96 + at),
    };
    let v6 = format!("fd00:1::a{at}");
    let addresses: Vec<&str> = match kind {
        Kind::Delegated => vec![&v4],
        _ if v6_only && dual => vec![&v6],
        _ if dual => vec![&v4, &v6],
        _ => vec![&v4],
    };
    let mut made = pod(&name, on, &addresses, &format!("group={number}"));
    if number == 2 {
        made.service_account = "other".into();
    }
    let carried = &GROUPS[1..=1 + number];
    let id = format!("eni-{name}");
    match kind {
        Kind::Branch => {
            made = with_branch(made, &id);
            cluster.aws.network_interfaces.push(interface(
                &id,
                InterfaceKind::Branch,
                "",
                None,
                &addresses,
                carried,
            ));
        }
        // Without a policy it would be on an interface of its node that the export doesn't show.
        Kind::ByPolicy => made.labels = super::build::labels("group=0"),
        Kind::Secondary | Kind::SecondInterface => {
            let device = match kind {
                Kind::Secondary => format!("eni-{on}"),
                _ => format!("eni-{on}-second"),
            };
            let interfaces = &mut cluster.aws.network_interfaces;
            let interface = interfaces.iter_mut().find(|interface| *interface.id == *device).unwrap();
            interface.addresses.extend(addresses.iter().map(|address| ip(address)));
        }
        Kind::Delegated => {}
        Kind::Fargate => {
            let mut own = node(&format!("fargate-{at}"), &addresses);
            own.compute = Some(ComputeType::Fargate);
            made.node_name = Some(own.name.clone());
            cluster.nodes.push(own);
            cluster.aws.network_interfaces.push(interface(
                &id,
                InterfaceKind::Interface,
                "",
                None,
                &addresses,
                carried,
            ));
        }
    }
    cluster.pods.push(made);
}

const OTHERS: [&str; 8] = [
    "10.0.1.200",
    "10.0.1.80",
    "198.51.100.7",
    "2001:db8::7",
    "169.254.169.254",
    "fd00:ec2::254",
    "10.0.1.2",
    "10.0.2.9",
];
const PAYLOADS: [Payload; 6] =
    [Payload::Tcp(80), Payload::Tcp(5432), Payload::Udp(53), Payload::Udp(80), Payload::Sctp, Payload::Ping];

fn hosts(cluster: &Cluster) -> Vec<Host> {
    let pods = (0..cluster.pods.len()).map(Host::Pod);
    let nodes = (0..cluster.nodes.len())
        .filter(|at| cluster.nodes[*at].compute != Some(ComputeType::Fargate))
        .map(Host::Node);
    pods.chain(nodes).chain(OTHERS.iter().map(|address| Host::Other(ip(address)))).collect()
}

fn address(cluster: &Cluster, host: Host, v4: bool) -> Option<IpAddr> {
    let own;
    let addresses = match host {
        Host::Pod(at) => &cluster.pods[at].network.addresses,
        Host::Node(at) => &cluster.nodes[at].addresses,
        Host::Other(address) => {
            own = vec![address];
            &own
        }
    };
    addresses.iter().copied().find(|address| address.is_ipv4() == v4)
}

fn party<'n>(network: &'n Network<'_>, cluster: &Cluster, host: Host) -> Party<'n> {
    match host {
        Host::Pod(at) => Party::Pod(network.pod_named("shop", &cluster.pods[at].reference.name).unwrap()),
        Host::Node(at) => Party::Node(network.node_named(&cluster.nodes[at].name).unwrap()),
        Host::Other(address) => Party::Address(address),
    }
}

/// As the engine's sets have it: of ICMP the type of an echo request in the high byte.
fn key(payload: Payload, v4: bool) -> (Protocol, u16) {
    match payload {
        Payload::Tcp(port) => (Protocol::Tcp, port),
        Payload::Udp(port) => (Protocol::Udp, port),
        Payload::Sctp => (Protocol::Sctp, 9),
        Payload::Ping => (Protocol::Icmp, if v4 { 8 << 8 } else { 128 << 8 }),
    }
}

/// From, to, what, and for each family (`true` is IPv4) whether the twin lets the packet through.
type Probe = (Host, Host, Payload, Vec<(bool, bool)>);

/// Packets between all pairs, with whether the twin lets them through. A family counts if both have it; a pod reaches the outside in
/// the outside's.
fn probes(cluster: &Cluster) -> Vec<Probe> {
    let hosts = hosts(cluster);
    let mut probes = Vec::new();
    for from in &hosts {
        for to in &hosts {
            if matches!((from, to), (Host::Other(_), Host::Other(_))) {
                continue;
            }
            'probe: for payload in PAYLOADS {
                let mut verdicts = Vec::new();
                for v4 in [true, false] {
                    let ends = (address(cluster, *from, v4), address(cluster, *to, v4));
                    let (source, destination) = match (ends, from, to) {
                        ((Some(source), Some(destination)), ..) => (source, destination),
                        ((None, Some(destination)), Host::Pod(at), Host::Other(_)) => {
                            let node = cluster.pods[*at].node_name.as_ref();
                            let on = cluster.nodes.iter().find(|on| Some(&on.name) == node).unwrap();
                            let borrowed = on.addresses.iter().copied().find(|own| own.is_ipv4() == v4);
                            // Nodes lend IPv4 addresses alone.
                            let Some(borrowed) = borrowed.filter(|_| v4) else { continue 'probe };
                            (borrowed, destination)
                        }
                        // Nobody of the other family can ask a pod; no packet, no verdict.
                        ((Some(_), None), Host::Other(_), Host::Pod(_)) => continue 'probe,
                        _ => continue,
                    };
                    let packet = Packet { from: *from, to: *to, source, destination, payload };
                    verdicts.push((v4, passes(cluster, packet)));
                }
                probes.push((*from, *to, payload, verdicts));
            }
        }
    }
    probes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sets_are_what_the_guides_say_of_each_packet(cluster in any_cluster()) {
        let network = Network::new(&cluster);
        let groups = SecurityGroups::new(&network).unwrap();
        for (from, to, payload, verdicts) in probes(&cluster) {
            let (source, target) = (party(&network, &cluster, from), party(&network, &cluster, to));
            let allowed = groups.traffic(&network, source, target);
            prop_assert!(allowed.uncertain.is_none(), "{from:?} to {to:?}: {}", allowed.uncertain);
            // Echo requests have another key in each family, so one answer for both needs all of ICMP.
            if matches!(payload, Payload::Ping) && verdicts.len() != 1 {
                continue;
            }
            let expected = !verdicts.is_empty() && verdicts.iter().all(|(_, passes)| *passes);
            let (protocol, port) = key(payload, verdicts.first().is_none_or(|(v4, _)| *v4));
            prop_assert_eq!(
                allowed.traffic.contains(protocol, port), expected, "{:?} to {:?}, {:?}: {}", from, to, payload, allowed.traffic
            );
            let decision = groups.explain(&network, source, target, protocol, port);
            prop_assert_eq!(decision.is_allowed(), expected, "{:?} to {:?}, {:?}: {:?}", from, to, payload, decision);
        }
    }

    #[test]
    fn parties_of_a_class_are_alike(cluster in any_cluster()) {
        let network = Network::new(&cluster);
        let groups = SecurityGroups::new(&network).unwrap();
        let parties: Vec<_> = hosts(&cluster).into_iter().map(|host| party(&network, &cluster, host)).collect();
        for (at, one) in parties.iter().enumerate() {
            for other in &parties[at + 1..] {
                if groups.class(&network, *one) != groups.class(&network, *other) {
                    continue;
                }
                for third in &parties {
                    let near = |party: &Party<'_>| {
                        network.node_of(*party).is_some() && network.node_of(*party) == network.node_of(*third)
                    };
                    if std::ptr::eq(third, one) || std::ptr::eq(third, other) || near(one) != near(other) {
                        continue;
                    }
                    prop_assert_eq!(groups.traffic(&network, *one, *third), groups.traffic(&network, *other, *third));
                    prop_assert_eq!(groups.traffic(&network, *third, *one), groups.traffic(&network, *third, *other));
                }
            }
        }
    }

    #[test]
    fn what_is_missing_makes_an_answer_unknown_never_wrong(
        cluster in any_cluster(), group in 0..GROUPS.len(), without_blocks in any::<bool>(),
    ) {
        let mut less = cluster.clone();
        less.aws.security_groups.remove(group);
        if without_blocks {
            less.aws.prefix_lists[0].blocks = None;
        }
        let (whole, part) = (Network::new(&cluster), Network::new(&less));
        let (all, some) = (SecurityGroups::new(&whole).unwrap(), SecurityGroups::new(&part).unwrap());
        for from in hosts(&cluster) {
            for to in hosts(&cluster) {
                let truth = all.traffic(&whole, party(&whole, &cluster, from), party(&whole, &cluster, to)).traffic;
                let told = some.traffic(&part, party(&part, &less, from), party(&part, &less, to));
                prop_assert!(told.traffic.without(&truth).is_none(), "{from:?} to {to:?} wrongly allowed");
                let possible = told.traffic.or(&told.uncertain);
                prop_assert!(truth.without(&possible).is_none(), "{from:?} to {to:?} wrongly denied");
                if told.uncertain.is_none() {
                    continue;
                }
                let (from, to) = (party(&part, &less, from), party(&part, &less, to));
                let span = told.uncertain.spans().next().unwrap();
                if let Some(protocol) = span.protocol {
                    let decision = some.explain(&part, from, to, protocol, span.first);
                    prop_assert_eq!(decision.verdict, Verdict::Unknown);
                    prop_assert!(!decision.not_evaluated.is_empty());
                }
            }
        }
    }
}
