//! What two snapshots of a cluster let pass and what not, compared by who is who and not by what is written.

use std::sync::Arc;

use hashbrown::HashMap;
use ringwall_model::network::Protocol;
use ringwall_model::{Decision, ObjectRef, Verdict};

use crate::pairs::{AddressRange, ClassSet, FoldedParty, Member, Reach, cuts};
use crate::{Allowed, Network, Origin, Party, Traffic};

/// Labels that controllers make up anew at each rollout: they name nobody.
///
/// Sources: Kubernetes, *Deployments* (`pod-template-hash`), *Well-Known Labels* (`controller-revision-hash`,
/// `statefulset.kubernetes.io/pod-name`, `apps.kubernetes.io/pod-index`, `batch.kubernetes.io/controller-uid`, `batch.kubernetes.io/job-name` and
/// the two older names of the latter).
pub(crate) const PASSING_LABELS: [&str; 9] = [
    "pod-template-hash",
    "controller-revision-hash",
    "pod-template-generation",
    "statefulset.kubernetes.io/pod-name",
    "apps.kubernetes.io/pod-index",
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-name",
    "controller-uid",
    "job-name",
];

/// How many pairs are asked for an example, and members of a class looked at.
const TRIED: usize = 16;

/// What is different between two snapshots.
#[derive(Clone, Debug, Default)]
pub struct Diff {
    /// Pairs that are in both snapshots and between which other packets pass now. In a stable order.
    pub changes: Vec<Change>,
    /// Who is only in the second snapshot.
    pub added: Vec<DiffParty>,
    /// Who is only in the first.
    pub removed: Vec<DiffParty>,
}

/// One who is told of, in a way that outlives rollouts and renamed pods.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DiffParty {
    /// The pods of a workload.
    Workload(ObjectRef),
    /// Pods without a workload, by their namespace and those labels that last.
    Pods {
        /// Their namespace.
        namespace: Arc<str>,
        /// Their labels, by key.
        labels: Vec<(Arc<str>, Arc<str>)>,
    },
    /// The nodes, all together.
    Nodes,
    /// Ranges of the outside.
    Outside(Vec<AddressRange>),
}

/// What is different between everybody of some parties and everybody of others.
#[derive(Clone, Debug)]
pub struct Change {
    /// The senders, all alike in both snapshots.
    pub from: Vec<DiffParty>,
    /// Those who are sent to, likewise.
    pub to: Vec<DiffParty>,
    /// What passes now and did not, or for more pods than it did; what could not be judged counts as passing.
    pub opened: Option<Turn>,
    /// What passed and does no longer, or for fewer pods.
    pub closed: Option<Turn>,
}

/// One way in which a pair changed.
#[derive(Clone, Debug)]
pub struct Turn {
    /// The packets.
    pub traffic: Traffic,
    /// What the first snapshot says of one of them between two of the pair, with its reasons; `None` where only protocols without a name
    /// changed, of which nobody can be asked.
    pub before: Option<Decision>,
    /// What the second says.
    pub after: Option<Decision>,
}

/// A side of the comparison: classes by party.
struct Side<'r, 'n, 'a> {
    reach: &'r Reach<'n, 'a>,
    sets: HashMap<DiffParty, ClassSet>,
    outside: HashMap<AddressRange, u32>,
}

/// Parties that are alike in both snapshots, with the classes they are in before and after.
struct Group {
    parties: Vec<DiffParty>,
    sets: [Vec<u32>; 2],
    /// Of the first of them, classes in which it has one member.
    alone: [Vec<u32>; 2],
}

