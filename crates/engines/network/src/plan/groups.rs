use std::net::IpAddr;
use std::sync::Arc;

use hashbrown::HashMap;
use ringwall_model::network::RuleAction;

use super::addresses::{address, last, number};
use super::{AddressRange, Addresses, Cause, Layer, PlanRule};
use crate::groups::{Class, SecurityGroups};
use crate::{Direction, Matched, Network, NodeEntry, Party, PodEntry, Traffic};

/// Security groups as the second layer of a node's rules: everybody's address, by what groups tell apart.
pub(super) struct GroupLayer<'n, 'a> {
    network: &'n Network<'a>,
    groups: &'n SecurityGroups<'a>,
    peers: Vec<Peers<'n>>,
}

/// Addresses of one family that are alike to security groups, and who stands for them.
struct Peers<'n> {
    ipv4: bool,
    party: Party<'n>,
    /// Another one of them: nobody can stand for the others where it is asked about itself, whose traffic is never judged.
    other: Option<Party<'n>>,
    addresses: Arc<Addresses>,
}

impl<'n> Peers<'n> {
    /// One of them other than a pod, if there is one.
    fn beside(&self, pod: &'n PodEntry<'_>) -> Party<'n> {
        self.other.filter(|_| is_same_pod(self.party, Party::Pod(pod))).unwrap_or(self.party)
    }
}

impl<'n, 'a> GroupLayer<'n, 'a> {
    /// For the pods of a node: what is on it is not what is elsewhere.
    pub(super) fn new(
        network: &'n Network<'a>,
        node: &NodeEntry<'a>,
        groups: &'n SecurityGroups<'a>,
    ) -> Self {
        let mut alike: HashMap<(bool, bool, Class), usize> = HashMap::new();
        let mut found: Vec<(bool, Party<'n>, Option<Party<'n>>, Vec<Addresses>)> = Vec::new();
        let mut add = |party: Party<'n>, ipv4: bool, addresses: Addresses| {
            let here = network.node_of(party) == Some(node.id);
            let key = (ipv4, here, groups.class(network, party));
            let place = *alike.entry(key).or_insert(found.len());
            match found.get_mut(place) {
                Some((_, first, other, all)) => {
                    if !is_same_pod(*first, party) {
                        other.get_or_insert(party);
                    }
                    all.push(addresses);
                }
                None => found.push((ipv4, party, None, vec![addresses])),
            }
        };
        let mut held: Vec<IpAddr> = Vec::new();
        for pod in network.pods().iter().filter(|pod| !pod.host_network()) {
            for address in &pod.parts().addresses {
                held.push(*address);
                add(network.party(pod), address.is_ipv4(), Addresses::each([*address]));
            }
        }
        for node in network.nodes() {
            for address in &node.addresses {
                held.push(*address);
                add(Party::Node(node), address.is_ipv4(), Addresses::each([*address]));
            }
        }
        let held = Addresses::each(held);
        for v4 in [true, false] {
            for (first, last) in between(groups, v4) {
                let range = AddressRange { first: address(first, v4), last: address(last, v4) };
                add(Party::Address(range.first), v4, Addresses::range(range).without(&held));
            }
        }
        let peers = found
            .into_iter()
            .map(|(ipv4, party, other, parts)| Peers {
                ipv4,
                party,
                other,
                addresses: Arc::new(Addresses::together(&parts)),
            })
            .collect();
        Self { network, groups, peers }
    }

    /// What a pod is to security groups.
    pub(super) fn class(&self, pod: &PodEntry<'a>) -> Class {
        self.groups.class(self.network, self.network.party(pod))
    }

    /// What groups let through in a direction of a pod's traffic, those of the other end counted in.
    pub(super) fn rules(
        &self,
        pod: &'n PodEntry<'a>,
        direction: Direction,
        not_evaluated: &mut Vec<Arc<str>>,
    ) -> Option<(Cause, Vec<PlanRule>)> {
        let of = |text: &str| Cause {
            direction,
            layer: Layer::SecurityGroups,
            objects: Vec::new(),
            rule: None,
            text: Some(Arc::from(text)),
        };
        let own = self.network.party(pod);
        let mut by_traffic: HashMap<Traffic, usize> = HashMap::new();
        let mut matches: Vec<(Vec<&Addresses>, Traffic)> = Vec::new();
        let mut uncertain = false;
        for peers in &self.peers {
            let peer = peers.beside(pod);
            let (from, to) = match direction {
                Direction::Ingress => (peer, own),
                Direction::Egress => (own, peer),
            };
            let allowed = self.groups.traffic_over(self.network, from, to, peers.ipv4);
            uncertain |= !allowed.uncertain.is_none();
            let place = *by_traffic.entry(allowed.traffic.clone()).or_insert(matches.len());
            match matches.get_mut(place) {
                Some((all, _)) => all.push(&peers.addresses),
                None => matches.push((vec![&*peers.addresses], allowed.traffic)),
            }
        }
        if uncertain {
            let reference = pod.reference();
            let why = format!(
                "{reference}: security groups that the exports don't tell all of; what they may deny is denied"
            );
            not_evaluated.push(why.into());
        }
        // Where groups let all through, they are no layer.
        if let [(_, traffic)] = matches.as_slice()
            && traffic.is_all()
        {
            return None;
        }
        let matches = matches
            .into_iter()
            .map(|(all, traffic)| {
                let matched = Matched { certain: traffic.clone(), possible: traffic };
                (Arc::new(Addresses::together(all)), matched)
            })
            .collect();
        let accept =
            PlanRule { cause: of("security groups let it through"), action: RuleAction::Accept, matches };
        Some((of("no security group lets it through"), vec![accept]))
    }
}

fn is_same_pod(one: Party<'_>, other: Party<'_>) -> bool {
    matches!((one, other), (Party::Pod(one), Party::Pod(other)) if one.id == other.id)
}

/// The line of a family's addresses, cut at the edges of every block that groups tell apart.
fn between(groups: &SecurityGroups<'_>, v4: bool) -> Vec<(u128, u128)> {
    let end = last(v4);
    let mut edges = vec![0];
    for block in groups.blocks().iter().filter(|block| block.addr().is_ipv4() == v4) {
        edges.push(number(block.network()));
        edges.extend(number(block.broadcast()).checked_add(1).filter(|next| *next <= end));
    }
    edges.sort_unstable();
    edges.dedup();
    let ends = edges.iter().skip(1).map(|edge| edge - 1).chain([end]);
    edges.iter().copied().zip(ends).collect()
}
