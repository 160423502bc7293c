//! All pairs at once: who can't be told apart is one class, and each pair of classes is judged once.

mod bits;
mod classes;
mod flows;
mod fold;
mod layer;
mod matchers;
mod rows;
mod shadow;
mod space;

use std::net::IpAddr;

pub use classes::{Class, Member, ModelPod};
pub(crate) use fold::ClassSet;
pub use fold::{Folded, FoldedLink, FoldedParty};
pub use shadow::{Shadowed, shadowed};
pub use space::AddressRange;

use crate::{Allowed, Direction, Network, NodeId, Party, PodId};
use classes::{Classes, Kind};
use flows::{FlowId, Flows};
use layer::Layer;
use matchers::Matchers;
use rows::{Filler, Rows};
use space::{Family, Space};

/// What reaches what, for everybody in a cluster and the whole outside.
///
/// Everybody is in one [`Class`] with all others whom no rule can tell from them: pods by the policies that select them, by selectors and
/// blocks of rules that match them and by those named ports that rules speak of; nodes by labels and address; the outside by the
/// ranges that blocks cut it into. What is true of one pair of members is true of every pair of members of the same two classes, with the
/// exemptions of [`Network::exempt`]: one reaches oneself, and a pod and its own node each other. [`Reach::traffic`] knows these,
/// [`Reach::edges`] tells of pairs that have none.
#[derive(Debug)]
pub struct Reach<'n, 'a> {
    network: &'n Network<'a>,
    classes: Classes,
    space: Space,
    flows: Flows,
    /// Row by row: from the class of the row to the class of the column, where the two are on different nodes.
    cells: Vec<FlowId>,
    /// The same for two on one node; empty where that makes no difference.
    near: Vec<FlowId>,
}

/// What passes from one class to another.
#[derive(Clone, Copy, Debug)]
pub struct Edge<'r> {
    /// Who sends, as a place in [`Reach::classes`].
    pub from: usize,
    /// Who gets it.
    pub to: usize,
    /// What passes between two that are not on one node.
    pub allowed: &'r Allowed,
    /// What passes between two on one node, which security groups may not come between. Either of the two is something.
    pub on_one_node: &'r Allowed,
}

impl<'n, 'a> Reach<'n, 'a> {
    /// Judges all pairs.
    pub fn new(network: &'n Network<'a>) -> Self {
        Self::with(network, &[], &[])
    }

    /// Judges all pairs, those with pods that don't exist (yet) among them. `apart` are ranges of the outside that are to be told apart from
    /// others, even if no rule does.
    pub fn with(network: &'n Network<'a>, models: &[ModelPod], apart: &[AddressRange]) -> Self {
        let matchers = Matchers::new(network.policies().iter().map(|entry| entry.policy));
        let cut = network.groups.iter().flat_map(|groups| groups.blocks()).map(AddressRange::of);
        let apart: Vec<AddressRange> = apart.iter().copied().chain(cut).collect();
        let space = Space::new(&matchers.blocks, &apart);
        let classes = Classes::new(network, &matchers, &space, models);
        let filler = Filler::new(network, &matchers, &space, &classes, models);
        let mut flows = Flows::new();
        let ingress = filler.rows(Direction::Ingress, &mut flows);
        let egress = filler.rows(Direction::Egress, &mut flows);
        let layer =
            network.groups.as_ref().map(|groups| Layer::new(network, groups, &classes.groups, &mut flows));
        let mut cells = cells(&classes, &egress, &ingress, &mut flows);
        let mut near = Vec::new();
        if let Some(layer) = &layer {
            near.clone_from(&cells);
            layer.narrow(&classes, false, &mut cells, &mut flows);
            layer.narrow(&classes, true, &mut near, &mut flows);
        }
        Self { network, classes, space, flows, cells, near }
    }

    /// The network that was asked.
    pub fn network(&self) -> &'n Network<'a> {
        self.network
    }

    /// The classes: those of pods in the order of their first members, of nodes, of the outside, of pods that don't exist.
    pub fn classes(&self) -> &[Class] {
        &self.classes.classes
    }

