//! Many links told by few: what everybody reaches is said once, and namespaces stand for their members where all of them may the same.

use std::collections::{BTreeMap, BTreeSet};

use ringwall_network::Traffic;

use crate::graph::{Graph, Group, Side};

/// One end of an [`Edge`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Unit {
    /// Every member of a group, by its place in [`Folded::groups`].
    Group(usize),
    /// A party, by its place in [`Graph::parties`].
    Party(usize),
}

/// What gets from one unit to another, beyond what is open.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    /// Who sends.
    pub from: Unit,
    /// Who receives.
    pub to: Unit,
    /// What is allowed.
    pub allowed: Traffic,
    /// What is not certain: see [`Link`](crate::Link).
    pub possible: Traffic,
}

/// A graph, folded. Exact: what is open, and the edges, are all links and nothing else.
#[derive(Clone, Debug)]
pub struct Folded {
    /// Who is drawn together.
    pub groups: Vec<Group>,
    /// Of each party, which group it is in.
    pub group_of: Vec<usize>,
    /// Of each party, whether it is one of the many that send freely; those of [`Side::Pods`] alone can be.
    pub free: Vec<bool>,
    /// Of each party, what everybody who sends freely reaches of it.
    pub open: Vec<Traffic>,
    /// Of each party, what all of the outside reaches of it.
    pub from_outside: Vec<Traffic>,
    /// Of each party, what it reaches of all of the outside.
    pub to_outside: Vec<Traffic>,
    /// What else gets through, in order.
    pub edges: Vec<Edge>,
}

/// What is allowed, and what is possible.
type Label = (Traffic, Traffic);

/// Folds a graph.
pub fn fold(graph: &Graph) -> Folded {
    let groups = graph.groups();
    let mut group_of = vec![0; graph.parties.len()];
    for (at, group) in groups.iter().enumerate() {
        for member in &group.members {
            if let Some(place) = group_of.get_mut(*member) {
                *place = at;
            }
        }
    }
    let sides: Vec<Option<Side>> =
        (graph.classes.iter()).map(|members| Some(graph.parties.get(*members.first()?)?.side)).collect();
    let table = Table::new(graph);
    let free = if graph.is_part { BTreeSet::new() } else { free(graph, &table, &sides) };
    let outside: Vec<usize> =
        (0..graph.classes.len()).filter(|class| sides.get(*class) == Some(&Some(Side::Outside))).collect();
    let senders: Vec<usize> = (0..graph.classes.len()).filter(|class| free.contains(class)).collect();
    let mut folded = Folded {
        free: vec![false; graph.parties.len()],
        open: vec![Traffic::none(); graph.parties.len()],
        from_outside: vec![Traffic::none(); graph.parties.len()],
        to_outside: vec![Traffic::none(); graph.parties.len()],
        groups,
        group_of,
        edges: Vec::new(),
    };
    let mut residues: Vec<(usize, usize, Label)> = Vec::new();
    let (mut open, mut from_outside, mut to_outside) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for class in 0..graph.classes.len() {
        if sides.get(class) == Some(&Some(Side::Outside)) {
            continue;
        }
        if sides.get(class) == Some(&Some(Side::Pods)) {
            open.insert(class, table.common(senders.iter().map(|from| (*from, class)), graph));
        }
        from_outside.insert(class, table.common(outside.iter().map(|from| (*from, class)), graph));
        to_outside.insert(class, table.common(outside.iter().map(|to| (class, *to)), graph));
    }
    for (class, members) in graph.classes.iter().enumerate() {
        for member in members {
            let put = |list: &mut Vec<Traffic>, from: &BTreeMap<usize, Traffic>| {
                if let (Some(place), Some(traffic)) = (list.get_mut(*member), from.get(&class)) {
                    place.clone_from(traffic);
                }
            };
            put(&mut folded.open, &open);
            put(&mut folded.from_outside, &from_outside);
            put(&mut folded.to_outside, &to_outside);
            if let Some(place) = folded.free.get_mut(*member) {
                *place = free.contains(&class);
            }
        }
    }
    for link in &graph.links {
        let (from_side, to_side) =
            (sides.get(link.from).copied().flatten(), sides.get(link.to).copied().flatten());
        let said = match (from_side, to_side) {
            (Some(Side::Outside), _) => from_outside.get(&link.to),
            (_, Some(Side::Outside)) => to_outside.get(&link.from),
            _ if free.contains(&link.from) => open.get(&link.to),
            _ => None,
        };
        // What is open is not told again; where more gets through, all of it is told, as nobody adds up ports.
        let is_told = said.is_some_and(|said| link.allowed.without(said).is_none());
        let allowed = if is_told { Traffic::none() } else { link.allowed.clone() };
        if !allowed.is_none() || !link.possible.is_none() {
            residues.push((link.from, link.to, (allowed, link.possible.clone())));
        }
    }
    folded.edges = edges(graph, &folded, &residues);
    folded
}

