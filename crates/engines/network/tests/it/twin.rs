//! The engine against the naive reading, on clusters in which everything happens.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;
use ringwall_model::network::{Protocol, Service, ServicePort, TargetPort};
use ringwall_model::{Cluster, Source, Verdict};
use ringwall_network::{Network, Party, Port, QuestionError, Who};

use crate::clusters::parts::{Numbers, reference, selector};
use crate::clusters::small;
use crate::naive::{Fates, Naive, Somebody};

/// Ports that the generated rules and pods speak of, their neighbours and others.
const PORTS: [u16; 9] = [0, 53, 80, 81, 8000, 8080, 8100, 8101, u16::MAX];

/// A small cluster, with addresses of pods that are over used again, and services.
fn cluster(number: u64) -> Cluster {
    let mut cluster = small::small(number);
    let numbers = &mut Numbers(number ^ 0x5e);
    let lived: Vec<_> = cluster.pods.iter().map(|pod| pod.network.addresses.clone()).collect();
    for pod in cluster.pods.iter_mut().filter(|pod| pod.is_over()) {
        pod.network.addresses = lived[numbers.below(lived.len())].clone();
    }
    for pod in &mut cluster.pods {
        if pod.node_name.as_deref() == Some("n3") && numbers.one_in(2) {
            pod.network.host_addresses = vec!["10.0.1.3".parse().unwrap()];
        }
    }
    for at in 0..2 {
        let target =
            if numbers.one_in(2) { TargetPort::Name("http".into()) } else { TargetPort::Number(8080) };
        cluster.network.services.push(Service {
            reference: reference("v1", "Service", Some(numbers.pick(&["a", "b", "c"])), &format!("s{at}")),
            source: Source::new("services.yaml", 1),
            kind: "ClusterIP".into(),
            selector: Some(selector(&[("app", numbers.pick(&["x", "y", "z"]))])),
            cluster_ips: vec![format!("172.20.0.{at}").parse().unwrap()],
            headless: false,
            external_ips: Vec::new(),
            load_balancer_ips: Vec::new(),
            source_ranges: Vec::new(),
            external_traffic_local: false,
            annotations: Vec::new(),
            ports: vec![ServicePort {
                name: None,
                protocol: Protocol::Tcp,
                port: 80,
                target,
                node_port: None,
                source: Source::new("services.yaml", 9),
            }],
        });
    }
    cluster
}

/// Everybody that can be asked for, and who that is to the naive reading.
fn everybody<'c>(cluster: &'c Cluster, naive: &Naive<'c>) -> Vec<(Who, Somebody<'c>)> {
    let mut all = Vec::new();
    for pod in cluster.pods.iter().filter(|pod| !pod.is_over()) {
        let (namespace, name) = (pod.reference.namespace.clone().unwrap(), pod.reference.name.clone());
        all.push((Who::Pod { namespace, name }, naive.pod(pod)));
        all.extend(pod.network.addresses.iter().map(|address| (Who::Address(*address), naive.at(*address))));
    }
    for workload in &cluster.workloads {
        let (namespace, name) =
            (workload.reference.namespace.clone().unwrap(), workload.reference.name.clone());
        let kind = workload.reference.kind.clone();
        all.push((Who::Workload { namespace, kind, name }, Somebody::Template(workload)));
    }
    for name in naive.nodes() {
        all.push((Who::Node { name: name.into() }, Somebody::Node(name)));
    }
    for address in [
        "10.0.1.1",
        "10.0.1.3",
        "203.0.113.9",
        "fd00::1:1",
        "8.8.8.8",
        "10.0.0.200",
        "203.0.113.200",
        "2001:db8::1",
    ] {
        let address = address.parse().unwrap();
        all.push((Who::Address(address), naive.at(address)));
    }
    all
}

fn verdict(fates: &Fates) -> Verdict {
    match (fates.contains(&true), fates.contains(&false)) {
        (true, true) => Verdict::Unknown,
        (true, false) => Verdict::Allowed,
        (false, _) => Verdict::Denied,
    }
}