    /// What passes from a member of one class to a member of another, who is neither the same nor on the same node.
    pub fn between(&self, from: usize, to: usize) -> Option<&Allowed> {
        self.cell(&self.cells, from, to)
    }

    /// The same for two on one node, neither of which is the node itself: security groups may not come between them, which leaves more.
    pub fn between_on_one_node(&self, from: usize, to: usize) -> Option<&Allowed> {
        self.cell(if self.near.is_empty() { &self.cells } else { &self.near }, from, to)
    }

    fn cell(&self, cells: &[FlowId], from: usize, to: usize) -> Option<&Allowed> {
        let count = self.classes().len();
        let column = Some(to).filter(|to| *to < count)?;
        self.flows.get(*cells.get(from.checked_mul(count)?.checked_add(column)?)?)
    }

    /// All pairs of classes between which something passes or may pass, in their order. Pairs of which neither is pods (nodes and the
    /// outside among themselves) are left out, and a class with itself if it has one member.
    pub fn edges(&self) -> impl Iterator<Item = Edge<'_>> {
        let count = self.classes().len().max(1);
        let near = if self.near.is_empty() { &self.cells } else { &self.near };
        let rows = self.cells.chunks(count).zip(near.chunks(count));
        rows.zip(self.classes()).enumerate().flat_map(move |(from, ((far, near), sender))| {
            far.iter().zip(near).zip(self.classes()).enumerate().filter_map(
                move |(to, ((far, near), getter))| {
                    let judged = sender.is_pods() || getter.is_pods();
                    let pair = from != to || sender.members.len() > 1;
                    if (*far, *near) == (FlowId::NONE, FlowId::NONE) || !judged || !pair {
                        return None;
                    }
                    Some(Edge {
                        from,
                        to,
                        allowed: self.flows.get(*far)?,
                        on_one_node: self.flows.get(*near)?,
                    })
                },
            )
        })
    }

    /// The class of a pod or template, unless it is the spare template of an owned workload; of a pod on its node's network that of the node.
    pub fn class_of_pod(&self, pod: PodId) -> Option<usize> {
        if let Some(class) = self.classes.of_pod.get(pod.index()).copied().flatten() {
            return Some(class as usize);
        }
        let entry = self.network.pod(pod).filter(|pod| pod.host_network())?;
        self.class_of_node(entry.node?)
    }

    /// The class of a node.
    pub fn class_of_node(&self, node: NodeId) -> Option<usize> {
        self.classes.of_node.get(node.index()).copied().flatten().map(|class| class as usize)
    }

    /// The class of an address of the outside; of a node's further address that of the address.
    pub fn class_of_address(&self, address: IpAddr) -> Option<usize> {
        let node = self.network.node_of(Party::Address(address));
        let is = |member: &Member| match (member, node) {
            (Member::NodeAddress(_, held), Some(_)) => *held == address,
            (Member::Outside(range), None) => range.contains(address),
            _ => false,
        };
        let place = self.space.place(address);
        self.classes().iter().position(|class| {
            let here = class.faces.iter().any(|(_, face)| {
                self.classes.faces.get(*face as usize).is_some_and(|face| face.place == place)
            });
            here && class.members.iter().any(is)
        })
    }

    /// An address of a class of the outside that nobody in the cluster has.
    pub(crate) fn sample(&self, class: usize) -> Option<IpAddr> {
        self.classes.samples.get(&u32::try_from(class).ok()?).copied()
    }

    /// What passes from one party to another, exemptions counted in; `None` for parties that are in no class.
    pub fn traffic(&self, from: Party<'_>, to: Party<'_>) -> Option<Allowed> {
        let class = |party: Party<'_>| match party {
            Party::Pod(pod) => self.class_of_pod(pod.id),
            Party::Node(node) => self.class_of_node(node.id),
            Party::Address(address) => self.class_of_address(address),
        };
        let (sender, getter) = (class(from)?, class(to)?);
        if self.network.exempt(from, to) {
            return Some(Allowed::all());
        }
        let node = self.network.node_of(from);
        let near = node.is_some() && node == self.network.node_of(to);
        let passes =
            if near { self.between_on_one_node(sender, getter) } else { self.between(sender, getter) };
        passes.cloned()
    }
}

