use std::net::IpAddr;
use std::sync::Arc;

use hashbrown::HashMap;
use ringwall_model::network::{ContainerPort, Protocol};

use super::layer::GroupMembers;
use super::matchers::{Matchers, NamedPorts, intern};
use super::space::{AddressRange, Family, Place, Space};
use crate::network::first_of;
use crate::{Direction, End, EndKind, Network, NodeId, Party, PodId, PolicyId, rules, scope_matches};

/// A pod that doesn't exist, described: what exposure is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelPod {
    /// Its namespace, if it is one that exists.
    pub namespace: Option<Arc<str>>,
    /// Labels of its namespace.
    pub namespace_labels: Vec<(Arc<str>, Arc<str>)>,
    /// Its own labels.
    pub labels: Vec<(Arc<str>, Arc<str>)>,
    /// Addresses that it could get: blocks are judged by them.
    pub addresses: Vec<IpAddr>,
}

/// One who is in a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Member {
    /// A living pod or a template, by its number in the network.
    Pod(PodId),
    /// A node.
    Node(NodeId),
    /// A further address of a node.
    NodeAddress(NodeId, IpAddr),
    /// Addresses of the outside. Those that pods, nodes and services have are not meant, though they may lie within.
    Outside(AddressRange),
    /// A pod that doesn't exist, by its place in the list that was given.
    Model(usize),
}

/// Those whom nothing tells apart.
#[derive(Clone, Debug)]
pub struct Class {
    /// The members, in the order of their numbers or addresses; never empty. All are of one kind.
    pub members: Vec<Member>,
    pub(crate) egress: u32,
    pub(crate) ingress: u32,
    /// Its faces, by number.
    pub(crate) faces: Vec<(Option<Family>, u32)>,
    pub(crate) kind: Kind,
    pub(crate) group: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    Pod,
    Node,
    /// A further address of a node, by which it is known whatever the family that is judged.
    NodeAddress,
    Outside,
    Model,
}

/// A class as it is seen by one of its addresses.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Face {
    pub(crate) family: Option<Family>,
    pub(crate) class: u32,
    pub(crate) place: Option<Place>,
}

/// Policies that judge a direction of somebody's traffic, with what else their judgement depends on at that end.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Profile {
    pub(crate) policies: Vec<PolicyId>,
    /// Of ingress: the named ports, if any of the policies names some.
    pub(crate) ports: Option<u32>,
}

/// All that tells one from another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Signature {
    egress: u32,
    ingress: u32,
    traits: Traits,
    /// Where its addresses are, by family.
    places: [Option<Place>; 2],
}

/// What peers of rules see, apart from addresses.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Traits {
    pub(crate) kind: Kind,
    /// Named ports, by number.
    pub(crate) ports: u32,
    /// Matchers of labels that match, ascending: scopes of pods, or selectors of nodes.
    pub(crate) matched: Vec<u32>,
    /// Whether the labels are known.
    pub(crate) labels_known: bool,
    /// Class of the security groups, by number; nobody has one where there are none to judge by.
    pub(crate) group: Option<u32>,
}

/// Everybody, sorted into classes.
#[derive(Debug)]
pub(crate) struct Classes {
    pub(crate) classes: Vec<Class>,
    pub(crate) faces: Vec<Face>,
    /// For each class what matches its members.
    pub(crate) traits: Vec<Traits>,
    /// By direction (ingress, egress).
    pub(crate) profiles: [Vec<Profile>; 2],
    pub(crate) ports: Vec<NamedPorts>,
    pub(crate) of_pod: Vec<Option<u32>>,
    pub(crate) of_node: Vec<Option<u32>>,
    pub(crate) groups: GroupMembers,
    /// For classes of the outside an address that nobody has.
    pub(crate) samples: HashMap<u32, IpAddr>,
}

struct Sorter<'n, 'a> {
    network: &'n Network<'a>,
    matchers: &'n Matchers,
    space: &'n Space,
    profile_ids: [HashMap<Profile, u32>; 2],
    ports_ids: HashMap<NamedPorts, u32>,
    group_classes: Vec<crate::groups::Class>,
    group_ids: HashMap<crate::groups::Class, u32>,
    ids: HashMap<Signature, u32>,
    out: Classes,
}

