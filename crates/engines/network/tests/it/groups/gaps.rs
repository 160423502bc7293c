//! What the exports lack is said, and only where it could have mattered.

use ringwall_model::network::{EnforcingMode, GroupPeer, InterfaceKind, Protocol};
use ringwall_model::{Cluster, Decision, Verdict};
use ringwall_network::groups::SecurityGroups;
use ringwall_network::{Network, Party};

use super::build::{arc, cluster, group, interface, list, pod, policy, subnet, workload};

fn world(rules: &[&str]) -> Cluster {
    let mut cluster = cluster(EnforcingMode::Strict);
    cluster.pods = vec![pod("db", "one", &["10.0.1.100"], "app=db"), pod("web", "two", &["10.0.1.21"], "")];
    cluster.network.security_group_policies = vec![policy("p", Some("app=db"), None, &["sg-db"])];
    cluster.aws.security_groups = vec![group("sg-db", rules), group("sg-node", &["-1 to 0.0.0.0/0"])];
    cluster
}

/// From the pod `web` to the pod `db`.
fn asked(cluster: &Cluster, port: u16) -> Decision {
    let network = Network::new(cluster);
    let groups = SecurityGroups::new(&network).unwrap();
    let pod = |name| Party::Pod(network.pod_named("shop", name).unwrap());
    groups.explain(&network, pod("web"), pod("db"), Protocol::Tcp, port)
}

fn unknown(cluster: &Cluster, port: u16) -> String {
    let decision = asked(cluster, port);
    assert_eq!(decision.verdict, Verdict::Unknown, "{decision:?}");
    decision.not_evaluated.join("; ")
}

#[test]
fn a_group_that_is_not_exported() {
    let mut cluster = world(&["tcp 5432 from 10.0.1.0/24"]);
    cluster.network.security_group_policies[0].groups.push((arc("sg-lost"), cluster.nodes[0].source.clone()));
    assert_eq!(asked(&cluster, 5432).verdict, Verdict::Allowed, "another group allows it anyway");
    assert_eq!(unknown(&cluster, 80), "the security group `sg-lost` is not in the exports");
}

#[test]
fn a_prefix_list_without_its_blocks() {
    let mut cluster = world(&["tcp 5432 from pl-1"]);
    assert_eq!(unknown(&cluster, 5432), "the blocks of the prefix list `pl-1` are not in the exports");
    assert_eq!(asked(&cluster, 80).verdict, Verdict::Denied, "the rule is of another port");
    cluster.aws.prefix_lists = vec![list("pl-1", None)];
    assert_eq!(asked(&cluster, 5432).verdict, Verdict::Unknown);
    cluster.aws.prefix_lists = vec![list("pl-1", Some(&["10.0.1.16/28"]))];
    assert_eq!(asked(&cluster, 5432).verdict, Verdict::Allowed);
    cluster.aws.prefix_lists = vec![list("pl-1", Some(&["10.0.1.32/28"]))];
    assert_eq!(asked(&cluster, 5432).verdict, Verdict::Denied);
}

#[test]
fn a_node_whose_interface_is_not_exported() {
    let mut cluster = world(&["tcp 5432 from 10.0.1.0/24"]);
    cluster.aws.network_interfaces.remove(1);
    assert!(unknown(&cluster, 5432).contains("the primary interface of the node two is not in the exports"));
    assert_eq!(
        asked(&cluster, 80).verdict,
        Verdict::Denied,
        "the other end denies it whatever the node's groups are"
    );
}

#[test]
fn without_interfaces_of_any_node_nodes_are_not_judged() {
    let mut cluster = world(&["tcp 5432 from 10.0.1.0/24", "tcp 80 from sg-node"]);
    cluster.aws.network_interfaces.clear();
    assert_eq!(asked(&cluster, 5432).verdict, Verdict::Allowed);
    assert_eq!(asked(&cluster, 22).verdict, Verdict::Denied);
    assert!(unknown(&cluster, 80).contains("whether an interface of the other end carries `sg-node`"));
    // Interfaces of pods alone are no different.
    let branch = interface("eni-db", InterfaceKind::Branch, "", None, &["10.0.1.100"], &["sg-db"]);
    cluster.aws.network_interfaces = vec![branch];
    assert_eq!(asked(&cluster, 5432).verdict, Verdict::Allowed);
    assert_eq!(asked(&cluster, 22).verdict, Verdict::Denied);
    assert_eq!(asked(&cluster, 80).verdict, Verdict::Unknown);
}

