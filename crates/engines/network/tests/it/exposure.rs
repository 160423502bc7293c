use ringwall_model::network::{NamespaceScope, NetworkPolicy, Peer, PodScope, Protocol};
use ringwall_model::{Cluster, LabelSelector, SelectorOperator};
use ringwall_network::{Exposed, FoldedParty, Network, Traffic, exposure};

use crate::clusters::parts::{namespace, pod, policy, requirement, rule, selector, tcp};

fn cluster(policies: Vec<NetworkPolicy>) -> Cluster {
    let mut cluster = Cluster {
        namespaces: vec![namespace("shop", &[("team", "a")]), namespace("lab", &[("team", "b")])],
        pods: vec![
            pod("shop", "web", &[("app", "web")], &["10.0.0.1"]),
            pod("shop", "api", &[("app", "api")], &["10.0.0.2"]),
        ],
        ..Cluster::default()
    };
    cluster.network.policies = policies;
    cluster
}

fn told(cluster: &Cluster) -> Vec<Exposed> {
    exposure(&Network::new(cluster))
}

fn of<'e>(exposed: &'e [Exposed], name: &str) -> Vec<(String, &'e Traffic, &'e Traffic)> {
    let is =
        |party: &FoldedParty| matches!(party, FoldedParty::Workload(reference) if &*reference.name == name);
    exposed
        .iter()
        .filter(|exposed| exposed.workloads.iter().any(is))
        .map(|exposed| (exposed.peer.to_string(), &exposed.ingress, &exposed.egress))
        .collect()
}

#[test]
fn who_nothing_isolates_is_open_to_any_pod() {
    let cluster = cluster(vec![]);
    let all = told(&cluster);
    assert_eq!(of(&all, "web"), [("any pod in any namespace".to_owned(), &Traffic::all(), &Traffic::all())]);
}

#[test]
fn selectors_describe_who_could_come() {
    let team = PodScope {
        namespaces: NamespaceScope::Selected(selector(&[("team", "c")])),
        pods: Some(LabelSelector { requirements: vec![requirement("app", SelectorOperator::Exists, &[])] }),
    };
    let near = PodScope {
        namespaces: NamespaceScope::Named("shop".into()),
        pods: Some(selector(&[("app", "web")])),
    };
    let ingress = vec![
        rule(Some(vec![Peer::Pods(team)]), Some(vec![tcp(80)])),
        rule(Some(vec![Peer::Pods(near)]), Some(vec![tcp(443)])),
        rule(Some(vec![Peer::Block { cidr: "192.0.2.0/24".parse().unwrap(), except: vec![] }]), None),
    ];
    let isolate = NetworkPolicy {
        ingress: Some(ingress),
        egress: Some(vec![]),
        ..policy("shop", "api", &[("app", "api")])
    };
    let cluster = cluster(vec![isolate]);
    let all = told(&cluster);
    let port = |port| Traffic::ports(Protocol::Tcp, port, port);
    let none = Traffic::none();
    assert_eq!(
        of(&all, "api"),
        [
            ("any pod with app in namespaces with team=c".to_owned(), &port(80), &none),
            ("any pod with app=web in namespace shop".to_owned(), &port(443), &none),
        ]
    );
}

#[test]
fn policies_that_would_select_the_new_pod_count() {
    let open = NetworkPolicy {
        ingress: Some(vec![rule(None, Some(vec![tcp(80)]))]),
        ..policy("shop", "api", &[("app", "api")])
    };
    let closed = NetworkPolicy { egress: Some(vec![]), ..policy("lab", "nothing-out", &[]) };
    let cluster = cluster(vec![open, closed]);
    let all = told(&cluster);
    let eighty = Traffic::ports(Protocol::Tcp, 80, 80);
    assert_eq!(of(&all, "api"), [("any pod in any namespace".to_owned(), &eighty, &Traffic::all())]);
    assert!(all.iter().all(|exposed| !exposed.peer.to_string().contains("lab")), "{all:?}");
}

#[test]
fn a_block_of_the_pods_addresses_is_open_to_new_pods() {
    let everybody = Peer::Block { cidr: "10.0.0.0/16".parse().unwrap(), except: vec![] };
    let ingress = vec![rule(Some(vec![everybody]), Some(vec![tcp(80)]))];
    let isolate = NetworkPolicy {
        ingress: Some(ingress),
        egress: Some(vec![]),
        ..policy("shop", "api", &[("app", "api")])
    };
    let cluster = cluster(vec![isolate]);
    let all = told(&cluster);
    let eighty = Traffic::ports(Protocol::Tcp, 80, 80);
    assert_eq!(of(&all, "api"), [("any pod in any namespace".to_owned(), &eighty, &Traffic::none())]);
}
