use hashbrown::HashMap;
use ringwall_model::ObjectRef;

use super::classes::{Class, Kind, Member};
use super::{AddressRange, Reach};
use crate::{Allowed, NodeId, Origin, PodEntry, Traffic};

/// All pairs told by workload.
#[derive(Clone, Debug)]
pub struct Folded {
    /// Workloads and pods without any in the order of the network's pods, nodes, and ranges of the outside that nothing tells apart.
    pub parties: Vec<FoldedParty>,
    /// Parties that are treated alike, by their places in `parties`; each is in exactly one.
    pub classes: Vec<Vec<usize>>,
    /// What passes between two parties of two classes (or of one), in order; nothing does where there is no link.
    pub links: Vec<FoldedLink>,
}

/// One who is told of.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FoldedParty {
    /// The pods of a workload, or a pod that has none.
    Workload(ObjectRef),
    /// A node, with all its addresses and the pods on its network.
    Node(NodeId),
    /// Ranges of the outside.
    Outside(Vec<AddressRange>),
    /// A pod that doesn't exist, by its place in the list that was given.
    Model(usize),
}

/// What passes from each party of a class to each (other) party of a class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoldedLink {
    /// The sending class.
    pub from: usize,
    /// The receiving class.
    pub to: usize,
    /// What passes between all their pods; what is uncertain for any of them is uncertain.
    pub all: Allowed,
    /// What passes between some of them, or may.
    pub some: Traffic,
}

/// Classes that a party has members in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct ClassSet {
    /// The classes, ascending.
    pub(crate) classes: Vec<u32>,
    /// Those of them in which it has one member, which sends nothing to itself by a network.
    pub(crate) alone: Vec<u32>,
}

impl ClassSet {
    /// Counts in one more member of a class.
    fn add(&mut self, class: u32) {
        match self.classes.binary_search(&class) {
            Ok(_) => self.alone.retain(|alone| *alone != class),
            Err(at) => {
                self.classes.insert(at, class);
                self.alone.push(class);
            }
        }
    }

    /// Counts in all members of another party.
    pub(crate) fn extend(&mut self, other: &Self) {
        for class in &other.classes {
            self.add(*class);
            if !other.alone.contains(class) {
                self.add(*class);
            }
        }
    }
}

impl Reach<'_, '_> {
    /// Folds all pairs by workload: what passes between two workloads is what passes between all their pods.
    ///
    /// Where security groups treat two on one node differently, a link counts both cases, as pods move. Exemptions (of one's own node) are
    /// not told.
    pub fn folded(&self) -> Folded {
        let (parties, sets) = self.parties();
        let mut ids: HashMap<&[u32], usize> = HashMap::new();
        let mut classes: Vec<Vec<usize>> = Vec::new();
        let mut of_class: Vec<&ClassSet> = Vec::new();
        for (at, set) in sets.iter().enumerate() {
            let id = *ids.entry(set.classes.as_slice()).or_insert_with(|| {
                classes.push(Vec::new());
                of_class.push(set);
                classes.len() - 1
            });
            if let Some(class) = classes.get_mut(id) {
                class.push(at);
            }
        }
        let mut links = Vec::new();
        for (from, senders) in of_class.iter().enumerate() {
            let only = classes.get(from).is_some_and(|parties| parties.len() == 1);
            for (to, getters) in of_class.iter().enumerate() {
                let alone = if only && from == to { senders.alone.as_slice() } else { &[] };
                if let Some((all, some)) = self.between_sets(&senders.classes, &getters.classes, alone)
                    && !some.is_none()
                {
                    links.push(FoldedLink { from, to, all, some });
                }
            }
        }
        Folded { parties, classes, links }
    }

    /// The parties, and where each has members.
    pub(crate) fn parties(&self) -> (Vec<FoldedParty>, Vec<ClassSet>) {
        let mut places: HashMap<FoldedParty, usize> = HashMap::new();
        let mut parties: Vec<(FoldedParty, ClassSet)> = Vec::new();
        for (class, content) in (0u32..).zip(self.classes()) {
            for party in self.members_by_party(content) {
                let at = *places.entry(party).or_insert_with_key(|party| {
                    parties.push((party.clone(), ClassSet::default()));
                    parties.len() - 1
                });
                if let Some((_, set)) = parties.get_mut(at) {
                    set.add(class);
                }
            }
        }
        let order = |party: &FoldedParty| match party {
            FoldedParty::Workload(reference) => (0, reference.namespace.clone(), reference.name.clone(), 0),
            FoldedParty::Node(id) => (1, None, "".into(), id.index()),
            FoldedParty::Outside(_) => (2, None, "".into(), 0),
            FoldedParty::Model(at) => (3, None, "".into(), *at),
        };
        parties.sort_by(|(a, _), (b, _)| order(a).cmp(&order(b)).then_with(|| a.cmp(b)));
        parties.into_iter().unzip()
    }

    /// Parties of a class' members.
    fn members_by_party(&self, class: &Class) -> Vec<FoldedParty> {
        if class.kind == Kind::Outside {
            let ranges = class.members.iter().filter_map(|member| match member {
                Member::Outside(range) => Some(*range),
                _ => None,
            });
            return vec![FoldedParty::Outside(AddressRange::joined(ranges))];
        }
        let of = |member: &Member| match member {
            Member::Pod(id) => self.network.pod(*id).map(|pod| self.party_of(pod)),
            Member::Node(id) | Member::NodeAddress(id, _) => Some(FoldedParty::Node(*id)),
            Member::Outside(_) => None,
            Member::Model(at) => Some(FoldedParty::Model(*at)),
        };
        class.members.iter().filter_map(of).collect()
    }

    /// Who a pod is told as: the highest workload above it that is known, by the snapshot or by the pod alone; of a pod on its node's network
    /// the node.
    pub fn party_of(&self, pod: &PodEntry<'_>) -> FoldedParty {
        if let Some(node) = pod.node.filter(|_| pod.host_network()) {
            return FoldedParty::Node(node);
        }
        let named = match pod.origin {
            Origin::Live(_) => self.network.pod(pod.id).and_then(|pod| self.network.workload_of(pod)),
            Origin::Template(workload) => Some(workload),
        };
        let told = pod.parts().owner.as_ref();
        FoldedParty::Workload(
            named.map(|workload| &workload.reference).or(told).unwrap_or(pod.reference()).clone(),
        )
    }

    /// What passes between all members of some classes and all of others, and between some; `None` where none of them are judged.
    ///
    /// `alone` are classes of which only one member is meant, at both ends the same.
    pub(crate) fn between_sets(
        &self,
        senders: &[u32],
        getters: &[u32],
        alone: &[u32],
    ) -> Option<(Allowed, Traffic)> {
        let mut found: Option<(Allowed, Traffic)> = None;
        for from in senders {
            for to in getters {
                let same = from == to && alone.contains(from);
                let (from, to) = (*from as usize, *to as usize);
                let pods = |class: usize| self.classes().get(class).is_some_and(Class::is_pods);
                if same || (!pods(from) && !pods(to)) {
                    continue;
                }
                let near = (!self.near.is_empty()).then(|| self.between_on_one_node(from, to));
                for allowed in std::iter::once(self.between(from, to)).chain(near) {
                    let allowed = allowed?;
                    let possible = allowed.traffic.or(&allowed.uncertain);
                    found = Some(match found {
                        None => (allowed.clone(), possible),
                        Some((all, some)) => (all.and(allowed), some.or(&possible)),
                    });
                }
            }
        }
        found
    }
}
