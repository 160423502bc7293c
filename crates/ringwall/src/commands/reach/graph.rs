//! All pairs, folded by workload: who is told of, and what gets from whom to whom.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ringwall_drawing::{Graph, Link, Party, Side};
use ringwall_model::ObjectRef;
use ringwall_network::{AddressRange, Folded, FoldedParty, Network, NodeEntry, NodeId, Reach};

/// The instance metadata service, by either family. Source: Amazon EC2 User Guide, *Use the Instance Metadata Service*.
const METADATA: [&str; 2] = ["169.254.169.254", "fd00:ec2::254"];

/// Ranges of the outside that are named; a class of more is named by the first ones.
const RANGES: usize = 3;

/// Judges all pairs.
pub(super) fn graph(network: &Network<'_>, title: String, notes: Vec<String>) -> Graph {
    let apart: Vec<AddressRange> =
        metadata().map(|address| AddressRange { first: address, last: address }).collect();
    let folded = Reach::with(network, &[], &apart).folded();
    let teller = Teller::new(network, &folded);
    let mut graph = Graph { title, notes, ..Graph::default() };
    // Of each class of the engine the one here; none for those of a family that the cluster has no addresses of.
    let mut places: Vec<Option<usize>> = Vec::new();
    for class in &folded.classes {
        let parties = teller.parties(class);
        let members = (graph.parties.len()..graph.parties.len() + parties.len()).collect::<Vec<_>>();
        graph.parties.extend(parties);
        places.push((!members.is_empty()).then(|| {
            graph.classes.push(members);
            graph.classes.len() - 1
        }));
    }
    let place = |class: usize| places.get(class).copied().flatten();
    graph.links = (folded.links.iter())
        .filter_map(|link| {
            let (from, to) = (place(link.from)?, place(link.to)?);
            let allowed = link.all.traffic.clone();
            let possible = link.all.uncertain.or(&link.some).without(&allowed);
            (!allowed.is_none() || !possible.is_none()).then_some(Link { from, to, allowed, possible })
        })
        .collect();
    graph
}

fn metadata() -> impl Iterator<Item = IpAddr> {
    METADATA.iter().filter_map(|text| text.parse().ok())
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
}

impl<'n> Teller<'n> {
    fn new(network: &'n Network<'n>, folded: &'n Folded) -> Self {
        let mut pods: BTreeMap<&ObjectRef, usize> = BTreeMap::new();
        for pod in network.pods().iter().filter(|pod| pod.pod().is_some()) {
            let workload = network.workload_of(pod).map(|workload| &workload.reference);
            let owner = workload.or(pod.parts().owner.as_ref()).unwrap_or(pod.reference());
            *pods.entry(owner).or_default() += 1;
        }
        let widths = folded.parties.iter().enumerate().filter_map(|(at, party)| match party {
            FoldedParty::Outside(ranges) => Some((width(ranges), at)),
            _ => None,
        });
        let widest = widths.max().map(|(_, at)| at);
        Self { network, folded, pods, families: families(network), widest }
    }

    /// The parties of a class. Nodes that are treated alike are told as one, as are the ranges of the outside.
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
            [node] => parties.push(party(Side::Node, "Node", node.name.to_owned(), String::new())),
            [first, rest @ ..] => {
                let detail = nodes.iter().map(|node| node.name).collect::<Vec<_>>().join(", ");
                let name = format!("{} and {} more", first.name, rest.len());
                parties.push(party(Side::Node, "Node", name, detail));
            }
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
        if metadata().any(|address| first.first == address && first.last == address) {
            return Some(party(Side::Fixed, "", "instance metadata".to_owned(), detail));
        }
        let name = if Some(at) == self.widest { "anywhere else".to_owned() } else { named(&ranges) };
        Some(party(Side::Outside, "", name, detail))
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
