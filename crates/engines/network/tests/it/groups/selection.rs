//! Which groups a pod has.

use ringwall_model::network::{EnforcingMode, InterfaceKind, Protocol};
use ringwall_model::{Cluster, ComputeType, Verdict};
use ringwall_network::groups::{SecurityGroups, skipped};
use ringwall_network::{Network, Party};

use super::build::{account, arc, cluster, group, interface, pod, policy, with_branch, workload};

/// A cluster where `sg-a` lets in TCP 1, `sg-b` TCP 2, `sg-node` TCP 3, and all of them let everything out.
fn world() -> Cluster {
    let mut cluster = cluster(EnforcingMode::Strict);
    let rules = |port: u8| [format!("tcp {port} from 0.0.0.0/0"), "-1 to 0.0.0.0/0".to_owned()];
    for (id, port) in [("sg-a", 1), ("sg-b", 2), ("sg-node", 3), ("sg-cluster", 4)] {
        let rules = rules(port);
        cluster.aws.security_groups.push(group(id, &[&rules[0], &rules[1]]));
    }
    cluster.service_accounts = vec![account("default", "team=a")];
    cluster
}

/// Ports that a pod, or the only template, may be reached at from far away.
fn open(cluster: &Cluster) -> Vec<u16> {
    let network = Network::new(cluster);
    let groups = SecurityGroups::new(&network).unwrap();
    let pod = &network.pods()[0];
    let outside = Party::Address("198.51.100.7".parse().unwrap());
    let allowed = groups.traffic(&network, outside, Party::Pod(pod));
    assert!(allowed.uncertain.is_none(), "{allowed:?}");
    (1..=5).filter(|port| allowed.traffic.contains(Protocol::Tcp, *port)).collect()
}

fn with_policies(policies: Vec<ringwall_model::network::SecurityGroupPolicy>) -> Cluster {
    let mut cluster = world();
    cluster.pods = vec![pod("web", "one", &["10.0.1.100"], "app=web")];
    cluster.network.security_group_policies = policies;
    cluster
}

#[test]
fn policies_select_by_pod_and_by_service_account() {
    let policies = [
        (policy("p", Some("app=web"), None, &["sg-a"]), vec![1]),
        (policy("p", Some("app=db"), None, &["sg-a"]), vec![3]),
        (policy("p", Some(""), None, &["sg-a"]), vec![1]),
        (policy("p", None, Some("team=a"), &["sg-a"]), vec![1]),
        (policy("p", None, Some("team=b"), &["sg-a"]), vec![3]),
        (policy("p", Some("app=web"), Some("team=a"), &["sg-a"]), vec![1]),
        (policy("p", Some("app=web"), Some("team=b"), &["sg-a"]), vec![3]),
        (policy("p", Some("app=db"), Some("team=a"), &["sg-a"]), vec![3]),
        (policy("p", None, None, &["sg-a"]), vec![3]),
        (policy("p", Some("app=web"), None, &[]), vec![3]),
    ];
    for (policy, expected) in policies {
        assert_eq!(open(&with_policies(vec![policy.clone()])), expected, "{policy:?}");
    }
}

#[test]
fn groups_of_several_policies_are_joined() {
    let first = policy("first", Some("app=web"), None, &["sg-a"]);
    let second = policy("second", None, Some("team=a"), &["sg-b", "sg-a"]);
    assert_eq!(open(&with_policies(vec![first, second])), vec![1, 2]);
}

#[test]
fn a_policy_of_another_namespace_selects_nothing_here() {
    let mut elsewhere = policy("p", Some("app=web"), None, &["sg-a"]);
    elsewhere.reference.namespace = Some(arc("other"));
    assert_eq!(open(&with_policies(vec![elsewhere])), vec![3]);
}

#[test]
fn invalid_policies_are_told() {
    assert!(skipped(&policy("p", None, None, &["sg-a"])).unwrap().contains("podSelector"));
    assert!(skipped(&policy("p", Some(""), None, &[])).unwrap().contains("no security groups"));
    assert!(skipped(&policy("p", Some(""), None, &["sg-a"])).is_none());
}

#[test]
fn the_interface_that_a_pod_has_says_more_than_policies() {
    let selecting = || policy("p", Some("app=web"), None, &["sg-a"]);
    let mut annotated = with_policies(vec![selecting()]);
    annotated.pods[0] = with_branch(annotated.pods[0].clone(), "eni-web");
    let branch = |id| interface(id, InterfaceKind::Branch, "", None, &["10.0.1.100"], &["sg-b"]);
    annotated.aws.network_interfaces.push(branch("eni-web"));
    assert_eq!(open(&annotated), vec![2], "by the annotation's id");

    annotated.aws.network_interfaces.last_mut().unwrap().id = arc("eni-another");
    assert_eq!(open(&annotated), vec![2], "by the annotation's address");
    annotated.aws.network_interfaces.pop();
    assert_eq!(open(&annotated), vec![1], "not exported, so by the policy that it was made under");

    let mut addressed = with_policies(vec![selecting()]);
    addressed.aws.network_interfaces.push(branch("eni-web"));
    assert_eq!(open(&addressed), vec![2], "by the pod's own address");

    // A pod made before the policy is on its node's interface and stays there.
    let mut before = with_policies(vec![selecting()]);
    before.aws.network_interfaces[0].addresses.push("10.0.1.100".parse().unwrap());
    assert_eq!(open(&before), vec![3]);
    let mut delegated = with_policies(vec![selecting()]);
    delegated.aws.network_interfaces[0].prefixes.push("10.0.1.96/28".parse().unwrap());
    assert_eq!(open(&delegated), vec![3]);
}

#[test]
fn policies_mean_nothing_where_pods_get_no_interfaces() {
    let mut cluster = with_policies(vec![policy("p", Some("app=web"), None, &["sg-a"])]);
    cluster.network.vpc_cni.as_mut().unwrap().pod_eni = false;
    assert_eq!(open(&cluster), vec![3]);
}

#[test]
fn templates_are_given_what_their_pods_will_get() {
    let mut cluster = with_policies(vec![policy("p", Some("app=web"), None, &["sg-a"])]);
    cluster.pods.clear();
    cluster.workloads = vec![workload("web", "app=web")];
    assert_eq!(open(&cluster), vec![1]);
    cluster.network.security_group_policies.clear();
    assert_eq!(open(&cluster), vec![3], "all nodes carry the same");
}

#[test]
fn a_fargate_pod_has_its_policys_groups_or_the_clusters() {
    let mut cluster = with_policies(vec![policy("p", Some("app=web"), None, &["sg-a"])]);
    cluster.nodes[0].compute = Some(ComputeType::Fargate);
    cluster.network.vpc_cni.as_mut().unwrap().pod_eni = false;
    assert_eq!(open(&cluster), vec![1]);
    cluster.network.security_group_policies.clear();
    let network = Network::new(&cluster);
    let groups = SecurityGroups::new(&network).unwrap();
    let outside = Party::Address("198.51.100.7".parse().unwrap());
    let decision = groups.explain(&network, outside, Party::Pod(&network.pods()[0]), Protocol::Tcp, 4);
    assert_eq!(decision.verdict, Verdict::Unknown);
    assert_eq!(decision.not_evaluated, ["the cluster security group is not in the exports"]);
}