#[test]
fn a_peer_that_could_not_be_read() {
    let mut cluster = world(&["tcp 5432 from 192.0.2.0/24"]);
    cluster.aws.security_groups[0].ingress[0].peers[0].0 = GroupPeer::Unreadable(arc("10.0.0.300/8"));
    assert!(unknown(&cluster, 5432).contains("10.0.0.300/8"));
    assert_eq!(asked(&cluster, 80).verdict, Verdict::Denied);
}

#[test]
fn an_address_that_is_not_given_yet() {
    let mut cluster = world(&[
        "tcp 1 from 0.0.0.0/0",
        "tcp 2 from 10.0.0.0/16",
        "tcp 3 from 10.0.1.128/25",
        "tcp 4 from 10.9.0.0/16",
    ]);
    cluster.pods.remove(1);
    cluster.workloads = vec![workload("web", "")];
    use Verdict::{Allowed, Denied, Unknown};
    assert_eq!([1, 2, 3, 4].map(|port| from_template(&cluster, port)), [Allowed, Allowed, Unknown, Denied]);
    cluster.aws.subnets.clear();
    assert_eq!([1, 2, 4].map(|port| from_template(&cluster, port)), [Allowed, Unknown, Unknown]);
}

fn from_template(cluster: &Cluster, port: u16) -> Verdict {
    let network = Network::new(cluster);
    let groups = SecurityGroups::new(&network).unwrap();
    let template = network.pods().iter().find(|pod| pod.pod().is_none()).unwrap();
    let db = network.pod_named("shop", "db").unwrap();
    groups.explain(&network, Party::Pod(template), Party::Pod(db), Protocol::Tcp, port).verdict
}

#[test]
fn a_pod_that_may_run_on_nodes_of_two_sorts() {
    let mut cluster = world(&["tcp 1 from sg-node", "tcp 2 from sg-second", "tcp 3 from sg-node sg-second"]);
    cluster.pods.remove(1);
    cluster.workloads = vec![workload("web", "")];
    cluster.aws.security_groups.push(group("sg-second", &["-1 to 0.0.0.0/0"]));
    cluster.aws.network_interfaces[1].groups = vec![arc("sg-second")];
    use Verdict::{Allowed, Denied, Unknown};
    assert_eq!([1, 2, 3, 4].map(|port| from_template(&cluster, port)), [Unknown, Unknown, Allowed, Denied]);
}

#[test]
fn exports_of_a_region_tell_of_other_vpcs() {
    let mut cluster = world(&["tcp 5432 from 10.0.1.0/24"]);
    for interface in &mut cluster.aws.network_interfaces {
        interface.subnet = Some(arc("subnet-1"));
    }
    let mut elsewhere = subnet("subnet-2", &["10.0.1.0/24", "10.9.0.0/24"]);
    elsewhere.vpc = Some(arc("vpc-2"));
    let mut same_address =
        interface("eni-other", InterfaceKind::Interface, "", None, &["10.0.1.21", "10.9.0.5"], &["sg-lost"]);
    same_address.subnet = Some(arc("subnet-2"));
    cluster.aws.subnets.insert(0, elsewhere);
    cluster.aws.network_interfaces.insert(0, same_address);
    assert_eq!(asked(&cluster, 5432).verdict, Verdict::Allowed, "the pod has its own node's interface");

    // What leaves the VPC leaves under the node's address, past the groups of its primary interface.
    let mode = |mode| {
        let mut cluster = cluster.clone();
        cluster.network.vpc_cni.as_mut().unwrap().enforcing_mode = Some(mode);
        cluster.aws.security_groups[0] = group("sg-db", &[]);
        cluster.aws.network_interfaces[0].groups = vec![arc("sg-there")];
        cluster.aws.security_groups.push(group("sg-there", &["-1 from sg-node", "-1 from 10.0.1.10/32"]));
        let network = Network::new(&cluster);
        let groups = SecurityGroups::new(&network).unwrap();
        let db = Party::Pod(network.pod_named("shop", "db").unwrap());
        let peered = Party::Address("10.9.0.5".parse().unwrap());
        groups.explain(&network, db, peered, Protocol::Tcp, 80).verdict
    };
    assert_eq!(mode(EnforcingMode::Standard), Verdict::Allowed);
    assert_eq!(mode(EnforcingMode::Strict), Verdict::Denied);
}