/// Where rules and security groups of a network cut the addresses.
pub(crate) fn cuts(network: &Network<'_>) -> Vec<AddressRange> {
    let matchers = Matchers::new(network.policies().iter().map(|entry| entry.policy));
    let nets = matchers.blocks.iter().flat_map(|block| std::iter::once(&block.cidr).chain(&block.except));
    nets.chain(network.groups.iter().flat_map(|groups| groups.blocks())).map(AddressRange::of).collect()
}

/// Addresses that a new pod is likely to get, as far as blocks of rules can tell: those of the pods that are most alike.
pub(crate) fn usual_addresses(network: &Network<'_>) -> Vec<IpAddr> {
    let matchers = Matchers::new(network.policies().iter().map(|entry| entry.policy));
    let space = Space::new(&matchers.blocks, &[]);
    let mut counts: hashbrown::HashMap<Vec<Option<u32>>, (usize, &[IpAddr])> = hashbrown::HashMap::new();
    let pods = network.pods().iter().filter(|pod| !pod.host_network());
    for addresses in
        pods.map(|pod| pod.parts().addresses.as_slice()).filter(|addresses| !addresses.is_empty())
    {
        let places = addresses.iter().map(|address| space.place(*address)).collect();
        counts.entry(places).or_insert((0, addresses)).0 += 1;
    }
    let usual =
        counts.into_values().max_by(|(a, first), (b, second)| a.cmp(b).then_with(|| second.cmp(first)));
    usual.map_or_else(Vec::new, |(_, addresses)| addresses.to_vec())
}

/// Egress of the one and ingress of the other, in every family in which they are judged.
fn cells(classes: &Classes, egress: &Rows, ingress: &Rows, flows: &mut Flows) -> Vec<FlowId> {
    let mut cells = Vec::with_capacity(classes.classes.len().saturating_pow(2));
    let at = |row: &[FlowId], face: u32| row.get(face as usize).copied().unwrap_or(FlowId::NONE);
    for from in &classes.classes {
        let sends = egress.row(from.egress);
        for to in &classes.classes {
            let gets = ingress.row(to.ingress);
            let cell = match (from.kind, to.kind) {
                (Kind::Outside, Kind::Outside) => FlowId::ALL,
                (Kind::Outside, _) => {
                    from.faces.iter().fold(FlowId::ALL, |all, (_, face)| flows.and(all, at(gets, *face)))
                }
                (_, Kind::Outside) => {
                    to.faces.iter().fold(FlowId::ALL, |all, (_, face)| flows.and(all, at(sends, *face)))
                }
                _ => {
                    let mut cell = None;
                    for (mine, theirs) in shared(from, to) {
                        let passes = flows.and(at(sends, theirs), at(gets, mine));
                        cell = Some(cell.map_or(passes, |cell| flows.and(cell, passes)));
                    }
                    cell.unwrap_or(FlowId::NONE)
                }
            };
            cells.push(cell);
        }
    }
    cells
}

/// Faces of two classes in the families in which they are judged, as [`Network::families`] has them: those that both have, else each
/// with each.
fn shared<'c>(from: &'c Class, to: &'c Class) -> impl Iterator<Item = (u32, u32)> + 'c {
    let is_common = move |family: &Option<Family>| to.faces.iter().any(|(theirs, _)| theirs == family);
    let some_common = from.faces.iter().any(|(family, _)| is_common(family));
    from.faces.iter().flat_map(move |(family, mine)| {
        let judged = to.faces.iter().filter(move |(theirs, _)| !some_common || theirs == family);
        judged.map(|(_, theirs)| (*mine, *theirs))
    })
}

impl Class {
    /// Whether its members are pods, such as exist or not.
    pub fn is_pods(&self) -> bool {
        matches!(self.kind, Kind::Pod | Kind::Model)
    }
}