/// Links by their ends.
struct Table<'g>(BTreeMap<(usize, usize), &'g Traffic>);

impl<'g> Table<'g> {
    fn new(graph: &'g Graph) -> Self {
        Self(graph.links.iter().map(|link| ((link.from, link.to), &link.allowed)).collect())
    }

    /// What all of these pairs of classes let through; nothing if there are none. A class of one has no pair with itself.
    fn common(&self, pairs: impl Iterator<Item = (usize, usize)>, graph: &Graph) -> Traffic {
        let mut common: Option<Traffic> = None;
        for (from, to) in pairs {
            if from == to && graph.members(from).len() < 2 {
                continue;
            }
            let Some(traffic) = self.0.get(&(from, to)) else { return Traffic::none() };
            common = Some(common.map_or_else(|| (*traffic).clone(), |common| common.and(traffic)));
        }
        common.unwrap_or_default()
    }
}

/// The classes of pods that send freely: those that reach as much as anybody does of at least half as many parties as the class of which
/// that is true of most. Where most pods have no policy for what they send, these are most pods, and what all of them reach need be said
/// once.
fn free(graph: &Graph, table: &Table<'_>, sides: &[Option<Side>]) -> BTreeSet<usize> {
    let is_pods = |class: &usize| sides.get(*class) == Some(&Some(Side::Pods));
    let mut most_of: BTreeMap<usize, Traffic> = BTreeMap::new();
    let between_pods = || table.0.iter().filter(|((from, to), _)| is_pods(from) && is_pods(to));
    for ((_, to), traffic) in between_pods() {
        let most = most_of.entry(*to).or_default();
        *most = most.or(traffic);
    }
    let mut reached: BTreeMap<usize, usize> = BTreeMap::new();
    for ((from, to), traffic) in between_pods() {
        if !traffic.is_none() && most_of.get(to) == Some(*traffic) {
            *reached.entry(*from).or_default() += graph.members(*to).len();
        }
    }
    let most = reached.values().copied().max().unwrap_or(0);
    reached.into_iter().filter(|(_, count)| most > 0 && count * 2 >= most).map(|(class, _)| class).collect()
}

/// Folds what is left into edges: senders first, then receivers.
fn edges(graph: &Graph, folded: &Folded, residues: &[(usize, usize, Label)]) -> Vec<Edge> {
    let mut senders: BTreeMap<(usize, &Label), Vec<usize>> = BTreeMap::new();
    for (from, to, label) in residues {
        senders.entry((*to, label)).or_default().push(*from);
    }
    let mut receivers: BTreeMap<(Unit, &Label), BTreeSet<usize>> = BTreeMap::new();
    for ((to, label), classes) in &senders {
        let loops = classes.contains(to);
        let from: BTreeSet<usize> = classes.iter().flat_map(|class| graph.members(*class)).copied().collect();
        let to = graph.members(*to);
        // A receiver that stands alone does not send to itself, and its namespace is whole without it.
        let alone = match to {
            [one] if !loops => Some(*one),
            _ => None,
        };
        for unit in units(folded, &from, alone) {
            // Members of a class with a link to itself send to each other; those without are not among the senders.
            receivers.entry((unit, label)).or_default().extend(to.iter().copied());
        }
    }
    let mut edges = Vec::new();
    for ((from, label), to) in &receivers {
        let alone = match from {
            Unit::Party(one) => Some(*one),
            Unit::Group(_) => None,
        };
        let to: BTreeSet<usize> = to.iter().copied().filter(|to| Some(*to) != alone).collect();
        for unit in units(folded, &to, alone) {
            edges.push(Edge { from: *from, to: unit, allowed: label.0.clone(), possible: label.1.clone() });
        }
    }
    edges.sort();
    edges
}

impl Folded {
    /// Parties as whole groups, where all members of one are there, and the rest one by one.
    pub fn units(&self, parties: &BTreeSet<usize>) -> Vec<Unit> {
        units(self, parties, None)
    }
}

/// The same, where one party may be missing from its group because it is the other end itself.
fn units(folded: &Folded, parties: &BTreeSet<usize>, alone: Option<usize>) -> Vec<Unit> {
    let mut of_group: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for party in parties {
        if let Some(group) = folded.group_of.get(*party) {
            of_group.entry(*group).or_default().push(*party);
        }
    }
    let mut units = Vec::new();
    for (group, members) in of_group {
        let all = folded.groups.get(group).map_or(&[][..], |group| group.members.as_slice());
        let missing = alone.is_some_and(|alone| all.contains(&alone) && !parties.contains(&alone));
        if members.len() > 1 && members.len() + usize::from(missing) == all.len() {
            units.push(Unit::Group(group));
        } else {
            units.extend(members.into_iter().map(Unit::Party));
        }
    }
    units
}
