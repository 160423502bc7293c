use std::net::IpAddr;

use proptest::prelude::*;
use ringwall_model::Cluster;
use ringwall_model::network::{
    ClusterTier, NamespaceScope, NetworkPolicy, NetworkRule, Peer, PodScope, RuleAction, Tier,
};
use ringwall_network::groups::SecurityGroups;
use ringwall_network::{
    Allowed, Direction, Folded, FoldedParty, Member, Network, Party, PodId, Reach, Traffic, shadowed,
};

use crate::clusters::large::{Size, large};
use crate::clusters::parts::{Numbers, namespace, pod, policy, rule, selector, tcp};
use crate::clusters::secured::secured;
use crate::clusters::small::small;
use crate::groups::properties::any_cluster;

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

/// Pods on the pod network that parties of a folding stand for.
fn pods_of(network: &Network<'_>, folded: &Folded, parties: &[usize]) -> Vec<PodId> {
    let mut pods: Vec<PodId> = Vec::new();
    for party in parties {
        let FoldedParty::Workload(reference) = &folded.parties[*party] else { continue };
        let mine = network.pods().iter().filter(|pod| !pod.host_network() && pod.reference() == reference);
        pods.extend(mine.map(|pod| pod.id));
    }
    pods
}

fn is_outside(network: &Network<'_>, party: Party<'_>) -> bool {
    matches!(party, Party::Address(_)) && network.node_of(party).is_none()
}

/// What policies and security groups let pass, each asked by itself.
fn each_by_itself(
    network: &Network<'_>,
    groups: Option<&SecurityGroups<'_>>,
    from: Party<'_>,
    to: Party<'_>,
) -> Allowed {
    let policies = network.traffic(from, to);
    match groups {
        Some(groups) if !network.exempt(from, to) => policies.and(&groups.traffic(network, from, to)),
        _ => policies,
    }
}