impl Classes {
    /// Sorts everybody whom the network knows, the outside, and `models`.
    pub(crate) fn new(
        network: &Network<'_>,
        matchers: &Matchers,
        space: &Space,
        models: &[ModelPod],
    ) -> Self {
        let mut sorter = Sorter {
            network,
            matchers,
            space,
            profile_ids: Default::default(),
            ports_ids: HashMap::new(),
            group_classes: Vec::new(),
            group_ids: HashMap::new(),
            ids: HashMap::new(),
            out: Self {
                classes: Vec::new(),
                faces: Vec::new(),
                traits: Vec::new(),
                profiles: Default::default(),
                ports: Vec::new(),
                of_pod: vec![None; network.pods().len()],
                of_node: vec![None; network.nodes().len()],
                groups: GroupMembers::default(),
                samples: HashMap::new(),
            },
        };
        sorter.pods();
        sorter.nodes();
        sorter.outside();
        sorter.models(models);
        sorter.out
    }
}

impl<'a> Sorter<'_, 'a> {
    fn pods(&mut self) {
        let network = self.network;
        let mut matched: Vec<Vec<u32>> = vec![Vec::new(); network.pods().len()];
        for (id, scope) in (0..).zip(&self.matchers.scopes) {
            for pod in network.select(scope) {
                if let Some(scopes) = matched.get_mut(pod.id.index()) {
                    scopes.push(id);
                }
            }
        }
        for (pod, scopes) in network.pods().iter().zip(matched) {
            if pod.is_spare() || (pod.host_network() && pod.node.is_some()) {
                continue;
            }
            let party = Party::Pod(pod);
            let addresses = &pod.parts().addresses;
            let host = pod.host_network();
            let egress = self.profile(Direction::Egress, network.selecting_ids(pod.id, Direction::Egress), 0);
            let ports = self.named(if host { &[] } else { &pod.parts().ports });
            let ingress =
                self.profile(Direction::Ingress, network.selecting_ids(pod.id, Direction::Ingress), ports);
            let signature = Signature {
                egress,
                ingress,
                traits: Traits {
                    kind: if host { Kind::Node } else { Kind::Pod },
                    ports,
                    matched: if host { Vec::new() } else { scopes },
                    labels_known: !host,
                    group: self.group(party),
                },
                places: self.places(addresses),
            };
            self.out.groups.add(signature.traits.group, network, party);
            let class = self.put(signature, Member::Pod(pod.id));
            if let Some(of) = self.out.of_pod.get_mut(pod.id.index()) {
                *of = Some(class);
            }
        }
    }

    fn nodes(&mut self) {
        let network = self.network;
        for node in network.nodes() {
            let matched: Vec<u32> = (0..)
                .zip(&self.matchers.nodes)
                .filter(|(_, selector)| node.object.is_some() && selector.matches(node.labels()))
                .map(|(id, _)| id)
                .collect();
            let firsts = [true, false].map(|four| first_of(&node.addresses, four));
            let seats = (node.addresses.iter().filter(|address| !firsts.contains(&Some(**address))))
                .map(|address| (Member::NodeAddress(node.id, *address), vec![*address]));
            let itself = (Member::Node(node.id), node.addresses.clone());
            for (member, addresses) in std::iter::once(itself).chain(seats) {
                let further = matches!(member, Member::NodeAddress(..));
                let mut signature = self.nobodys(if further { Kind::NodeAddress } else { Kind::Node });
                signature.traits.matched.clone_from(&matched);
                signature.traits.labels_known = node.object.is_some();
                signature.places = self.places(&addresses);
                let party = match member {
                    Member::NodeAddress(_, address) => Party::Address(address),
                    _ => Party::Node(node),
                };
                signature.traits.group = self.group(party);
                self.out.groups.add(signature.traits.group, network, party);
                let class = self.put(signature, member);
                if let (Member::Node(id), Some(of)) = (member, self.out.of_node.get_mut(node.id.index())) {
                    debug_assert_eq!(id, node.id);
                    *of = Some(class);
                }
            }
        }
    }

    fn outside(&mut self) {
        let network = self.network;
        let services = network.cluster().network.services.iter().flat_map(|service| &service.cluster_ips);
        let mut known: Vec<IpAddr> = (network.pods().iter())
            .flat_map(|pod| &pod.parts().addresses)
            .chain(network.nodes().iter().flat_map(|node| &node.addresses))
            .chain(services)
            .copied()
            .collect();
        known.sort_unstable();
        known.dedup();
        for piece in self.space.pieces(&known) {
            let mut signature = self.nobodys(Kind::Outside);
            let [four, six] = &mut signature.places;
            *(if piece.range.first.is_ipv4() { four } else { six }) = Some(piece.place);
            let party = Party::Address(piece.sample);
            signature.traits.group = self.group(party);
            self.out.groups.add(signature.traits.group, network, party);
            let class = self.put(signature, Member::Outside(piece.range));
            self.out.samples.entry(class).or_insert(piece.sample);
        }
    }

    fn models(&mut self, models: &[ModelPod]) {
        let network = self.network;
        for (at, model) in models.iter().enumerate() {
            let end = model.end(None);
            let matched = (0..).zip(&self.matchers.scopes).filter(|(_, scope)| scope_matches(scope, &end));
            let matched = matched.map(|(id, _)| id).collect();
            let selecting = |direction: Direction| -> Vec<PolicyId> {
                (network.policies().iter())
                    .filter(|entry| {
                        rules(entry.policy, direction).is_some() && scope_matches(&entry.policy.subject, &end)
                    })
                    .map(|entry| entry.id)
                    .collect()
            };
            let ports = self.named(&[]);
            let signature = Signature {
                egress: self.profile(Direction::Egress, &selecting(Direction::Egress), 0),
                ingress: self.profile(Direction::Ingress, &selecting(Direction::Ingress), ports),
                traits: Traits { kind: Kind::Model, ports, matched, labels_known: true, group: None },
                places: self.places(&model.addresses),
            };
            self.put(signature, Member::Model(at));
        }
    }

    /// Of somebody whom no policy selects and no selector matches.
    fn nobodys(&mut self, kind: Kind) -> Signature {
        let ports = self.named(&[]);
        Signature {
            egress: self.profile(Direction::Egress, &[], 0),
            ingress: self.profile(Direction::Ingress, &[], ports),
            traits: Traits { kind, ports, matched: Vec::new(), labels_known: true, group: None },
            places: [None, None],
        }
    }

    fn places(&self, addresses: &[IpAddr]) -> [Option<Place>; 2] {
        [true, false].map(|four| first_of(addresses, four).and_then(|address| self.space.place(address)))
    }

    fn group(&mut self, party: Party<'_>) -> Option<u32> {
        let groups = self.network.groups.as_ref()?;
        let class = groups.class(self.network, party);
        Some(intern(&mut self.group_classes, &mut self.group_ids, &class))
    }

    fn profile(&mut self, direction: Direction, policies: &[PolicyId], ports: u32) -> u32 {
        let names = direction == Direction::Ingress
            && policies.iter().any(|policy| {
                self.matchers.looks_of(policy.index(), direction).is_some_and(|looks| looks.names_ports)
            });
        let profile = Profile { policies: policies.to_vec(), ports: names.then_some(ports) };
        let [ingress, egress] = &mut self.profile_ids;
        let [ingresses, egresses] = &mut self.out.profiles;
        match direction {
            Direction::Ingress => intern(ingresses, ingress, &profile),
            Direction::Egress => intern(egresses, egress, &profile),
        }
    }

    /// The named ports that any rule speaks of.
    fn named(&mut self, ports: &[ContainerPort]) -> u32 {
        let mut named: NamedPorts = (ports.iter())
            .filter_map(|port| Some((Arc::clone(port.name.as_ref()?), port.protocol, port.port)))
            .filter(|(name, ..): &(Arc<str>, Protocol, u16)| self.matchers.names.binary_search(name).is_ok())
            .collect();
        named.sort_unstable();
        named.dedup();
        intern(&mut self.out.ports, &mut self.ports_ids, &named)
    }

    fn put(&mut self, signature: Signature, member: Member) -> u32 {
        if let Some(id) = self.ids.get(&signature) {
            if let Some(class) = self.out.classes.get_mut(*id as usize) {
                class.members.push(member);
            }
            return *id;
        }
        let id = u32::try_from(self.out.classes.len()).unwrap_or(u32::MAX);
        let families = Family::ALL.into_iter().zip(signature.places).filter(|(_, place)| place.is_some());
        let mut faces: Vec<(Option<Family>, Option<Place>)> =
            families.map(|(family, place)| (Some(family), place)).collect();
        if faces.is_empty() {
            faces.push((None, None));
        }
        let numbered = faces.into_iter().map(|(family, place)| {
            self.out.faces.push(Face { family, class: id, place });
            (family, u32::try_from(self.out.faces.len() - 1).unwrap_or(u32::MAX))
        });
        let class = Class {
            members: vec![member],
            egress: signature.egress,
            ingress: signature.ingress,
            faces: numbered.collect(),
            kind: signature.traits.kind,
            group: signature.traits.group,
        };
        self.out.classes.push(class);
        self.out.traits.push(signature.traits.clone());
        self.ids.insert(signature, id);
        id
    }
}

impl ModelPod {
    /// How peers of rules see it in a family, `true` for IPv4.
    pub(crate) fn end(&self, ipv4: Option<bool>) -> End<'_> {
        End {
            kind: EndKind::Pod,
            namespace: self.namespace.as_deref().unwrap_or(""),
            namespace_labels: &self.namespace_labels,
            labels: &self.labels,
            labels_known: true,
            address: ipv4.and_then(|ipv4| first_of(&self.addresses, ipv4)),
            ports: &[],
        }
    }
}
