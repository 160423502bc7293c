//! What rules remember from event to event, all of it bounded.

use std::hash::{BuildHasher, Hash};

use serde::{Deserialize, Serialize};

use crate::finding::Evidence;
use crate::keep::at_most;
use crate::keyed::Keyed;
use crate::recent::Recent;

/// Dangers of objects that are remembered, at most twice as many. A large cluster has some ten thousand workloads and bindings,
/// few of which are dangerous; an entry is 16 bytes.
const DANGERS: usize = 1 << 16;
/// Roles that are remembered, at most twice as many.
const ROLES: usize = 1 << 14;
/// Addresses of kubelets that are remembered, at most twice as many: a cluster has at most some thousand nodes.
const NODE_ADDRESSES: usize = 1 << 14;
/// Actors whose recent acts are counted, at most twice as many; an entry is at most 1 KiB.
const ACTORS: usize = 1 << 13;
/// How long acts count together, in milliseconds: ten minutes. Who tries things out by hand or by script is done by then, and
/// what a day's work adds up to does not count.
const WINDOW: i64 = 10 * 60 * 1000;
/// Most acts that are counted of an actor: above all thresholds.
const MOST_COUNTED: usize = 128;

/// How dangerous a role is to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Power {
    /// It gives nothing that leads further.
    Harmless,
    /// It gives what leads further within `kube-system`: its Secrets, its pods.
    InSystem,
    /// It gives everything, or what leads to everything.
    Everything,
    /// It is the ClusterRole `cluster-admin` or `admin`.
    Admin,
}

/// What rules remember.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Memory {
    hasher: Keyed,
    dangers: Recent<u64, (), DANGERS>,
    roles: Recent<u64, Power, ROLES>,
    node_addresses: Recent<u64, (), NODE_ADDRESSES>,
    counted: Recent<u64, Lately, ACTORS>,
}

impl Memory {
    pub(super) fn new(hasher: Keyed) -> Self {
        Self { hasher, ..Self::default() }
    }

    /// Remembers a danger of an object; whether it is new.
    pub(super) fn is_new_danger(&mut self, danger: impl Hash) -> bool {
        let key = self.hasher.hash_one(danger);
        let is_new = self.dangers.touch(key).is_none();
        if is_new {
            self.dangers.insert(key, ());
        }
        is_new
    }

    /// Whether a danger of an object is known.
    pub(super) fn knows_danger(&mut self, danger: impl Hash) -> bool {
        self.dangers.touch(self.hasher.hash_one(danger)).is_some()
    }

    /// Remembers what a role gives.
    pub(super) fn learn_role(&mut self, role: impl Hash, power: Power) {
        self.roles.insert(self.hasher.hash_one(role), power);
    }

    /// What a role gives, if it was seen.
    pub(super) fn role(&mut self, role: impl Hash) -> Option<Power> {
        self.roles.touch(self.hasher.hash_one(role)).copied()
    }

    /// Remembers that kubelets call from an address.
    pub(super) fn learn_node_address(&mut self, address: impl Hash) {
        let key = self.hasher.hash_one(address);
        if self.node_addresses.touch(key).is_none() {
            self.node_addresses.insert(key, ());
        }
    }

    /// Whether kubelets call from an address.
    pub(super) fn is_node_address(&mut self, address: impl Hash) -> bool {
        self.node_addresses.touch(self.hasher.hash_one(address)).is_some()
    }

    /// Counts different things that one actor does within the window, and gives how many there are and the event of the first.
    /// The same thing done again counts once: what retries is no search.
    pub(super) fn count(
        &mut self,
        actor: impl Hash,
        thing: impl Hash,
        time: Option<i64>,
        evidence: impl FnOnce() -> Evidence,
    ) -> (usize, Option<Evidence>) {
        let Some(time) = time else { return (0, None) };
        let actor = self.hasher.hash_one(actor);
        let thing = self.hasher.hash_one(thing);
        self.counted.entry(actor).count(thing, time, evidence)
    }
}

/// What an actor did lately.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Lately {
    #[serde(deserialize_with = "at_most::<MOST_COUNTED, _, _>")]
    things: Vec<(u64, i64)>,
    /// The event with which it began.
    first: Option<Evidence>,
}

impl Lately {
    fn count(
        &mut self,
        thing: u64,
        time: i64,
        evidence: impl FnOnce() -> Evidence,
    ) -> (usize, Option<Evidence>) {
        self.things.retain(|(_, then)| time.saturating_sub(*then) <= WINDOW);
        if self.things.is_empty() {
            self.first = Some(evidence());
        }
        let is_full = self.things.len() >= MOST_COUNTED;
        match self.things.iter_mut().find(|(known, _)| *known == thing) {
            Some((_, then)) => *then = time.max(*then),
            None if is_full => {}
            None => self.things.push((thing, time)),
        }
        (self.things.len(), self.first.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Place;

    fn evidence(id: &str) -> Evidence {
        Evidence { id: id.to_owned(), is_record: false, place: Place { file: "a".into(), line: 1 } }
    }

    #[test]
    fn different_things_within_the_window_count() {
        let mut memory = Memory::default();
        let mut count = |thing: u32, time: i64| {
            let (count, first) = memory.count("ann", thing, Some(time), || evidence(&time.to_string()));
            (count, first.map(|first| first.id).unwrap_or_default())
        };
        assert_eq!(count(1, 0), (1, "0".to_owned()));
        assert_eq!(count(2, 1000), (2, "0".to_owned()));
        assert_eq!(count(2, 2000), (2, "0".to_owned()), "the same again");
        assert_eq!(count(3, WINDOW + 1).0, 2, "the first is too long ago");
        assert_eq!(count(4, 10 * WINDOW), (1, (10 * WINDOW).to_string()));
        for thing in 0..1000 {
            assert!(count(thing, 10 * WINDOW).0 <= MOST_COUNTED);
        }
        assert_eq!(memory.count("ann", 1, None, || evidence("")).0, 0, "no time, no window");
    }

    #[test]
    fn it_stays_bounded_and_keeps_what_is_asked_for() {
        let mut memory = Memory::default();
        for number in 0..3 * DANGERS {
            assert!(memory.is_new_danger(("object", number)));
            assert!(number == 0 || memory.knows_danger(("object", 0_usize)));
        }
        assert!(memory.dangers.len() <= 2 * DANGERS);
        assert!(!memory.knows_danger(("object", 1_usize)), "it is forgotten");
    }

    #[test]
    fn roles_and_nodes_are_remembered() {
        let mut memory = Memory::default();
        assert_eq!(memory.role(("Role", "a", "b")), None);
        memory.learn_role(("Role", "a", "b"), Power::Everything);
        memory.learn_role(("Role", "a", "b"), Power::Harmless);
        assert_eq!(memory.role(("Role", "a", "b")), Some(Power::Harmless), "the latest counts");
        memory.learn_node_address([1, 2]);
        assert!(memory.is_node_address([1, 2]) && !memory.is_node_address([1, 3]));
    }
}
