//! Pairs of ends that nothing tells apart, so that a question about large workloads is answered by a few of their pairs.

use std::net::IpAddr;

use hashbrown::HashMap;
use hashbrown::HashSet;
use ipnet::IpNet;
use ringwall_model::network::{ContainerPort, Peer};

use super::ways::Way;
use crate::groups;
use crate::network::{Direction, Network};
use crate::party::{Labels, NamespaceId, NodeId, Party, PodId, PolicyId};
use crate::rules::rules;

/// What can make a difference between two parties to the same third one, apart from how near they are to it.
#[derive(PartialEq, Eq, Hash)]
enum Traits<'n> {
    Pod {
        namespace: NamespaceId,
        /// Those that a rule asks for.
        labels: Vec<(&'n str, &'n str)>,
        ports: &'n [ContainerPort],
        host_network: bool,
        selecting: [&'n [PolicyId]; 2],
        /// Of each address its family and the blocks that hold it.
        addresses: Vec<(bool, Vec<usize>)>,
        groups: Option<groups::Class>,
    },
    Node(NodeId),
    Address(IpAddr),
}

/// How near two parties are.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Nearness {
    Same,
    OneNode,
    Apart,
}

/// Tells which pairs are like one that was seen before.
pub(super) struct Alike<'n, 'a> {
    network: &'n Network<'a>,
    /// Blocks of all rules that can be asked.
    blocks: Vec<IpNet>,
    /// Keys of labels that their peers ask for.
    keys: HashSet<&'n str>,
    numbers: HashMap<Traits<'n>, usize>,
    known: HashMap<PodId, usize>,
    seen: HashSet<(usize, usize, u16, Nearness)>,
}

impl<'n, 'a> Alike<'n, 'a> {
    pub(super) fn new(network: &'n Network<'a>, sources: &[Party<'n>], ways: &[Way<'n>]) -> Self {
        let mut asked: HashSet<(PolicyId, Direction)> = HashSet::new();
        let senders = sources.iter().map(|party| (*party, Direction::Egress));
        for (party, way) in senders.chain(ways.iter().map(|way| (way.party, Direction::Ingress))) {
            if let Party::Pod(pod) = party {
                asked.extend(network.selecting_ids(pod.id, way).iter().map(|id| (*id, way)));
            }
        }
        let mut blocks: Vec<IpNet> = Vec::new();
        let mut keys = HashSet::new();
        for (id, way) in asked {
            let policy = network.policies.get(id.index()).map(|entry| entry.policy);
            let rules = policy.and_then(|policy| rules(policy, way)).into_iter().flatten();
            for peer in rules.flat_map(|rule| &rule.peers).flatten() {
                match peer {
                    Peer::Block { cidr, except } => {
                        blocks.push(*cidr);
                        blocks.extend(except);
                    }
                    Peer::Pods(scope) => {
                        let requirements = scope.pods.iter().flat_map(|selector| &selector.requirements);
                        keys.extend(requirements.map(|requirement| &*requirement.key));
                    }
                    // Nodes are each judged by themselves, and the others tell no pods apart.
                    Peer::Nodes(_) | Peer::DomainName(_) | Peer::Unreadable(_) => {}
                }
            }
        }
        blocks.sort_unstable();
        blocks.dedup();
        Self { network, blocks, keys, numbers: HashMap::new(), known: HashMap::new(), seen: HashSet::new() }
    }

    /// Whether a pair is the first of its kind.
    pub(super) fn is_new(&mut self, from: Party<'n>, way: &Way<'n>) -> bool {
        let nearness = match (from, way.party) {
            (Party::Pod(from), Party::Pod(to)) if from.id == to.id => Nearness::Same,
            (from, to) => match self.network.node_of(from) {
                Some(node) if self.network.node_of(to) == Some(node) => Nearness::OneNode,
                _ => Nearness::Apart,
            },
        };
        let kind = (self.number(from), self.number(way.party), way.port, nearness);
        self.seen.insert(kind)
    }

    fn number(&mut self, party: Party<'n>) -> usize {
        let known = match party {
            Party::Pod(pod) => self.known.get(&pod.id).copied(),
            Party::Node(_) | Party::Address(_) => None,
        };
        if let Some(number) = known {
            return number;
        }
        let traits = self.traits(party);
        let next = self.numbers.len();
        let number = *self.numbers.entry(traits).or_insert(next);
        if let Party::Pod(pod) = party {
            self.known.insert(pod.id, number);
        }
        number
    }

    fn asked_for(&self, labels: &'n Labels) -> Vec<(&'n str, &'n str)> {
        let pairs = labels.iter().map(|(key, value)| (&**key, &**value));
        let mut asked: Vec<_> = pairs.filter(|(key, _)| self.keys.contains(key)).collect();
        asked.sort_unstable();
        asked
    }

    fn traits(&self, party: Party<'n>) -> Traits<'n> {
        let pod = match party {
            Party::Pod(pod) => pod,
            Party::Node(node) => return Traits::Node(node.id),
            Party::Address(address) => return Traits::Address(address),
        };
        let held = |address: &IpAddr| {
            let holds = self.blocks.iter().enumerate().filter(|(_, block)| block.contains(address));
            (address.is_ipv4(), holds.map(|(at, _)| at).collect())
        };
        Traits::Pod {
            namespace: pod.namespace,
            labels: self.asked_for(pod.labels()),
            ports: &pod.parts().ports,
            host_network: pod.host_network(),
            selecting: Direction::ALL.map(|way| self.network.selecting_ids(pod.id, way)),
            addresses: pod.parts().addresses.iter().map(held).collect(),
            groups: self.network.groups.as_ref().map(|groups| groups.class(self.network, party)),
        }
    }
}
