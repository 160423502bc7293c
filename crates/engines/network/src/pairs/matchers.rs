use std::sync::Arc;

use hashbrown::HashMap;
use ringwall_model::LabelSelector;
use ringwall_model::network::{NetworkPolicy, Peer, PodScope, PortMatch, Protocol};

use super::space::Block;
use crate::{Direction, rules};

/// Container ports whose names some rule asks for: name, protocol, port; ascending.
pub(crate) type NamedPorts = Vec<(Arc<str>, Protocol, u16)>;

/// What tells peers apart: each selector and each block of any rule once.
#[derive(Debug, Default)]
pub(crate) struct Matchers {
    pub(crate) scopes: Vec<PodScope>,
    scope_ids: HashMap<PodScope, u32>,
    pub(crate) nodes: Vec<LabelSelector>,
    node_ids: HashMap<LabelSelector, u32>,
    pub(crate) blocks: Vec<Block>,
    block_ids: HashMap<Block, u32>,
    /// Lists of peers, each once.
    pub(crate) lists: Vec<PeerList>,
    list_ids: HashMap<PeerList, u32>,
    /// Names of ports, ascending.
    pub(crate) names: Vec<Arc<str>>,
    /// For each policy in the network's order what its ingress and its egress look at.
    pub(crate) policies: Vec<[Looks; 2]>,
}

/// The peers of a rule, by the numbers of their matchers, ascending.
///
/// Peers of which nobody knows whom they match are not here: they are alike for all of one [`Kind`](super::classes::Kind).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct PeerList {
    pub(crate) scopes: Vec<u32>,
    pub(crate) nodes: Vec<u32>,
    pub(crate) blocks: Vec<u32>,
}

/// What a direction of a policy looks at, beyond whom it is about.
#[derive(Debug, Default)]
pub(crate) struct Looks {
    /// Lists of peers of its rules.
    pub(crate) lists: Vec<u32>,
    /// Whether a rule names a port.
    pub(crate) names_ports: bool,
}

impl Matchers {
    pub(crate) fn new<'p>(policies: impl Iterator<Item = &'p NetworkPolicy>) -> Self {
        let mut matchers = Self::default();
        for policy in policies {
            let looks = Direction::ALL.map(|direction| matchers.looks(policy, direction));
            matchers.policies.push(looks);
        }
        matchers.names.sort_unstable();
        matchers.names.dedup();
        matchers
    }

    fn looks(&mut self, policy: &NetworkPolicy, direction: Direction) -> Looks {
        let mut looks = Looks::default();
        for rule in rules(policy, direction).unwrap_or_default() {
            if let Some(peers) = &rule.peers {
                looks.lists.push(self.list(peers));
            }
            for port in rule.ports.iter().flatten() {
                if let PortMatch::Named { name, .. } = port {
                    looks.names_ports = true;
                    self.names.push(Arc::clone(name));
                }
            }
        }
        looks.lists.sort_unstable();
        looks.lists.dedup();
        looks
    }

    /// What a policy looks at, by its place in the network's order.
    pub(crate) fn looks_of(&self, policy: usize, direction: Direction) -> Option<&Looks> {
        let [ingress, egress] = self.policies.get(policy)?;
        Some(match direction {
            Direction::Ingress => ingress,
            Direction::Egress => egress,
        })
    }

    fn list(&mut self, peers: &[Peer]) -> u32 {
        let mut list = PeerList::default();
        for peer in peers {
            match peer {
                Peer::Pods(scope) => list.scopes.push(intern(&mut self.scopes, &mut self.scope_ids, scope)),
                Peer::Nodes(selector) => {
                    list.nodes.push(intern(&mut self.nodes, &mut self.node_ids, selector))
                }
                Peer::Block { cidr, except } => {
                    let block = Block { cidr: cidr.trunc(), except: except.clone() };
                    list.blocks.push(intern(&mut self.blocks, &mut self.block_ids, &block));
                }
                Peer::DomainName(_) | Peer::Unreadable(_) => {}
            }
        }
        for numbers in [&mut list.scopes, &mut list.nodes, &mut list.blocks] {
            numbers.sort_unstable();
            numbers.dedup();
        }
        intern(&mut self.lists, &mut self.list_ids, &list)
    }
}

/// The number of a value, which it gets at its first use.
pub(crate) fn intern<T: Clone + Eq + std::hash::Hash>(
    values: &mut Vec<T>,
    ids: &mut HashMap<T, u32>,
    value: &T,
) -> u32 {
    if let Some(id) = ids.get(value) {
        return *id;
    }
    let id = u32::try_from(values.len()).unwrap_or(u32::MAX);
    values.push(value.clone());
    ids.insert(value.clone(), id);
    id
}
