use std::collections::BTreeMap;

use ringwall_network::Traffic;

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
    /// What could not be judged.
    pub unknown: Traffic,
}

impl Party {
    /// Its name with its namespace before it, as `shop/Deployment/api`.
    pub fn full_name(&self) -> String {
        match (self.namespace.as_str(), self.side) {
            ("", Side::Outside | Side::Fixed) => self.name.clone(),
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
}
