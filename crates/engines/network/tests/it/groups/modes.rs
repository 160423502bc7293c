//! Each row of the table of modes.

use ringwall_model::network::{EnforcingMode, InterfaceKind, Protocol};
use ringwall_model::{Cluster, Verdict};
use ringwall_network::groups::SecurityGroups;
use ringwall_network::{Network, Party, Traffic};

use super::build::{cluster, group, interface, ip, pod, with_branch};

/// `db` with a branch interface on node one, `near` and `far` without on nodes one and two, `other` with a branch on node one.
fn world(mode: EnforcingMode, groups: &[(&str, &[&str])]) -> Cluster {
    let mut cluster = cluster(mode);
    cluster.pods = vec![
        with_branch(pod("db", "one", &["10.0.1.100"], ""), "eni-db"),
        with_branch(pod("other", "one", &["10.0.1.101"], ""), "eni-other"),
        pod("near", "one", &["10.0.1.11"], ""),
        pod("far", "two", &["10.0.1.21"], ""),
    ];
    cluster.aws.network_interfaces.extend([
        interface("eni-db", InterfaceKind::Branch, "", None, &["10.0.1.100"], &["sg-db"]),
        interface("eni-other", InterfaceKind::Branch, "", None, &["10.0.1.101"], &["sg-other"]),
    ]);
    cluster.aws.security_groups = groups.iter().map(|(id, rules)| group(id, rules)).collect();
    cluster
}

fn party<'n>(network: &'n Network<'_>, name: &str) -> Party<'n> {
    if let Some(pod) = network.pod_named("shop", name) {
        return Party::Pod(pod);
    }
    match network.node_named(name) {
        Some(node) => Party::Node(node),
        None => Party::Address(ip(name)),
    }
}

/// The verdict over one port, which the set and the explanation must agree on.
fn verdict(cluster: &Cluster, from: &str, to: &str, port: u16) -> Verdict {
    let network = Network::new(cluster);
    let groups = SecurityGroups::new(&network).unwrap();
    let (from, to) = (party(&network, from), party(&network, to));
    let allowed = groups.traffic(&network, from, to);
    let verdict = match (
        allowed.traffic.contains(Protocol::Tcp, port),
        allowed.uncertain.contains(Protocol::Tcp, port),
    ) {
        (true, _) => Verdict::Allowed,
        (_, true) => Verdict::Unknown,
        _ => Verdict::Denied,
    };
    let decision = groups.explain(&network, from, to, Protocol::Tcp, port);
    assert_eq!(decision.verdict, verdict, "{decision:?}");
    assert_eq!(decision.verdict == Verdict::Unknown, !decision.not_evaluated.is_empty(), "{decision:?}");
    assert!(decision.verdict == Verdict::Unknown || !decision.reasons.is_empty(), "{decision:?}");
    verdict
}

const STRICT: EnforcingMode = EnforcingMode::Strict;
const STANDARD: EnforcingMode = EnforcingMode::Standard;
const OPEN: &[&str] = &["-1 from 0.0.0.0/0", "-1 to 0.0.0.0/0"];
const SHUT: &[&str] = &[];

#[test]
fn strict_judges_by_the_branch_alone() {
    let open_node = world(STRICT, &[("sg-node", OPEN), ("sg-db", SHUT), ("sg-other", OPEN)]);
    let shut_node = world(STRICT, &[("sg-node", SHUT), ("sg-db", OPEN), ("sg-other", OPEN)]);
    assert_eq!(verdict(&open_node, "far", "db", 5432), Verdict::Denied);
    assert_eq!(verdict(&open_node, "db", "far", 80), Verdict::Denied);
    assert_eq!(verdict(&open_node, "198.51.100.7", "db", 5432), Verdict::Denied);
    // The node's groups have no say in what the branch gets or sends.
    assert_eq!(verdict(&shut_node, "198.51.100.7", "db", 5432), Verdict::Allowed);
    assert_eq!(verdict(&shut_node, "db", "198.51.100.7", 443), Verdict::Allowed);
}