fn check_all_pairs(cluster: &Cluster) -> Result<(), TestCaseError> {
    let network = Network::new(cluster);
    let reach = Reach::new(&network);
    let everybody = everybody(&network, &reach);
    let groups = SecurityGroups::new(&network);
    for from in &everybody {
        for to in &everybody {
            if is_outside(&network, *from) && is_outside(&network, *to) {
                continue;
            }
            let expected = each_by_itself(&network, groups.as_ref(), *from, *to);
            prop_assert_eq!(reach.traffic(*from, *to), Some(expected), "{:?} -> {:?}", from, to);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn all_pairs_at_once_are_each_pair_by_itself(number in any::<u64>()) {
        check_all_pairs(&small(number))?;
    }

}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 30, ..ProptestConfig::default() })]

    #[test]
    fn security_groups_are_a_layer_of_all_pairs(mut cluster in any_cluster(), number in any::<u64>()) {
        cluster.network.policies = small(number).network.policies;
        for policy in &mut cluster.network.policies {
            if let NamespaceScope::Named(name) = &mut policy.subject.namespaces {
                *name = "shop".into();
            }
        }
        check_all_pairs(&cluster)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn folded_pairs_are_what_all_pods_may(number in any::<u64>()) {
        let cluster = small(number);
        let network = Network::new(&cluster);
        let reach = Reach::new(&network);
        let folded = reach.folded();
        let mut members: Vec<usize> = folded.classes.iter().flatten().copied().collect();
        members.sort_unstable();
        prop_assert_eq!(members, (0..folded.parties.len()).collect::<Vec<_>>());
        for (from, senders) in folded.classes.iter().enumerate() {
            for (to, getters) in folded.classes.iter().enumerate() {
                let link = folded.links.iter().find(|link| (link.from, link.to) == (from, to));
                let pairs = pods_of(&network, &folded, senders).into_iter().flat_map(|a| {
                    pods_of(&network, &folded, getters).into_iter().map(move |b| (a, b))
                });
                let pairs = pairs.filter(|(a, b)| a != b);
                let (mut all, mut some, mut any) = (Allowed::all(), Traffic::none(), false);
                for (a, b) in pairs {
                    let party = |id| network.party(network.pod(id).unwrap());
                    let allowed = network.traffic(party(a), party(b));
                    some = some.or(&allowed.traffic).or(&allowed.uncertain);
                    all = all.and(&allowed);
                    any = true;
                }
                if any {
                    let told = link.map(|link| (link.all.clone(), link.some.clone()));
                    let (told_all, told_some) = told.unwrap_or((Allowed::none(), Traffic::none()));
                    prop_assert_eq!(told_some, some);
                    prop_assert_eq!(told_all, all);
                }
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

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn nothing_changes_without_a_rule_that_is_never_got_to(number in any::<u64>()) {
        let cluster = small(number);
        let network = Network::new(&cluster);
        let Some(found) = shadowed(&network).into_iter().next() else { return Ok(()) };
        let reference = &network.policies()[found.policy.index()].policy.reference;
        let mut without = cluster.clone();
        let policy = without.network.policies.iter_mut().find(|policy| policy.reference == *reference).unwrap();
        let rules = match found.direction {
            Direction::Ingress => policy.ingress.as_mut().unwrap(),
            Direction::Egress => policy.egress.as_mut().unwrap(),
        };
        let count = rules.len();
        rules.retain(|rule| rule.index != found.rule);
        prop_assert_eq!(rules.len() + 1, count);
        let after = Network::new(&without);
        let (before, after) = (Reach::new(&network), Reach::new(&after));
        for from in everybody(before.network(), &before) {
            for to in everybody(before.network(), &before) {
                let again = |party| match party {
                    Party::Pod(pod) => Party::Pod(after.network().pod(pod.id).unwrap()),
                    Party::Node(node) => Party::Node(after.network().node(node.id).unwrap()),
                    Party::Address(address) => Party::Address(address),
                };
                prop_assert_eq!(before.network().traffic(from, to), after.network().traffic(again(from), again(to)));
            }
        }
    }
}

#[test]
fn a_rule_is_never_got_to_if_those_before_it_decide() {
    let everybody = || PodScope { namespaces: NamespaceScope::Selected(selector(&[])), pods: None };
    let deny = |index, port| NetworkRule {
        index,
        action: RuleAction::Deny,
        ..rule(Some(vec![Peer::Pods(everybody())]), Some(vec![tcp(port)]))
    };
    let nobody = PodScope { namespaces: NamespaceScope::Named("b".into()), pods: None };
    let for_nobody = NetworkRule { index: 2, ..rule(Some(vec![Peer::Pods(nobody)]), None) };
    let admin = NetworkPolicy {
        tier: Tier::Admin(ClusterTier { priority: 1 }),
        subject: everybody(),
        ingress: Some(vec![deny(0, 80), deny(1, 80), for_nobody, deny(3, 81)]),
        ..policy("a", "admin", &[])
    };
    let mut cluster = Cluster {
        namespaces: vec![namespace("a", &[])],
        pods: vec![pod("a", "one", &[], &["10.0.0.1"]), pod("a", "two", &[], &["10.0.0.2"])],
        ..Cluster::default()
    };
    cluster.network.policies = vec![admin];
    let found = shadowed(&Network::new(&cluster));
    let found: Vec<_> = found.iter().map(|one| (one.direction, one.rule)).collect();
    assert_eq!(found, [(Direction::Ingress, 1)]);
}

#[test]
fn a_large_cluster_folds_and_is_the_same() {
    let mut cluster = large(&Size { pods: 600, namespaces: 12, policies: 60 });
    for with_groups in [false, true] {
        if with_groups {
            secured(&mut cluster);
        }
        let network = Network::new(&cluster);
        let reach = Reach::new(&network);
        assert!(reach.classes().len() < network.pods().len() / 2, "{} classes", reach.classes().len());
        let groups = SecurityGroups::new(&network);
        let mut numbers = Numbers(1);
        for _ in 0..5_000 {
            let mut any = || network.party(&network.pods()[numbers.below(network.pods().len())]);
            let (from, to) = (any(), any());
            let expected = each_by_itself(&network, groups.as_ref(), from, to);
            assert_eq!(reach.traffic(from, to), Some(expected), "{from:?} -> {to:?}");
        }
    }
}