/// Compares two snapshots.
///
/// A workload is itself as long as it has its kind, namespace and name; pods without one are those with the same labels. Nodes count
/// together, and the outside is cut by the blocks of both. Pairs with somebody who is in one snapshot only are no change.
pub fn diff(before: &Network<'_>, after: &Network<'_>) -> Diff {
    let apart: Vec<AddressRange> = cuts(before).into_iter().chain(cuts(after)).collect();
    let (first, second) = (Reach::with(before, &[], &apart), Reach::with(after, &[], &apart));
    let (first, second) = (Side::new(&first), Side::new(&second));
    let mut result =
        Diff { added: only_in(&second, &first), removed: only_in(&first, &second), changes: Vec::new() };
    let groups = groups(&first, &second);
    for from in &groups {
        for to in &groups {
            let (Some(was), Some(is)) = (first.between(from, to, 0), second.between(from, to, 1)) else {
                continue;
            };
            if was == is {
                continue;
            }
            let more = |(all, some): &(Allowed, Traffic), (other, others): &(Allowed, Traffic)| {
                let more = some.without(others).or(&all.traffic.without(&other.traffic));
                (!more.is_none()).then_some(more)
            };
            let turn = |traffic: Traffic, opened: bool| {
                let asked = sample(&traffic);
                Turn {
                    before: asked.and_then(|packet| first.example(from, to, 0, packet, !opened)),
                    after: asked.and_then(|packet| second.example(from, to, 1, packet, opened)),
                    traffic,
                }
            };
            let opened = more(&is, &was).map(|traffic| turn(traffic, true));
            let closed = more(&was, &is).map(|traffic| turn(traffic, false));
            if opened.is_some() || closed.is_some() {
                result.changes.push(Change {
                    from: from.parties.clone(),
                    to: to.parties.clone(),
                    opened,
                    closed,
                });
            }
        }
    }
    result
}

impl<'r, 'n, 'a> Side<'r, 'n, 'a> {
    fn new(reach: &'r Reach<'n, 'a>) -> Self {
        let network = reach.network();
        let (parties, classes) = reach.parties();
        let mut sets: HashMap<DiffParty, ClassSet> = HashMap::new();
        for (party, classes) in parties.into_iter().zip(classes) {
            if let Some(party) = lasting(network, party) {
                sets.entry(party).or_default().extend(&classes);
            }
        }
        let mut outside = HashMap::new();
        for (class, content) in (0..).zip(reach.classes()) {
            for member in &content.members {
                if let Member::Outside(range) = member {
                    outside.insert(*range, class);
                }
            }
        }
        Self { reach, sets, outside }
    }

    fn between(&self, from: &Group, to: &Group, at: usize) -> Option<(Allowed, Traffic)> {
        let only = std::ptr::eq(from, to) && from.parties.len() == 1;
        let alone = from.alone.get(at).filter(|_| only).map_or(&[][..], Vec::as_slice);
        self.reach.between_sets(from.sets.get(at)?, to.sets.get(at)?, alone)
    }

    /// The decision for a packet between two members of whom it passes, or of whom it doesn't for certain, as `passes` wants it.
    fn example(
        &self,
        from: &Group,
        to: &Group,
        at: usize,
        (protocol, port): (Protocol, u16),
        passes: bool,
    ) -> Option<Decision> {
        let network = self.reach.network();
        let shows = |allowed: &Allowed| {
            let certain = allowed.traffic.contains(protocol, port);
            if passes { certain || allowed.uncertain.contains(protocol, port) } else { !certain }
        };
        let (senders, getters) = (from.sets.get(at)?, to.sets.get(at)?);
        let pairs =
            senders.iter().flat_map(|from| getters.iter().map(move |to| (*from as usize, *to as usize)));
        let members = pairs.filter(|(from, to)| self.reach.between(*from, *to).is_some_and(shows)).flat_map(
            |(from, to)| {
                let of = move |class: usize| {
                    let members = self.reach.classes().get(class).map_or(&[][..], |class| &class.members);
                    members.iter().take(TRIED).filter_map(move |member| self.party(class, *member))
                };
                of(from).flat_map(move |sender| of(to).map(move |getter| (sender, getter)))
            },
        );
        members
            .filter(|(sender, getter)| !network.exempt(*sender, *getter))
            .take(TRIED)
            .map(|(sender, getter)| network.decide(sender, getter, protocol, port))
            .find(|decision| decision.verdict != if passes { Verdict::Denied } else { Verdict::Allowed })
    }

