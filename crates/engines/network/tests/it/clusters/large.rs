use std::sync::Arc;

use ringwall_model::network::{
    ClusterTier, NamespaceScope, NetworkPolicy, NetworkRule, Peer, PodScope, PortMatch, Protocol, RuleAction,
    Tier,
};
use ringwall_model::{Cluster, LabelSelector, SelectorOperator};

use super::parts::{Numbers, namespace, node, pod, policy, port, requirement, rule, selector, tcp};

/// How large a cluster is.
pub(crate) struct Size {
    pub(crate) pods: usize,
    pub(crate) namespaces: usize,
    pub(crate) policies: usize,
}

const TIERS: [&str; 4] = ["web", "api", "worker", "store"];
const STAGES: [&str; 3] = ["prod", "staging", "dev"];
/// Pods of a workload at most.
const REPLICAS: usize = 9;
const PODS_OF_A_NODE: usize = 50;

/// A cluster as a company's: namespaces of teams, workloads with replicas, default deny and DNS in every other namespace, rules between tiers and namespaces, blocks of
/// the outside with exceptions, named ports, and a few policies of the cluster's administrators.
pub(crate) fn large(size: &Size) -> Cluster {
    let mut numbers = Numbers(7);
    let numbers = &mut numbers;
    let mut cluster = Cluster::default();
    for at in 0..size.namespaces {
        let team = format!("team-{}", at % 40);
        let labels = [("team", &*team), ("stage", STAGES[at % STAGES.len()])];
        cluster.namespaces.push(namespace(&name_of(at), &labels));
    }
    for at in 0..size.pods.div_ceil(PODS_OF_A_NODE) {
        let zone = format!("eu-{}", at % 3);
        let address = format!("10.1.{}.{}", at / 250, 1 + at % 250);
        cluster.nodes.push(node(&format!("node-{at}"), &[("zone", &zone)], &[&address]));
    }
    let mut workload = 0;
    while cluster.pods.len() < size.pods {
        workload += 1;
        let home = name_of(workload % size.namespaces);
        let app = format!("app-{}", workload / size.namespaces % 12);
        let hash = format!("{:08x}", numbers.below(1 << 30));
        let tier = numbers.pick(&TIERS);
        let metrics = 9_000 + u16::try_from(numbers.below(3)).unwrap();
        for replica in 0..1 + numbers.below(REPLICAS) {
            let number = cluster.pods.len();
            if number == size.pods {
                break;
            }
            let address = format!("10.{}.{}.{}", 8 + number / 62_500, number / 250 % 250, 1 + number % 250);
            let labels = [("app", &*app), ("tier", tier), ("pod-template-hash", &*hash), ("version", "v1")];
            let mut pod = pod(&home, &format!("{app}-{hash}-{replica}"), &labels, &[&address]);
            pod.node_name = Some(format!("node-{}", numbers.below(cluster.nodes.len())).into());
            pod.network.ports =
                vec![port(Some("http"), Protocol::Tcp, 8080), port(Some("metrics"), Protocol::Tcp, metrics)];
            cluster.pods.push(pod);
        }
    }
    for at in 0..size.policies {
        let home = name_of(at % size.namespaces);
        let policy = match at / size.namespaces {
            0 if at.is_multiple_of(2) => default_deny(&home),
            1 if at.is_multiple_of(2) => dns(&home),
            _ if at.is_multiple_of(50) => of_cluster(at, numbers),
            _ => of_app(at, &home, numbers),
        };
        cluster.network.policies.push(policy);
    }
    cluster
}

fn name_of(namespace: usize) -> String {
    format!("ns-{namespace}")
}

fn default_deny(home: &str) -> NetworkPolicy {
    NetworkPolicy { ingress: Some(Vec::new()), egress: Some(Vec::new()), ..policy(home, "default-deny", &[]) }
}

fn dns(home: &str) -> NetworkPolicy {
    let scope = PodScope {
        namespaces: NamespaceScope::Selected(selector(&[("kubernetes.io/metadata.name", "ns-0")])),
        pods: Some(selector(&[("app", "app-0")])),
    };
    let ports = vec![PortMatch::Range { protocol: Protocol::Udp, first: 53, last: 53 }, tcp(53)];
    let egress = rule(Some(vec![Peer::Pods(scope)]), Some(ports));
    NetworkPolicy { egress: Some(vec![egress]), ..policy(home, "dns", &[]) }
}

fn of_app(at: usize, home: &str, numbers: &mut Numbers) -> NetworkPolicy {
    let app = format!("app-{}", numbers.below(12));
    let near = PodScope {
        namespaces: NamespaceScope::Named(home.into()),
        pods: Some(selector(&[("tier", numbers.pick(&TIERS))])),
    };
    let team = format!("team-{}", numbers.below(40));
    let far = PodScope {
        namespaces: NamespaceScope::Selected(selector(&[("team", &team), ("stage", numbers.pick(&STAGES))])),
        pods: numbers.one_in(2).then(|| LabelSelector {
            requirements: vec![requirement("tier", SelectorOperator::NotIn, &["store"])],
        }),
    };
    let block = Peer::Block {
        cidr: format!("{}.{}.0.0/16", 20 + numbers.below(100), numbers.below(250)).parse().unwrap(),
        except: vec![],
    };
    let world = Peer::Block {
        cidr: "0.0.0.0/0".parse().unwrap(),
        except: vec!["10.0.0.0/8".parse().unwrap(), "172.16.0.0/12".parse().unwrap()],
    };
    let http = || PortMatch::Named { protocol: Some(Protocol::Tcp), name: "http".into() };
    let metrics = || PortMatch::Named { protocol: Some(Protocol::Tcp), name: "metrics".into() };
    let ingress = vec![
        rule(Some(vec![Peer::Pods(near.clone())]), Some(vec![http()])),
        rule(Some(vec![Peer::Pods(far)]), Some(vec![metrics(), tcp(443)])),
    ];
    let outside = if numbers.one_in(3) { world } else { block };
    let egress = vec![
        rule(Some(vec![Peer::Pods(near)]), None),
        rule(Some(vec![outside]), Some(vec![tcp(443), tcp(5432)])),
    ];
    let both = numbers.below(3);
    NetworkPolicy {
        ingress: (both != 0).then_some(ingress),
        egress: (both != 1).then_some(egress),
        ..policy(home, &format!("policy-{at}"), &[("app", &app)])
    }
}

fn of_cluster(at: usize, numbers: &mut Numbers) -> NetworkPolicy {
    let priority = i32::try_from(at % 1_000).unwrap();
    let tier = if at.is_multiple_of(100) {
        Tier::Baseline(ClusterTier { priority })
    } else {
        Tier::Admin(ClusterTier { priority })
    };
    let everywhere = |pairs: &[(&str, &str)]| PodScope {
        namespaces: NamespaceScope::Selected(selector(pairs)),
        pods: None,
    };
    let stage = numbers.pick(&STAGES);
    let team = format!("team-{}", numbers.below(40));
    let accept = rule(Some(vec![Peer::Pods(everywhere(&[("team", &team)]))]), Some(vec![tcp(9000)]));
    let deny = NetworkRule {
        index: 1,
        action: RuleAction::Deny,
        ..rule(Some(vec![Peer::Pods(everywhere(&[("stage", "dev")]))]), Some(vec![tcp(22)]))
    };
    NetworkPolicy {
        tier,
        subject: everywhere(&[("stage", stage)]),
        ingress: Some(vec![accept, deny]),
        ..policy(&Arc::<str>::from("cluster"), &format!("cluster-{at}"), &[])
    }
}
