//! All pairs, folded by workload: who is told of, and what gets from whom to whom.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ringwall_drawing::{Graph, Link, Party, Side};
use ringwall_network::{AddressRange, Allowed, Class, Member, Network, NodeEntry, PodEntry, Reach};

/// The instance metadata service, by either family. Source: Amazon EC2 User Guide, *Use the Instance Metadata Service*.
const METADATA: [&str; 2] = ["169.254.169.254", "fd00:ec2::254"];

/// Ranges of the outside that are named; a class of more is named by the first ones.
const RANGES: usize = 3;

/// Judges all pairs.
pub(super) fn graph(network: &Network<'_>, title: String, notes: Vec<String>) -> Graph {
    let apart: Vec<AddressRange> =
        metadata().map(|address| AddressRange { first: address, last: address }).collect();
    let reach = Reach::with(network, &[], &apart);
    let mut builder = Builder { network, reach: &reach, parties: BTreeMap::new() };
    builder.pods();
    builder.rest();
    builder.build(title, notes)
}

fn metadata() -> impl Iterator<Item = IpAddr> {
    METADATA.iter().filter_map(|text| text.parse().ok())
}

struct Builder<'r> {
    network: &'r Network<'r>,
    reach: &'r Reach<'r, 'r>,
    /// Each party with the classes that its pods are in.
    parties: BTreeMap<Party, BTreeSet<usize>>,
}

impl Builder<'_> {
    /// Workloads with their pods, and pods without one.
    fn pods(&mut self) {
        let mut pods: BTreeMap<(String, String, String), (usize, bool, BTreeSet<usize>)> = BTreeMap::new();
        for pod in self.network.pods().iter().filter(|pod| !pod.is_spare()) {
            let Some(class) = self.reach.class_of_pod(pod.id) else { continue };
            let reference = self.workload(pod);
            let key = (
                reference.namespace.as_deref().unwrap_or_default().to_owned(),
                reference.kind.to_string(),
                reference.name.to_string(),
            );
            let (count, on_node, classes) = pods.entry(key).or_default();
            *count += usize::from(pod.pod().is_some());
            *on_node |= pod.host_network();
            classes.insert(class);
        }
        for ((namespace, kind, name), (count, on_node, classes)) in pods {
            let mut detail = match count {
                0 => "no pods: judged by its template".to_owned(),
                1 => "1 pod".to_owned(),
                count => format!("{count} pods"),
            };
            if on_node {
                detail.push_str(" on their nodes' network");
            }
            self.parties.insert(Party { side: Side::Pods, namespace, kind, name, detail }, classes);
        }
    }

    fn workload<'p>(&'p self, pod: &'p PodEntry<'_>) -> &'p ringwall_model::ObjectRef {
        match self.network.workload_of(pod) {
            Some(workload) => &workload.reference,
            None => match pod.parts().owner.as_ref() {
                // What owns it may not be in the snapshot, and names its pods' workload all the same.
                Some(owner) if pod.pod().is_some() && owner.namespace.is_some() => owner,
                _ => pod.reference(),
            },
        }
    }

    /// Nodes and the outside, a party a class.
    fn rest(&mut self) {
        let families = families(self.network);
        let classes: Vec<(usize, &Class)> = self.reach.classes().iter().enumerate().collect();
        let widest = classes.iter().map(|(at, class)| (width(class), *at)).max().map(|(_, at)| at);
        for (at, class) in classes {
            let nodes: Vec<&NodeEntry<'_>> = (class.members.iter())
                .filter_map(|member| match member {
                    Member::Node(id) => self.network.node(*id),
                    _ => None,
                })
                .collect();
            let ranges: Vec<AddressRange> = (class.members.iter())
                .filter_map(|member| match member {
                    Member::Outside(range) if families.contains(&range.first.is_ipv4()) => Some(*range),
                    _ => None,
                })
                .collect();
            let party = match (nodes.as_slice(), ranges.as_slice()) {
                ([], []) => continue,
                ([node], _) => party(Side::Node, "Node", node.name.to_owned(), String::new()),
                ([first, rest @ ..], _) => {
                    let detail = nodes.iter().map(|node| node.name).collect::<Vec<_>>().join(", ");
                    party(Side::Node, "Node", format!("{} and {} more", first.name, rest.len()), detail)
                }
                (_, ranges)
                    if metadata().any(|address| {
                        ranges.iter().any(|range| range.first == address && range.last == address)
                    }) =>
                {
                    let detail = ranges.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                    party(Side::Fixed, "", "instance metadata".to_owned(), detail)
                }
                (_, ranges) => {
                    let name = if Some(at) == widest { "anywhere else".to_owned() } else { named(ranges) };
                    let detail = ranges.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                    party(Side::Outside, "", name, detail)
                }
            };
            self.parties.entry(party).or_default().insert(at);
        }
    }

    fn build(self, title: String, notes: Vec<String>) -> Graph {
        // Parties whose pods are in the same classes are alike, as long as they stand on the same side.
        let mut alike: BTreeMap<(Side, Vec<usize>), Vec<usize>> = BTreeMap::new();
        let mut parties = Vec::with_capacity(self.parties.len());
        for (party, classes) in &self.parties {
            alike.entry((party.side, classes.iter().copied().collect())).or_default().push(parties.len());
            parties.push(party.clone());
        }
        let mut links = Vec::new();
        for (from, (from_side, senders)) in alike.keys().enumerate() {
            for (to, (to_side, receivers)) in alike.keys().enumerate() {
                if [from_side, to_side].iter().all(|side| **side != Side::Pods) {
                    continue;
                }
                let allowed = self.between(senders, receivers);
                if !allowed.traffic.is_none() || !allowed.uncertain.is_none() {
                    links.push(Link { from, to, allowed: allowed.traffic, unknown: allowed.uncertain });
                }
            }
        }
        Graph { title, notes, parties, classes: alike.into_values().collect(), links }
    }

    /// What is common to all pairs of classes. A pair of which policies judge neither end tells nothing of what they allow.
    fn between(&self, senders: &[usize], receivers: &[usize]) -> Allowed {
        let is_pods = |class: &usize| self.reach.classes().get(*class).is_some_and(Class::is_pods);
        let mut common: Option<Allowed> = None;
        for from in senders {
            for to in receivers {
                if !is_pods(from) && !is_pods(to) {
                    continue;
                }
                let Some(allowed) = self.reach.between(*from, *to) else { continue };
                common = Some(common.map_or_else(|| allowed.clone(), |common| common.and(allowed)));
            }
        }
        common.unwrap_or_else(Allowed::none)
    }
}

