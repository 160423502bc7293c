use super::bits::Bits;
use super::classes::{Classes, Face, Kind, Member, ModelPod, Profile};
use super::flows::{FlowId, Flows};
use super::matchers::Matchers;
use super::space::{Family, Space};
use crate::{Allowed, Direction, End, Network, Party, PolicyEntry, direction};

/// What each profile lets pass with each face, by number.
#[derive(Debug)]
pub(crate) struct Rows {
    faces: usize,
    ids: Vec<FlowId>,
}

impl Rows {
    pub(crate) fn row(&self, profile: u32) -> &[FlowId] {
        let from = profile as usize * self.faces;
        self.ids.get(from..from + self.faces).unwrap_or_default()
    }
}

/// Fills the rows of one direction.
pub(crate) struct Filler<'n, 'a> {
    pub(crate) network: &'n Network<'a>,
    pub(crate) matchers: &'n Matchers,
    pub(crate) classes: &'n Classes,
    pub(crate) models: &'n [ModelPod],
    /// For each list of peers the faces that it matches.
    lists: Vec<Bits>,
    /// Each face's group before any policy is looked at: by kind and by whether its labels are known.
    kinds: Vec<u32>,
    /// The same with named ports.
    kinds_and_ports: Vec<u32>,
}

impl<'n, 'a> Filler<'n, 'a> {
    pub(crate) fn new(
        network: &'n Network<'a>,
        matchers: &'n Matchers,
        space: &'n Space,
        classes: &'n Classes,
        models: &'n [ModelPod],
    ) -> Self {
        let lists = lists(matchers, space, classes);
        let group = |with_ports: bool| -> Vec<u32> {
            let mut ids = Vec::new();
            let mut numbers = hashbrown::HashMap::new();
            (classes.faces.iter())
                .map(|face| {
                    let key = classes.traits.get(face.class as usize).map(|traits| {
                        let kind = match traits.kind {
                            Kind::Model => Kind::Pod,
                            Kind::NodeAddress => Kind::Node,
                            kind => kind,
                        };
                        (kind, traits.labels_known, with_ports.then_some(traits.ports))
                    });
                    super::matchers::intern(&mut ids, &mut numbers, &key)
                })
                .collect()
        };
        let (kinds, kinds_and_ports) = (group(false), group(true));
        Self { network, matchers, classes, models, lists, kinds, kinds_and_ports }
    }

    pub(crate) fn rows(&self, way: Direction, flows: &mut Flows) -> Rows {
        let profiles = self.profiles(way);
        let faces = self.classes.faces.len();
        let mut ids = Vec::with_capacity(profiles.len() * faces);
        for (profile, owner) in profiles.iter().zip(self.owners(way)) {
            self.row(way, profile, owner, flows, &mut ids);
        }
        Rows { faces, ids }
    }