fn party<'n>(network: &'n Network<'_>, somebody: Somebody<'_>) -> Party<'n> {
    match somebody {
        Somebody::Pod(pod) => Party::Pod(
            network.pod_named(pod.reference.namespace.as_deref().unwrap(), &pod.reference.name).unwrap(),
        ),
        Somebody::Template(workload) => {
            let known =
                network.workload_named("a", &workload.reference.kind, &workload.reference.name).unwrap();
            Party::Pod(network.workload_pods(known)[0])
        }
        Somebody::Node(name) => Party::Node(network.node_named(name).unwrap()),
        Somebody::Address(address) => Party::Address(address),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn every_answer_is_the_naive_one(number in any::<u64>()) {
        let cluster = cluster(number);
        let naive = Naive(&cluster);
        let network = Network::new(&cluster);
        let everybody = everybody(&cluster, &naive);
        let mut numbers = Numbers(number);
        for (from, sends) in &everybody {
            for (to, gets) in &everybody {
                let traffic = network.traffic(party(&network, *sends), party(&network, *gets));
                for _ in 0..3 {
                    let (protocol, port) = (Protocol::ALL[numbers.below(4)], PORTS[numbers.below(PORTS.len())]);
                    let expected = verdict(&naive.connects(*sends, *gets, protocol, port, false));
                    let decision = network.connects(from, to, &Port::Number(port), protocol).unwrap();
                    let place = format!("{from:?} to {to:?} at {protocol:?} {port}: {decision:?}");
                    prop_assert_eq!(decision.verdict, expected, "{}", place);
                    prop_assert!(!decision.reasons.is_empty() || expected == Verdict::Unknown, "{}", place);
                    prop_assert_eq!(decision.not_evaluated.is_empty(), expected != Verdict::Unknown, "{}", place);
                    let (surely, perhaps) = (&traffic.traffic, &traffic.uncertain);
                    prop_assert_eq!(surely.contains(protocol, port), expected == Verdict::Allowed, "{}", place);
                    prop_assert_eq!(perhaps.contains(protocol, port), expected == Verdict::Unknown, "{}", place);
                }
            }
            for service in &cluster.network.services {
                let (protocol, port) = (Protocol::Tcp, [80, 80, 80, 81][numbers.below(4)]);
                let expected = verdict(&naive.connects_to_service(*sends, service, protocol, port));
                let by_address = Who::Address(service.cluster_ips[0]);
                let (namespace, name) = (service.reference.namespace.clone().unwrap(), service.reference.name.clone());
                for to in [by_address, Who::Service { namespace, name }] {
                    let decision = network.connects(from, &to, &Port::Number(port), protocol).unwrap();
                    prop_assert_eq!(decision.verdict, expected, "{:?} to {:?}: {:?}", from, to, decision);
                }
            }
        }
        for pod in cluster.pods.iter().filter(|pod| pod.is_over()) {
            let (namespace, name) = (pod.reference.namespace.clone().unwrap(), pod.reference.name.clone());
            let over = Who::Pod { namespace, name };
            let asked = network.connects(&over, &everybody[0].0, &Port::Number(80), Protocol::Tcp);
            prop_assert!(matches!(asked, Err(QuestionError::Over { .. })), "{:?}", asked);
        }
    }

    /// Large workloads are judged by a few of their pairs: the answer is that of them all.
    #[test]
    fn a_workload_is_all_its_pairs(number in any::<u64>()) {
        let mut cluster = small::small(number);
        let mut copies = Vec::new();
        for copy in 1..8_u8 {
            for pod in cluster.pods.iter().filter(|pod| !pod.host_network) {
                let mut pod = pod.clone();
                pod.reference.name = format!("{}-{copy}", pod.reference.name).into();
                for address in &mut pod.network.addresses {
                    *address = moved(*address, copy);
                }
                copies.push(pod);
            }
        }
        cluster.pods.extend(copies);
        for pod in &mut cluster.pods {
            let namespace = pod.reference.namespace.as_deref();
            pod.network.owner = Some(reference("argoproj.io/v1alpha1", "Rollout", namespace, "all"));
        }
        let naive = Naive(&cluster);
        let network = Network::new(&cluster);
        let pods = |namespace: &str| -> Vec<Somebody<'_>> {
            let living = cluster.pods.iter().filter(|pod| !pod.is_over());
            living.filter(|pod| pod.reference.namespace.as_deref() == Some(namespace)).map(|pod| naive.pod(pod)).collect()
        };
        for from in ["a", "b"] {
            for to in ["a", "b"] {
                if pods(from).is_empty() || pods(to).is_empty() {
                    continue;
                }
                let workload = |namespace: &str| {
                    Who::Workload { namespace: namespace.into(), kind: "Rollout".into(), name: "all".into() }
                };
                let mut verdicts = Vec::new();
                for sends in pods(from) {
                    verdicts.extend(pods(to).iter().map(|gets| verdict(&naive.connects(sends, *gets, Protocol::Tcp, 80, false))));
                }
                let expected = [Verdict::Denied, Verdict::Unknown].into_iter().find(|worst| verdicts.contains(worst));
                let asked = network.connects(&workload(from), &workload(to), &Port::Number(80), Protocol::Tcp).unwrap();
                prop_assert_eq!(asked.verdict, expected.unwrap_or(Verdict::Allowed), "{} to {}: {:?}", from, to, asked);
            }
        }
    }
}

/// The address that many times sixteen further on.
fn moved(address: IpAddr, copy: u8) -> IpAddr {
    match address {
        IpAddr::V4(four) => IpAddr::V4(Ipv4Addr::from(u32::from(four) + 16 * u32::from(copy))),
        IpAddr::V6(six) => IpAddr::V6(Ipv6Addr::from(u128::from(six) + 16 * u128::from(copy))),
    }
}