#[test]
fn standard_judges_by_branch_and_primary() {
    let shut_branch = world(STANDARD, &[("sg-node", OPEN), ("sg-db", SHUT), ("sg-other", OPEN)]);
    let shut_node = world(STANDARD, &[("sg-node", SHUT), ("sg-db", OPEN), ("sg-other", OPEN)]);
    let both = world(STANDARD, &[("sg-node", OPEN), ("sg-db", OPEN), ("sg-other", OPEN)]);
    for (cluster, expected) in
        [(&shut_branch, Verdict::Denied), (&shut_node, Verdict::Denied), (&both, Verdict::Allowed)]
    {
        assert_eq!(verdict(cluster, "198.51.100.7", "db", 5432), expected);
        assert_eq!(verdict(cluster, "far", "db", 5432), expected);
        assert_eq!(verdict(cluster, "db", "far", 80), expected);
    }
}

#[test]
fn what_stays_on_a_node_is_judged_in_strict_mode_alone() {
    let groups: &[(&str, &[&str])] = &[("sg-node", OPEN), ("sg-db", SHUT), ("sg-other", OPEN)];
    let (strict, standard) = (world(STRICT, groups), world(STANDARD, groups));
    for (from, to) in [("near", "db"), ("other", "db"), ("db", "near"), ("one", "db"), ("db", "one")] {
        assert_eq!(verdict(&strict, from, to, 80), Verdict::Denied, "{from} to {to}");
        assert_eq!(verdict(&standard, from, to, 80), Verdict::Allowed, "{from} to {to}");
    }
    // Neither has a branch: nothing leaves the node.
    let shut = world(STRICT, &[("sg-node", SHUT), ("sg-db", SHUT), ("sg-other", SHUT)]);
    assert_eq!(verdict(&shut, "near", "one", 80), Verdict::Allowed);
    assert_eq!(verdict(&shut, "near", "far", 80), Verdict::Denied);
}

#[test]
fn to_the_outside_a_translated_packet_is_the_nodes() {
    let shut_branch: &[(&str, &[&str])] = &[("sg-node", OPEN), ("sg-db", SHUT), ("sg-other", OPEN)];
    let shut_node: &[(&str, &[&str])] = &[("sg-node", SHUT), ("sg-db", OPEN), ("sg-other", OPEN)];
    let outside = "198.51.100.7";
    assert_eq!(verdict(&world(STANDARD, shut_branch), "db", outside, 443), Verdict::Allowed);
    assert_eq!(verdict(&world(STANDARD, shut_node), "db", outside, 443), Verdict::Denied);
    assert_eq!(verdict(&world(STRICT, shut_branch), "db", outside, 443), Verdict::Denied);
    // Not translated by the node: the branch's own groups count again.
    for (groups, expected) in [(shut_branch, Verdict::Denied), (shut_node, Verdict::Denied)] {
        let mut cluster = world(STANDARD, groups);
        cluster.network.vpc_cni.as_mut().unwrap().external_snat = true;
        assert_eq!(verdict(&cluster, "db", outside, 443), expected);
    }
}

#[test]
fn a_mode_that_nobody_knows_matters_only_where_modes_differ() {
    let mut cluster = world(STRICT, &[("sg-node", OPEN), ("sg-db", SHUT), ("sg-other", OPEN)]);
    cluster.network.vpc_cni.as_mut().unwrap().enforcing_mode = None;
    assert_eq!(verdict(&cluster, "near", "db", 80), Verdict::Unknown);
    assert_eq!(verdict(&cluster, "far", "db", 80), Verdict::Denied);
    assert_eq!(verdict(&cluster, "far", "other", 80), Verdict::Allowed);
}

#[test]
fn metadata_and_resolver_are_not_filtered() {
    let cluster = world(STRICT, &[("sg-node", SHUT), ("sg-db", SHUT), ("sg-other", SHUT)]);
    for address in ["169.254.169.254", "169.254.169.253", "10.0.1.2", "10.0.1.1"] {
        assert_eq!(verdict(&cluster, "db", address, 53), Verdict::Allowed, "{address}");
    }
    assert_eq!(verdict(&cluster, "db", "10.0.1.3", 53), Verdict::Denied);
}

#[test]
fn without_groups_there_is_no_layer() {
    let cluster = world(STRICT, &[]);
    assert!(SecurityGroups::new(&Network::new(&cluster)).is_none());
}

#[test]
fn nobody_is_kept_from_itself() {
    let cluster = world(STRICT, &[("sg-node", SHUT), ("sg-db", SHUT), ("sg-other", SHUT)]);
    let network = Network::new(&cluster);
    let groups = SecurityGroups::new(&network).unwrap();
    let db = party(&network, "db");
    assert_eq!(groups.traffic(&network, db, db).traffic, Traffic::all());
}