    fn profiles(&self, way: Direction) -> &'n [Profile] {
        let [ingress, egress] = &self.classes.profiles;
        match way {
            Direction::Ingress => ingress,
            Direction::Egress => egress,
        }
    }

    /// For each profile one who has it.
    fn owners(&self, way: Direction) -> Vec<Option<Member>> {
        let mut owners = vec![None; self.profiles(way).len()];
        for class in &self.classes.classes {
            let profile = match way {
                Direction::Ingress => class.ingress,
                Direction::Egress => class.egress,
            };
            if let (Some(owner), Some(member)) = (owners.get_mut(profile as usize), class.members.first()) {
                owner.get_or_insert(*member);
            }
        }
        owners
    }

    /// One row: one face of each group is judged.
    fn row(
        &self,
        way: Direction,
        profile: &Profile,
        owner: Option<Member>,
        flows: &mut Flows,
        ids: &mut Vec<FlowId>,
    ) {
        if profile.policies.is_empty() {
            ids.extend(self.kinds.iter().map(|_| FlowId::ALL));
            return;
        }
        let mut judged: Vec<Option<FlowId>> = Vec::new();
        for (face, group) in self.classes.faces.iter().zip(self.groups(way, profile)) {
            let group = group as usize;
            if judged.len() <= group {
                judged.resize(group + 1, None);
            }
            let id = match judged.get(group).copied().flatten() {
                Some(id) => id,
                None => {
                    let mut allowed = Allowed::none();
                    self.ask(way, owner, face, &mut |peer, destination| {
                        allowed = direction(self.policies(profile), way, peer, destination);
                    });
                    let id = flows.id(&allowed);
                    if let Some(place) = judged.get_mut(group) {
                        *place = Some(id);
                    }
                    id
                }
            };
            ids.push(id);
        }
    }

    /// Of each face a number that it shares with those that no rule of the profile can tell from it.
    fn groups(&self, way: Direction, profile: &Profile) -> Vec<u32> {
        let looks = profile.policies.iter().filter_map(|policy| self.matchers.looks_of(policy.index(), way));
        let mut lists: Vec<u32> = Vec::new();
        let mut names_ports = false;
        for look in looks {
            lists.extend(&look.lists);
            names_ports |= look.names_ports;
        }
        lists.sort_unstable();
        lists.dedup();
        let by_ports = names_ports && way == Direction::Egress;
        let mut groups = if by_ports { self.kinds_and_ports.clone() } else { self.kinds.clone() };
        for list in lists {
            if let Some(bits) = self.lists.get(list as usize) {
                refine(&mut groups, bits);
            }
        }
        groups
    }

    /// Tells of all that is ever asked of policies: for each profile one peer and destination of each group.
    pub(crate) fn each(&self, way: Direction, tell: &mut impl FnMut(&Profile, &End<'_>, &End<'_>)) {
        for (profile, owner) in self.profiles(way).iter().zip(self.owners(way)) {
            let mut seen = Bits::new(self.classes.faces.len());
            for (face, group) in self.classes.faces.iter().zip(self.groups(way, profile)) {
                if !seen.contains(group as usize) {
                    seen.insert(group as usize);
                    self.ask(way, owner, face, &mut |peer, destination| tell(profile, peer, destination));
                }
            }
        }
    }

    fn policies(&self, profile: &'n Profile) -> impl Iterator<Item = &'n PolicyEntry<'a>> {
        profile.policies.iter().filter_map(|id| self.network.policies().get(id.index()))
    }

    /// Makes a peer of a face and a destination of whichever of the two it is.
    fn ask(
        &self,
        way: Direction,
        owner: Option<Member>,
        face: &Face,
        ask: &mut impl FnMut(&End<'_>, &End<'_>),
    ) {
        let member = self.classes.classes.get(face.class as usize).and_then(|class| class.members.first());
        let (Some(owner), Some(member)) = (owner, member) else { return };
        if let (Some(subject), Some(peer)) = (self.end(owner, face.family), self.end(*member, face.family)) {
            ask(&peer, if way == Direction::Egress { &peer } else { &subject });
        }
    }

    fn end(&self, member: Member, family: Option<Family>) -> Option<End<'_>> {
        let four = family.map(|family| family == Family::V4);
        let party = match member {
            Member::Pod(id) => Party::Pod(self.network.pod(id)?),
            Member::Node(id) => Party::Node(self.network.node(id)?),
            Member::NodeAddress(_, address) => Party::Address(address),
            // Somebody of the cluster may hold this very one, which is not meant.
            Member::Outside(range) => return Some(End::outside(range.first)),
            Member::Model(at) => return self.models.get(at).map(|model| model.end(four)),
        };
        Some(self.network.end(party, four))
    }
}

/// Splits groups by whether their members are in a set. Numbers stay dense.
fn refine(groups: &mut [u32], set: &Bits) {
    if set.is_empty() {
        return;
    }
    let mut split: Vec<[u32; 2]> = Vec::new();
    let mut next = 0;
    for (at, group) in groups.iter_mut().enumerate() {
        let place = *group as usize;
        if split.len() <= place {
            split.resize(place + 1, [u32::MAX; 2]);
        }
        let Some([out, inside]) = split.get_mut(place) else { continue };
        let number = if set.contains(at) { inside } else { out };
        if *number == u32::MAX {
            *number = next;
            next += 1;
        }
        *group = *number;
    }
}

fn lists(matchers: &Matchers, space: &Space, classes: &Classes) -> Vec<Bits> {
    let count = classes.faces.len();
    let sets = |matchers: usize| vec![Bits::new(count); matchers];
    let (mut scopes, mut nodes, mut blocks) =
        (sets(matchers.scopes.len()), sets(matchers.nodes.len()), sets(matchers.blocks.len()));
    for (at, face) in classes.faces.iter().enumerate() {
        let Some(traits) = classes.traits.get(face.class as usize) else { continue };
        let by_labels =
            if matches!(traits.kind, Kind::Node | Kind::NodeAddress) { &mut nodes } else { &mut scopes };
        for matcher in &traits.matched {
            if let Some(set) = by_labels.get_mut(*matcher as usize) {
                set.insert(at);
            }
        }
        for block in face.place.map_or(&[][..], |place| space.blocks(place)) {
            if let Some(set) = blocks.get_mut(*block as usize) {
                set.insert(at);
            }
        }
    }
    let of_list = |list: &super::matchers::PeerList| {
        let mut bits = Bits::new(count);
        for (sets, numbers) in [(&scopes, &list.scopes), (&nodes, &list.nodes), (&blocks, &list.blocks)] {
            for number in numbers {
                if let Some(set) = sets.get(*number as usize) {
                    bits.add(set);
                }
            }
        }
        bits
    };
    matchers.lists.iter().map(of_list).collect()
}
