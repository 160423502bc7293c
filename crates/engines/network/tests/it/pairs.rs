use std::net::IpAddr;

use proptest::prelude::*;
use ringwall_network::{Allowed, Member, Network, Party, Reach};

use crate::clusters::large::{Size, large};
use crate::clusters::parts::Numbers;
use crate::clusters::small::small;

/// Everybody there is: pods, templates, nodes, their further addresses, and of the outside both ends of each range and some within.
fn everybody<'n>(network: &'n Network<'_>, reach: &Reach<'_, '_>) -> Vec<Party<'n>> {
    let pods = network.pods().iter().filter(|pod| !pod.is_spare()).map(|pod| network.party(pod));
    let nodes = network.nodes().iter().map(Party::Node);
    let held = network.nodes().iter().flat_map(|node| &node.addresses).copied();
    let outside = reach.classes().iter().flat_map(|class| &class.members).flat_map(|member| match member {
        Member::Outside(range) => vec![range.first, range.last],
        _ => Vec::new(),
    });
    let some = ["10.0.0.200", "10.0.1.200", "8.8.8.8", "203.0.113.200", "2001:db8::1", "fd00::1:200"];
    let some = some.map(|address| address.parse::<IpAddr>().unwrap());
    let mut addresses: Vec<IpAddr> = held.chain(outside).chain(some).collect();
    addresses.sort_unstable();
    addresses.dedup();
    let addresses = addresses.into_iter().filter_map(|address| match network.holders(address).as_slice() {
        [Party::Address(address)] => Some(Party::Address(*address)),
        _ => None,
    });
    pods.chain(nodes).chain(addresses).collect()
}

fn is_outside(network: &Network<'_>, party: Party<'_>) -> bool {
    matches!(party, Party::Address(_)) && network.node_of(party).is_none()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn all_pairs_at_once_are_each_pair_by_itself(number in any::<u64>()) {
        let cluster = small(number);
        let network = Network::new(&cluster);
        let reach = Reach::new(&network);
        let everybody = everybody(&network, &reach);
        for from in &everybody {
            for to in &everybody {
                if is_outside(&network, *from) && is_outside(&network, *to) {
                    continue;
                }
                let expected = network.traffic(*from, *to);
                prop_assert_eq!(reach.traffic(*from, *to), Some(expected), "{:?} -> {:?}", from, to);
            }
        }
    }

    #[test]
    fn everybody_is_in_one_class(number in any::<u64>()) {
        let cluster = small(number);
        let network = Network::new(&cluster);
        let reach = Reach::new(&network);
        let mut members: Vec<Member> = reach.classes().iter().flat_map(|class| class.members.clone()).collect();
        let count = members.len();
        members.sort_unstable();
        members.dedup();
        prop_assert_eq!(members.len(), count);
        for edge in reach.edges() {
            prop_assert_ne!(edge.allowed, &Allowed::none());
            prop_assert_eq!(reach.between(edge.from, edge.to), Some(edge.allowed));
        }
    }
}

#[test]
fn a_large_cluster_folds_and_is_the_same() {
    let cluster = large(&Size { pods: 600, namespaces: 12, policies: 60 });
    let network = Network::new(&cluster);
    let reach = Reach::new(&network);
    assert!(reach.classes().len() < network.pods().len() / 2);
    let mut numbers = Numbers(1);
    for _ in 0..5_000 {
        let mut any = || network.party(&network.pods()[numbers.below(network.pods().len())]);
        let (from, to) = (any(), any());
        assert_eq!(reach.traffic(from, to), Some(network.traffic(from, to)), "{from:?} -> {to:?}");
    }
}
