use std::net::IpAddr;
use std::sync::Arc;

use proptest::prelude::*;
use ringwall_model::Cluster;
use ringwall_network::plan::{Class, NodeOptions, Planning};
use ringwall_network::{Direction, Network, Party, Traffic, direction};

use crate::clusters::{self, parts};

/// Addresses that somebody holds alone, and some that nobody does.
fn peers<'n>(network: &'n Network<'_>) -> Vec<(IpAddr, Party<'n>)> {
    let pods = network.pods().iter().filter(|pod| !pod.host_network());
    let held =
        pods.flat_map(|pod| &pod.parts().addresses).chain(network.nodes().iter().flat_map(|n| &n.addresses));
    let some =
        ["10.0.0.0", "10.0.0.200", "10.0.1.200", "8.8.8.8", "255.255.255.255", "2001:db8::1", "fd00::1:200"];
    let mut addresses: Vec<IpAddr> =
        held.copied().chain(some.map(|address| address.parse().unwrap())).collect();
    addresses.sort_unstable();
    addresses.dedup();
    let one = |address: IpAddr| match network.holders(address).as_slice() {
        // By a further address a pod is still itself to selectors, and to blocks it is that address: its first is asked for here.
        [Party::Pod(pod)]
            if network.end(Party::Pod(pod), Some(address.is_ipv4())).address != Some(address) =>
        {
            None
        }
        [party] => Some((address, *party)),
        _ => None,
    };
    addresses.into_iter().filter_map(one).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn a_node_lets_through_what_policies_let_pass(number in any::<u64>()) {
        let cluster = clusters::small::small(number);
        let network = Network::new(&cluster);
        let peers = peers(&network);
        for node in network.nodes() {
            let rules = network.node_rules(node.name, &NodeOptions { security_groups: false });
            let mut judged = 0;
            for pod in node.pods.iter().filter_map(|id| network.pod(*id)) {
                let Some(made) = rules.pods.iter().find(|made| made.name == pod.reference().name
                    && Some(&made.namespace) == pod.reference().namespace.as_ref()) else {
                    prop_assert!(pod.host_network() || pod.parts().addresses.is_empty());
                    continue;
                };
                judged += 1;
                for (way, rule_set) in [(Direction::Ingress, made.ingress), (Direction::Egress, made.egress)] {
                    for (address, peer) in &peers {
                        let family = Some(address.is_ipv4());
                        let own = network.end(Party::Pod(pod), family);
                        let end = network.end(*peer, family);
                        let destination = if way == Direction::Ingress { &own } else { &end };
                        let expected = direction(network.selecting(pod.id, way), way, &end, destination).traffic;
                        let class = rule_set.map(|index| rules.rule_sets[index].class(*address).unwrap());
                        let allowed = class.map_or_else(Traffic::all, Class::allowed);
                        prop_assert_eq!(allowed, expected, "{:?} of {:?}, {}", way, made, address);
                        if let Some(class) = class {
                            let parts = &class.segments;
                            let all = parts.iter().fold(Traffic::none(), |all, part| all.or(&part.traffic));
                            prop_assert!(all.is_all());
                        }
                    }
                }
            }
            prop_assert_eq!(judged, rules.pods.len());
        }
    }
}

/// A cluster with who there is of one and the policies of another.
fn of_two(who: u64, policies: u64) -> Cluster {
    let mut cluster = clusters::small::small(who);
    cluster.network = clusters::small::small(policies).network;
    cluster
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn each_time_is_as_if_it_were_the_first(numbers in prop::collection::vec((0u64..4, 0u64..6), 2..12), seed in any::<u64>()) {
        let mut planning = Planning::default();
        for (who, policies) in numbers {
            let cluster = of_two(seed.wrapping_add(who), seed.wrapping_add(policies));
            let network = Network::new(&cluster);
            for node in ["n1", "n2", "nobody's"] {
                let options = NodeOptions::default();
                prop_assert_eq!(planning.node_rules(&network, node, &options), network.node_rules(node, &options));
            }
        }
    }
}

#[test]
fn what_a_change_does_not_touch_is_kept() {
    let mut cluster = Cluster { nodes: vec![parts::node("n1", &[], &[])], ..Cluster::default() };
    for (name, address) in [("one", "10.0.0.1"), ("two", "10.0.0.2")] {
        let mut pod = parts::pod("shop", name, &[("app", name)], &[address]);
        pod.node_name = Some("n1".into());
        cluster.pods.push(pod);
        let mut policy = parts::policy("shop", name, &[("app", name)]);
        policy.ingress = Some(vec![parts::rule(None, Some(vec![parts::tcp(80)]))]);
        cluster.network.policies.push(policy);
    }
    let mut planning = Planning::default();
    let mut plan =
        |cluster: &Cluster| planning.node_rules(&Network::new(cluster), "n1", &NodeOptions::default());
    let before = plan(&cluster);
    cluster.network.policies[1].ingress = Some(vec![parts::rule(None, Some(vec![parts::tcp(81)]))]);
    let after = plan(&cluster);
    let same: Vec<bool> =
        before.rule_sets.iter().zip(&after.rule_sets).map(|(then, now)| Arc::ptr_eq(then, now)).collect();
    assert_eq!(same, [true, false]);
}