fn party(side: Side, kind: &str, name: String, detail: String) -> Party {
    Party { side, namespace: String::new(), kind: kind.to_owned(), name, detail }
}

/// Whether the cluster's addresses are of IPv4 (true), IPv6 (false), or both; both if it has none.
fn families(network: &Network<'_>) -> BTreeSet<bool> {
    let pods = network.pods().iter().flat_map(|pod| &pod.parts().addresses);
    let all: BTreeSet<bool> = pods.map(IpAddr::is_ipv4).collect();
    if all.is_empty() { BTreeSet::from([true, false]) } else { all }
}

/// How much of the outside a class is, on a scale that families share.
fn width(class: &Class) -> u128 {
    let of = |member: &Member| match member {
        Member::Outside(AddressRange { first: IpAddr::V4(first), last: IpAddr::V4(last) }) => {
            u128::from(u32::from(*last) - u32::from(*first)) << 64
        }
        Member::Outside(AddressRange { first: IpAddr::V6(first), last: IpAddr::V6(last) }) => {
            // Less than the same part of IPv4: where there is both, that is what is meant.
            (u128::from(*last) - u128::from(*first)) >> 33
        }
        _ => 0,
    };
    class.members.iter().map(of).fold(0, u128::saturating_add)
}

fn named(ranges: &[AddressRange]) -> String {
    let mut name = ranges.iter().take(RANGES).map(ToString::to_string).collect::<Vec<_>>().join(", ");
    if let Some(more) = ranges.len().checked_sub(RANGES).filter(|more| *more > 0) {
        name.push_str(&format!(" and {more} more"));
    }
    name
}
