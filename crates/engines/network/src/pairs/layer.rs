use hashbrown::HashMap;

use super::classes::Classes;
use super::flows::{FlowId, Flows};
use crate::groups::SecurityGroups;
use crate::{Network, NodeId, Party, PodId};

/// How many of one class on one node are remembered: enough to ask about two that are not the same.
const OF_A_NODE: usize = 2;

/// Members of classes of security groups, as far as they are needed to ask for all.
#[derive(Debug, Default)]
pub(crate) struct GroupMembers(Vec<HashMap<Option<NodeId>, Vec<Seat>>>);

/// A party by its number, so that it outlives its borrow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seat {
    Pod(PodId),
    Node(NodeId),
    Address(std::net::IpAddr),
}

impl Seat {
    fn party<'n>(self, network: &'n Network<'_>) -> Option<Party<'n>> {
        Some(match self {
            Self::Pod(id) => Party::Pod(network.pod(id)?),
            Self::Node(id) => Party::Node(network.node(id)?),
            Self::Address(address) => Party::Address(address),
        })
    }
}

impl GroupMembers {
    pub(crate) fn add(&mut self, group: Option<u32>, network: &Network<'_>, party: Party<'_>) {
        let Some(group) = group else { return };
        let group = group as usize;
        if self.0.len() <= group {
            self.0.resize_with(group + 1, HashMap::new);
        }
        let seat = match party {
            Party::Pod(pod) => Seat::Pod(pod.id),
            Party::Node(node) => Seat::Node(node.id),
            Party::Address(address) => Seat::Address(address),
        };
        if let Some(nodes) = self.0.get_mut(group) {
            let here = nodes.entry(network.node_of(party)).or_default();
            if here.len() < OF_A_NODE {
                here.push(seat);
            }
        }
    }
}

/// What security groups let pass between their classes.
#[derive(Debug)]
pub(crate) struct Layer {
    count: usize,
    far: Vec<FlowId>,
    near: Vec<FlowId>,
}

impl Layer {
    /// Asks for one pair of each two classes on different nodes, and for one on one node. Where there is no such pair, nobody asks for its
    /// answer, and it is the other's.
    pub(crate) fn new(
        network: &Network<'_>,
        groups: &SecurityGroups<'_>,
        members: &GroupMembers,
        flows: &mut Flows,
    ) -> Self {
        let count = members.0.len();
        let mut layer =
            Self { count, far: Vec::with_capacity(count * count), near: Vec::with_capacity(count * count) };
        for from in &members.0 {
            for to in &members.0 {
                let ask = |pair: Option<(Seat, Seat)>| {
                    let (from, to) = pair?;
                    Some(groups.traffic(network, from.party(network)?, to.party(network)?))
                };
                let (far, near) = (ask(apart(from, to)), ask(together(from, to)));
                let far = far.map(|far| flows.id(&far));
                let near = near.map(|near| flows.id(&near));
                layer.far.push(far.or(near).unwrap_or(FlowId::NONE));
                layer.near.push(near.or(far).unwrap_or(FlowId::NONE));
            }
        }
        layer
    }

    fn between(&self, from: u32, to: u32, near: bool) -> FlowId {
        let table = if near { &self.near } else { &self.far };
        table.get(from as usize * self.count + to as usize).copied().unwrap_or(FlowId::NONE)
    }

    /// Takes out of all cells what security groups don't let pass.
    pub(crate) fn narrow(&self, classes: &Classes, near: bool, cells: &mut [FlowId], flows: &mut Flows) {
        let pairs = classes.classes.iter().flat_map(|from| classes.classes.iter().map(move |to| (from, to)));
        for (cell, (from, to)) in cells.iter_mut().zip(pairs) {
            if let (Some(from), Some(to)) = (from.group, to.group) {
                *cell = flows.and(*cell, self.between(from, to, near));
            }
        }
    }
}

type OnNodes = HashMap<Option<NodeId>, Vec<Seat>>;

/// Two that are not on one node.
fn apart(from: &OnNodes, to: &OnNodes) -> Option<(Seat, Seat)> {
    let mut pairs = from.iter().flat_map(|(node, seats)| {
        to.iter()
            .filter(move |(other, _)| node.is_none() || *other != node)
            .map(move |(_, others)| (seats, others))
    });
    pairs.find_map(|(seats, others)| two(seats, others))
}

/// Two on one node.
fn together(from: &OnNodes, to: &OnNodes) -> Option<(Seat, Seat)> {
    from.iter().filter(|(node, _)| node.is_some()).find_map(|(node, seats)| two(seats, to.get(node)?))
}

/// Two who are not the same.
fn two(seats: &[Seat], others: &[Seat]) -> Option<(Seat, Seat)> {
    seats.iter().find_map(|from| others.iter().find(|to| *to != from).map(|to| (*from, *to)))
}
