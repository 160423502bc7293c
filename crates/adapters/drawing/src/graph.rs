use std::borrow::Cow;
use std::collections::BTreeMap;

use ringwall_network::Traffic;

/// Most pairs of parties that are told one by one where all of them have to be looked at: more would take long and nobody would read them.
pub const MAX_FOLDED: usize = 10_000_000;

/// What reaches what: parties, in classes of which all members are treated alike, and what gets from class to class.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// The cluster's name.
    pub title: String,
    /// What was judged and what not, a sentence each.
    pub notes: Vec<String>,
    /// Whether it is a part of what there is, so that nothing in it holds of everybody.
    pub is_part: bool,
    /// Everybody.
    pub parties: Vec<Party>,
    /// Parties by their places in `parties`; each is in exactly one class.
    pub classes: Vec<Vec<usize>>,
    /// What gets through; nothing does where there is no link.
    pub links: Vec<Link>,
}

/// Somebody.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Party {
    /// Where it stands.
    pub side: Side,
    /// Its namespace; empty for what has none.
    pub namespace: String,
    /// Its kind, as `Deployment`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// More of it, in a few words.
    pub detail: String,
}

/// Where a party stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    /// Pods of the cluster.
    Pods,
    /// Nodes, with what runs on their network.
    Node,
    /// What every pod finds at the same address, as the instance metadata service.
    Fixed,
    /// Addresses that are neither.
    Outside,
}

/// What gets from each member of a class to each of another; of the same class, to each other member.
#[derive(Clone, Debug)]
pub struct Link {
    /// The sending class.
    pub from: usize,
    /// The receiving class.
    pub to: usize,
    /// What is allowed.
    pub allowed: Traffic,
    /// What could not be judged, or is true of some of their pods only.
    pub possible: Traffic,
}

impl Party {
    /// Its name with its namespace before it, as `shop/Deployment/api`.
    pub fn full_name(&self) -> String {
        match (self.namespace.as_str(), self.side) {
            ("", Side::Outside | Side::Fixed) => self.name.clone(),
            ("", _) if self.kind.is_empty() => self.name.clone(),
            ("", _) => format!("{}/{}", self.kind.to_lowercase(), self.name),
            (namespace, _) => format!("{namespace}/{}/{}", self.kind, self.name),
        }
    }
}

/// Parties that are drawn in one box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Where they stand.
    pub side: Side,
    /// What is written above them.
    pub name: String,
    /// Places in [`Graph::parties`], in the order of names.
    pub members: Vec<usize>,
}

impl Graph {
    /// Namespaces, nodes and the outside, in this order.
    pub fn groups(&self) -> Vec<Group> {
        let mut groups: BTreeMap<(Side, &str), Vec<usize>> = BTreeMap::new();
        for (at, party) in self.parties.iter().enumerate() {
            groups.entry((party.side, &party.namespace)).or_default().push(at);
        }
        let named = |((side, namespace), mut members): ((Side, &str), Vec<usize>)| {
            let name = match side {
                Side::Pods => namespace,
                Side::Node => "nodes",
                Side::Fixed => "fixed addresses",
                Side::Outside => "outside",
            };
            members.sort_by_key(|at| self.parties.get(*at).map(|party| (&party.name, &party.kind)));
            Group { side, name: name.to_owned(), members }
        };
        groups.into_iter().map(named).collect()
    }

    /// The members of a class.
    pub fn members(&self, class: usize) -> &[usize] {
        self.classes.get(class).map_or(&[], Vec::as_slice)
    }

    /// Every pair that is linked: sender, receiver, and by what.
    pub fn pairs(&self) -> impl Iterator<Item = (usize, usize, &Link)> {
        self.links.iter().flat_map(move |link| {
            self.members(link.from).iter().flat_map(move |from| {
                let others = self.members(link.to).iter().filter(move |to| *to != from);
                others.map(move |to| (*from, *to, link))
            })
        })
    }

    /// How many pairs are linked.
    pub fn count(&self) -> usize {
        let of_link = |link: &Link| self.members(link.from).len().saturating_mul(self.members(link.to).len());
        self.links.iter().map(of_link).fold(0, usize::saturating_add)
    }

    /// The graph itself; of one with more pairs than [`MAX_FOLDED`] the graph of its namespaces, which a note tells.
    pub fn manageable(&self) -> Cow<'_, Self> {
        if self.count() <= MAX_FOLDED { Cow::Borrowed(self) } else { Cow::Owned(self.of_groups()) }
    }

    /// Namespaces (nodes, the outside) as parties: what any of one may send to any of another.
    fn of_groups(&self) -> Self {
        let groups = self.groups();
        let mut group_of = vec![0; self.parties.len()];
        let mut parties = Vec::with_capacity(groups.len());
        for (at, group) in groups.iter().enumerate() {
            for member in &group.members {
                if let Some(place) = group_of.get_mut(*member) {
                    *place = at;
                }
            }
            parties.push(Party {
                side: group.side,
                namespace: if group.side == Side::Pods { group.name.clone() } else { String::new() },
                kind: if group.side == Side::Pods { "Namespace".to_owned() } else { String::new() },
                name: group.name.clone(),
                detail: format!("{} members", group.members.len()),
            });
        }
        let of_class = |class: usize| -> std::collections::BTreeSet<usize> {
            self.members(class).iter().filter_map(|member| group_of.get(*member).copied()).collect()
        };
        let mut links: BTreeMap<(usize, usize), (Traffic, Traffic)> = BTreeMap::new();
        for link in &self.links {
            for from in of_class(link.from) {
                for to in of_class(link.to) {
                    let told = links.entry((from, to)).or_default();
                    *told = (told.0.or(&link.allowed), told.1.or(&link.possible));
                }
            }
        }
        let mut notes = self.notes.clone();
        notes.push(
            "too many pairs to tell one by one: what is said of a namespace holds of some of its workloads"
                .to_owned(),
        );
        Self {
            title: self.title.clone(),
            notes,
            is_part: self.is_part,
            classes: (0..parties.len()).map(|at| vec![at]).collect(),
            parties,
            links: (links.into_iter())
                .map(|((from, to), (allowed, possible))| Link {
                    from,
                    to,
                    possible: possible.without(&allowed),
                    allowed,
                })
                .collect(),
        }
    }
}
