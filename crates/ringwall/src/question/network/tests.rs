use std::net::IpAddr;

use ringwall_model::network::Protocol;
use ringwall_model::{Cluster, Namespace, Node, ObjectRef, Source, Workload};
use ringwall_network::{Port, Who};

use super::{Ports, receiver, sender};

fn reference(kind: &str, name: &str) -> ObjectRef {
    ObjectRef {
        api_version: "apps/v1".into(),
        kind: kind.into(),
        namespace: Some("shop".into()),
        name: name.into(),
    }
}

fn cluster() -> Cluster {
    let source = Source::new("a.yaml", 1);
    let workload = |kind: &str, name: &str| Workload {
        reference: reference(kind, name),
        source: source.clone(),
        service_account: "default".into(),
        labels: Vec::new(),
        host_network: false,
        owned: false,
        network: Default::default(),
        replicas: None,
    };
    let node = Node {
        name: "ip-10-0-0-1.eu-west-1.compute.internal".into(),
        source: source.clone(),
        labels: Vec::new(),
        provider_id: None,
        compute: None,
        addresses: Vec::new(),
        pod_cidrs: Vec::new(),
        instance_type: None,
    };
    Cluster {
        namespaces: vec![Namespace { name: "shop".into(), source: source.clone(), labels: Vec::new() }],
        workloads: vec![
            workload("Deployment", "api"),
            workload("Deployment", "db"),
            workload("StatefulSet", "db"),
        ],
        nodes: vec![node],
        ..Cluster::default()
    }
}

fn api() -> Who {
    Who::Workload { namespace: "shop".into(), kind: "Deployment".into(), name: "api".into() }
}

#[test]
fn ports_are_read_off_the_end() {
    let cluster = cluster();
    let port =
        |text: &str| receiver(text, &cluster).map(|(_, ports)| ports).map_err(|error| error.to_string());
    let number = |number, protocol| Ok(Ports::One(Port::Number(number), protocol));
    assert_eq!(port("shop/Deployment/api"), Ok(Ports::Which));
    assert_eq!(port("shop/deploy/api:80"), number(80, Protocol::Tcp));
    assert_eq!(port("10.0.0.7:53/udp"), number(53, Protocol::Udp));
    assert_eq!(port("[::1]:53/UDP"), number(53, Protocol::Udp));
    assert_eq!(port("[::1]"), Ok(Ports::Which));
    assert_eq!(port("::1"), Ok(Ports::Which));
    assert_eq!(port("2001:db8::53"), Ok(Ports::Which));
    assert_eq!(port("outside:icmp"), Ok(Ports::Protocol(Protocol::Icmp)));
    assert_eq!(port("outside:http/sctp"), Ok(Ports::One(Port::Name("http".into()), Protocol::Sctp)));
    for wrong in [
        "outside:0",
        "outside:65536",
        "outside:80/http",
        "outside:8/icmp",
        "outside:",
        "[::1",
        "[::1]53",
        "shop/a:b:c",
    ] {
        assert!(port(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn names_are_found_as_they_are_typed() {
    let cluster = cluster();
    let who = |text: &str| sender(text, &cluster).map(|end| end.who).map_err(|error| error.to_string());
    for text in ["shop/Deployment/api", "shop/deploy/api", "shop/deployments/api", "shop/api"] {
        assert_eq!(who(text), Ok(api()), "{text}");
    }
    assert!(sender("shop/api", &cluster).unwrap().remark.unwrap().contains("shop/Deployment/api"));
    assert!(who("shop/db").unwrap_err().contains("several kinds"));
    assert_eq!(who("10.1.2.3"), Ok(Who::Address(IpAddr::from([10, 1, 2, 3]))));
    assert!(who("node/ip-10-0-0-1.eu-west-1.compute.internal").is_ok());
    for wrong in [
        "",
        "/",
        "shop",
        "shop/",
        "/api",
        "shop/apii",
        "shpo/api",
        "shop/Thing/api",
        "shop/svc/api",
        "node/x",
        "shop/api:80",
        "a/b/c/d",
    ] {
        assert!(who(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn the_outside_is_an_address_that_no_policy_names() {
    use ringwall_model::network::{
        NamespaceScope, NetworkPolicy, NetworkRule, Peer, PodScope, RuleAction, Tier,
    };
    let mut cluster = cluster();
    let outside = |cluster: &Cluster| sender("outside", cluster).unwrap();
    assert_eq!(outside(&cluster).who, Who::Address(IpAddr::from([203, 0, 113, 1])));
    assert_eq!(outside(&cluster).remark, None);
    let block = |cidr: &str| Peer::Block {
        cidr: cidr.parse().unwrap(),
        except: vec!["198.51.100.0/24".parse().unwrap()],
    };
    let rule = NetworkRule {
        index: 0,
        name: None,
        source: Source::new("a.yaml", 1),
        action: RuleAction::Accept,
        peers: Some(vec![block("0.0.0.0/0"), block("203.0.113.0/24")]),
        ports: None,
    };
    cluster.network.policies.push(NetworkPolicy {
        reference: reference("NetworkPolicy", "one"),
        source: Source::new("a.yaml", 1),
        tier: Tier::NetworkPolicy,
        subject: PodScope { namespaces: NamespaceScope::Named("shop".into()), pods: None },
        ingress: None,
        egress: Some(vec![rule]),
        unreadable: Vec::new(),
    });
    let end = outside(&cluster);
    assert_eq!(end.who, Who::Address(IpAddr::from([192, 0, 2, 1])));
    assert!(end.remark.unwrap().contains("192.0.2.1"));
}
