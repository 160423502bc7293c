//! All pairs, folded by workload: who is told of, and what gets from whom to whom.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ringwall_drawing::{Graph, Link, Party, Side};
use ringwall_model::ObjectRef;
use ringwall_network::{AddressRange, Folded, FoldedParty, Network, NodeEntry, NodeId, Reach, Traffic};

/// What every pod finds at the same address, by either family. Sources: Amazon EC2 User Guide, *Use the Instance Metadata Service*; Amazon
/// EKS User Guide, *Set up the Amazon EKS Pod Identity Agent*.
const FIXED: [(&str, &str); 4] = [
    ("169.254.169.254", "instance metadata"),
    ("fd00:ec2::254", "instance metadata"),
    ("169.254.170.23", "Pod Identity agent"),
    ("fd00:ec2::23", "Pod Identity agent"),
];

/// Addresses that the internet does not route. Sources: RFC 1918, RFC 6598, RFC 3927, RFC 4193, RFC 4291.
const PRIVATE: [&str; 7] = [
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "169.254.0.0/16",
    "fc00::/7",
    "fe80::/10",
];

/// Ranges of the outside that are named; a class of more is named by the first ones.
const RANGES: usize = 3;

/// Judges all pairs. In brief, of private addresses that are nobody's the largest range that is treated alike stands for all; else each is
/// told of.
pub(super) fn graph(network: &Network<'_>, title: String, notes: Vec<String>, is_brief: bool) -> Graph {
    let apart: Vec<AddressRange> =
        fixed().map(|(address, _)| AddressRange { first: address, last: address }).collect();
    let folded = Reach::with(network, &[], &apart).folded();
    let teller = Teller::new(network, &folded, is_brief);
    let mut graph = Graph { title, notes, ..Graph::default() };
    // Of each class of the engine the one here, which several may share; none for whom nothing is told of.
    let mut places: Vec<Option<usize>> = Vec::new();
    let mut shared: BTreeMap<String, usize> = BTreeMap::new();
    for class in &folded.classes {
        let parties = teller.parties(class);
        let name = match parties.as_slice() {
            [] => {
                places.push(None);
                continue;
            }
            [one] if is_brief && one.side != Side::Pods => Some(one.full_name()),
            _ => None,
        };
        if let Some(known) = name.as_ref().and_then(|name| shared.get(name)) {
            let member = graph.classes.get(*known).and_then(|members| members.first()).copied();
            if let (Some(known), Some(more)) =
                (member.and_then(|at| graph.parties.get_mut(at)), parties.first())
            {
                known.detail = format!("{}, {}", known.detail, more.detail);
            }
            places.push(Some(*known));
            continue;
        }
        let members = (graph.parties.len()..graph.parties.len() + parties.len()).collect::<Vec<_>>();
        graph.parties.extend(parties);
        shared.extend(name.map(|name| (name, graph.classes.len())));
        places.push(Some(graph.classes.len()));
        graph.classes.push(members);
    }
    graph.links = links(&folded, &places, &graph);
    graph
}

/// Links between classes here: what is common to all classes of the engine that they are, and what some of them may do.
fn links(folded: &Folded, places: &[Option<usize>], graph: &Graph) -> Vec<Link> {
    let sharing = |class: usize| places.iter().filter(|place| **place == Some(class)).count();
    let sends = |class: usize| {
        let first = graph.members(class).first().and_then(|at| graph.parties.get(*at));
        // What stands at a fixed address answers and begins nothing.
        first.is_some_and(|party| party.side != Side::Fixed)
    };
    let mut told: BTreeMap<(usize, usize), (usize, Traffic, Traffic)> = BTreeMap::new();
    for link in &folded.links {
        let place = |class: usize| places.get(class).copied().flatten();
        let (Some(from), Some(to)) = (place(link.from), place(link.to)) else { continue };
        if !sends(from) {
            continue;
        }
        let (count, all, some) =
            told.entry((from, to)).or_insert_with(|| (0, Traffic::all(), Traffic::none()));
        *count += 1;
        *all = all.and(&link.all.traffic);
        *some = some.or(&link.some).or(&link.all.uncertain);
    }
    let mut links = Vec::new();
    for ((from, to), (count, all, some)) in told {
        let allowed = if count == sharing(from) * sharing(to) { all } else { Traffic::none() };
        let possible = some.without(&allowed);
        if !allowed.is_none() || !possible.is_none() {
            links.push(Link { from, to, allowed, possible });
        }
    }
    links
}

fn fixed() -> impl Iterator<Item = (IpAddr, &'static str)> {
    FIXED.iter().filter_map(|(text, name)| Some((text.parse().ok()?, *name)))
}

/// Whether a range is of private addresses.
fn is_private(range: &AddressRange) -> bool {
    let blocks = PRIVATE.iter().filter_map(|text| text.parse::<ipnet::IpNet>().ok());
    blocks.into_iter().any(|block| block.contains(&range.first) && block.contains(&range.last))
}

/// Names for whom the engine told of.
struct Teller<'n> {
    network: &'n Network<'n>,
    folded: &'n Folded,
    /// Living pods of each workload.
    pods: BTreeMap<&'n ObjectRef, usize>,
    /// Whether addresses of the outside of a family (IPv4 is true) mean anything.
    families: BTreeSet<bool>,
    /// The party that is most of the outside.
    widest: Option<usize>,
    /// The one that is most of the private addresses without a pod or node.
    widest_private: Option<usize>,
    /// Interfaces of the VPC that are neither pods' nor nodes', by what their makers say of them.
    interfaces: Vec<(IpAddr, &'n str)>,
    /// Whether ranges of private addresses are told by the largest alone.
    is_brief: bool,
}