    fn party(&self, class: usize, member: Member) -> Option<Party<'_>> {
        let network = self.reach.network();
        match member {
            Member::Pod(id) => network.pod(id).map(Party::Pod),
            Member::Node(id) => network.node(id).map(Party::Node),
            Member::NodeAddress(_, address) => Some(Party::Address(address)),
            Member::Outside(_) => self.reach.sample(class).map(Party::Address),
            Member::Model(_) => None,
        }
    }
}

/// Who a party is in every snapshot. Ranges of the outside are compared apart from others.
fn lasting(network: &Network<'_>, party: FoldedParty) -> Option<DiffParty> {
    match party {
        FoldedParty::Workload(reference) => {
            let pod =
                reference.namespace.as_deref().and_then(|name| network.pod_named(name, &reference.name));
            let alone =
                pod.filter(|pod| matches!(pod.origin, Origin::Live(_)) && *pod.reference() == reference);
            let Some(pod) = alone else { return Some(DiffParty::Workload(reference)) };
            let mut labels: Vec<_> = lasting_labels(pod.labels()).cloned().collect();
            labels.sort_unstable();
            Some(DiffParty::Pods { namespace: reference.namespace.clone().unwrap_or_default(), labels })
        }
        FoldedParty::Node(_) => Some(DiffParty::Nodes),
        FoldedParty::Outside(_) | FoldedParty::Model(_) => None,
    }
}

/// Labels that a workload's pods have whenever they are made.
pub(crate) fn lasting_labels(labels: &crate::Labels) -> impl Iterator<Item = &(Arc<str>, Arc<str>)> {
    labels.iter().filter(|(key, _)| !PASSING_LABELS.contains(&&**key))
}

fn only_in(here: &Side<'_, '_, '_>, there: &Side<'_, '_, '_>) -> Vec<DiffParty> {
    let mut only: Vec<DiffParty> =
        here.sets.keys().filter(|party| !there.sets.contains_key(*party)).cloned().collect();
    only.sort_unstable();
    only
}

/// Who is in both, with those together who are alike in both.
fn groups(first: &Side<'_, '_, '_>, second: &Side<'_, '_, '_>) -> Vec<Group> {
    let mut both: Vec<(DiffParty, [ClassSet; 2])> = (first.sets.iter())
        .filter_map(|(party, before)| {
            Some((party.clone(), [before.clone(), second.sets.get(party)?.clone()]))
        })
        .collect();
    both.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    let mut ranges: Vec<(u32, u32, AddressRange)> = (first.outside.iter())
        .filter_map(|(range, before)| Some((*before, *second.outside.get(range)?, *range)))
        .collect();
    ranges.sort_unstable_by_key(|(.., range)| *range);
    let mut outside: Vec<((u32, u32), Vec<AddressRange>)> = Vec::new();
    let mut places: HashMap<(u32, u32), usize> = HashMap::new();
    for (before, after, range) in ranges {
        let at = *places.entry((before, after)).or_insert_with(|| {
            outside.push(((before, after), Vec::new()));
            outside.len() - 1
        });
        if let Some((_, ranges)) = outside.get_mut(at) {
            ranges.push(range);
        }
    }
    let outside = outside.into_iter().map(|((before, after), ranges)| {
        let set = |class| ClassSet { classes: vec![class], alone: Vec::new() };
        (DiffParty::Outside(AddressRange::joined(ranges)), [set(before), set(after)])
    });
    let mut groups: Vec<Group> = Vec::new();
    let mut places: HashMap<[Vec<u32>; 2], usize> = HashMap::new();
    for (party, [before, after]) in both.into_iter().chain(outside) {
        let at = *places.entry([before.classes, after.classes]).or_insert_with_key(|sets| {
            let alone = [before.alone, after.alone];
            groups.push(Group { parties: Vec::new(), sets: sets.clone(), alone });
            groups.len() - 1
        });
        if let Some(group) = groups.get_mut(at) {
            group.parties.push(party);
        }
    }
    groups
}

/// A packet to ask about.
fn sample(traffic: &Traffic) -> Option<(Protocol, u16)> {
    traffic.spans().find_map(|span| Some((span.protocol?, span.first)))
}