impl<'n> Teller<'n> {
    fn new(network: &'n Network<'n>, folded: &'n Folded, is_brief: bool) -> Self {
        let mut pods: BTreeMap<&ObjectRef, usize> = BTreeMap::new();
        for pod in network.pods().iter().filter(|pod| pod.pod().is_some()) {
            let workload = network.workload_of(pod).map(|workload| &workload.reference);
            let owner = workload.or(pod.parts().owner.as_ref()).unwrap_or(pod.reference());
            *pods.entry(owner).or_default() += 1;
        }
        let widest = |only_private: bool| {
            let widths = folded.parties.iter().enumerate().filter_map(|(at, party)| match party {
                FoldedParty::Outside(ranges) if !only_private || ranges.iter().all(is_private) => {
                    Some((width(ranges), at))
                }
                _ => None,
            });
            widths.max().map(|(_, at)| at)
        };
        // The VPC CNI's own interfaces are pods' and nodes', whether or not the snapshot has these.
        let interfaces = (network.cluster().aws.network_interfaces.iter())
            .filter_map(|interface| {
                Some((interface, interface.description.as_deref().filter(|text| !text.is_empty())?))
            })
            .filter(|(_, text)| !text.starts_with("aws-K8S") && !text.starts_with("aws-k8s"))
            .flat_map(|(interface, text)| interface.addresses.iter().map(move |address| (*address, text)))
            .collect();
        Self {
            network,
            folded,
            pods,
            families: families(network),
            widest: widest(false),
            widest_private: widest(true),
            interfaces,
            is_brief,
        }
    }

    /// The parties of a class. In brief all nodes are told as one.
    fn parties(&self, class: &[usize]) -> Vec<Party> {
        let mut parties = Vec::new();
        let mut nodes: Vec<&NodeEntry<'_>> = Vec::new();
        for at in class {
            match self.folded.parties.get(*at) {
                Some(FoldedParty::Workload(reference)) => parties.push(self.workload(reference)),
                Some(FoldedParty::Node(id)) => nodes.extend(self.node(*id)),
                Some(FoldedParty::Outside(ranges)) => parties.extend(self.outside(*at, ranges)),
                Some(FoldedParty::Model(_)) | None => {}
            }
        }
        match nodes.as_slice() {
            [] => {}
            nodes if self.is_brief => {
                let names = nodes.iter().map(|node| node.name).collect::<Vec<_>>().join(", ");
                parties.push(party(Side::Node, "", "every node".to_owned(), names));
            }
            nodes => parties.extend(
                nodes.iter().map(|node| party(Side::Node, "Node", node.name.to_owned(), String::new())),
            ),
        }
        parties
    }

    fn node(&self, id: NodeId) -> Option<&NodeEntry<'n>> {
        self.network.node(id)
    }

    fn workload(&self, reference: &ObjectRef) -> Party {
        let detail = match self.pods.get(reference).copied().unwrap_or(0) {
            0 => "no pods: judged by its template".to_owned(),
            1 => "1 pod".to_owned(),
            count => format!("{count} pods"),
        };
        Party {
            side: Side::Pods,
            namespace: reference.namespace.as_deref().unwrap_or_default().to_owned(),
            kind: reference.kind.to_string(),
            name: reference.name.to_string(),
            detail,
        }
    }

    fn outside(&self, at: usize, ranges: &[AddressRange]) -> Option<Party> {
        let ranges: Vec<AddressRange> =
            ranges.iter().filter(|range| self.families.contains(&range.first.is_ipv4())).copied().collect();
        let first = ranges.first()?;
        let detail = ranges.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let at_fixed = fixed().find(|(address, _)| first.first == *address && first.last == *address);
        if let Some((_, name)) = at_fixed {
            return Some(party(Side::Fixed, "", name.to_owned(), detail));
        }
        if Some(at) == self.widest {
            return Some(party(Side::Outside, "", "anywhere else".to_owned(), detail));
        }
        if !ranges.iter().all(is_private) {
            return Some(party(Side::Outside, "", named(&ranges), detail));
        }
        let is_known = |address: IpAddr| ranges.iter().any(|range| range.contains(address));
        let interface = self.interfaces.iter().find(|(address, _)| is_known(*address));
        match interface {
            Some((_, name)) => Some(party(Side::Outside, "interface", (*name).to_owned(), detail)),
            None if Some(at) == self.widest_private || !self.is_brief => {
                let name = if Some(at) == self.widest_private {
                    "other private addresses".to_owned()
                } else {
                    named(&ranges)
                };
                Some(party(Side::Outside, "private", name, detail))
            }
            None => None,
        }
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

/// How much of the outside ranges are, on a scale that families share.
fn width(ranges: &[AddressRange]) -> u128 {
    let of = |range: &AddressRange| match (range.first, range.last) {
        (IpAddr::V4(first), IpAddr::V4(last)) => u128::from(u32::from(last) - u32::from(first)) << 64,
        // Less than the same part of IPv4: where there is both, that is what is meant.
        (IpAddr::V6(first), IpAddr::V6(last)) => (u128::from(last) - u128::from(first)) >> 33,
        _ => 0,
    };
    ranges.iter().map(of).fold(0, u128::saturating_add)
}

fn named(ranges: &[AddressRange]) -> String {
    let mut name = ranges.iter().take(RANGES).map(ToString::to_string).collect::<Vec<_>>().join(", ");
    if let Some(more) = ranges.len().checked_sub(RANGES).filter(|more| *more > 0) {
        name.push_str(&format!(" and {more} more"));
    }
    name
}
