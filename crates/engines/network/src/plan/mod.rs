//! What the packet filter of a node has to do, as values: which pods it judges, and for each of them and each direction, what becomes of
//! a packet by the address of the other end, its protocol and its port. How a filter is made to do so is an adapter's.
//!
//! All tiers and layers are worked out beforehand: what is left is a map from addresses to a [`Class`], and in it from protocol and port to
//! a verdict. So a packet costs the same however many policies there are.

mod addresses;
mod compile;
mod groups;
mod network;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::IpAddr;
use std::sync::Arc;

use ringwall_model::ObjectRef;

pub use addresses::Addresses;
pub use compile::{Compiler, DirectionRules, PlanRule, PolicyRules};
pub use network::{NodeOptions, Planning};

pub use crate::AddressRange;
use crate::{Direction, Traffic};

/// What a node's packet filter has to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeRules {
    /// The node's name.
    pub node: Arc<str>,
    /// Its own addresses: whatever goes between them and its pods passes.
    pub node_addresses: Vec<IpAddr>,
    /// The pods that it judges: those of the node that are on the pod network, live, and have an address. Sorted by namespace and name.
    pub pods: Vec<PodRules>,
    /// What pods are judged by; many pods may share one. What a change does not touch is the very one of the time before.
    pub rule_sets: Vec<Arc<RuleSet>>,
    /// What could not be put into rules, each in words. What it might have allowed is denied, and what it might have denied too.
    pub not_evaluated: Vec<Arc<str>>,
}

/// A pod of the node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodRules {
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// Its addresses, of either family.
    pub addresses: Vec<IpAddr>,
    /// The node's interfaces that lead to it and to nobody else, as far as they are known: packets from them must carry one of its
    /// addresses.
    pub interfaces: Vec<Arc<str>>,
    /// Which of [`NodeRules::rule_sets`] judges what it gets; `None` lets all through.
    pub ingress: Option<usize>,
    /// Which one judges what it sends.
    pub egress: Option<usize>,
}

/// What becomes of packets in one direction, by the address of the other end.
///
/// Single addresses are looked at first, then ranges; what is in neither is of the class `otherwise`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RuleSet {
    /// Single addresses, sorted, and which of the classes they are in.
    pub singles: Vec<(IpAddr, usize)>,
    /// Ranges, sorted, none overlapping another.
    pub ranges: Vec<(AddressRange, usize)>,
    /// The class of all others.
    pub otherwise: usize,
    /// What becomes of packets from and to an address; each once.
    pub classes: Vec<Class>,
}

impl RuleSet {
    /// The class of an address.
    pub fn class(&self, address: IpAddr) -> Option<&Class> {
        self.classes.get(self.place(address))
    }

    /// The place of the class of an address.
    pub fn place(&self, address: IpAddr) -> usize {
        if let Ok(at) = self.singles.binary_search_by(|(single, _)| single.cmp(&address))
            && let Some((_, class)) = self.singles.get(at)
        {
            return *class;
        }
        let after = self.ranges.partition_point(|(range, _)| range.first <= address);
        after
            .checked_sub(1)
            .and_then(|at| self.ranges.get(at))
            .filter(|(range, _)| range.last >= address && range.first.is_ipv4() == address.is_ipv4())
            .map_or(self.otherwise, |(_, class)| *class)
    }
}

/// A rule set by where it is, not by what it says: so what is kept of one time is found at the next.
#[derive(Clone, Debug)]
pub struct Identity(pub Arc<RuleSet>);

impl PartialEq for Identity {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Identity {}

impl Hash for Identity {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.0).hash(state);
    }
}

/// What becomes of packets, by protocol and port. What is in no segment is denied.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Class {
    /// Parts that don't overlap; together they are all traffic.
    pub segments: Vec<Segment>,
}

/// A part of the traffic with one answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Segment {
    /// Which packets.
    pub traffic: Traffic,
    /// Whether they pass.
    pub allowed: bool,
    /// What says so; `None` where nothing has a say.
    pub cause: Option<Arc<Cause>>,
}

impl Class {
    /// What passes.
    pub fn allowed(&self) -> Traffic {
        self.segments
            .iter()
            .filter(|segment| segment.allowed)
            .fold(Traffic::none(), |all, segment| all.or(&segment.traffic))
    }
}

/// Which layer has a say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Layer {
    /// Policies, of any tier.
    Policies,
    /// Security groups.
    SecurityGroups,
}

/// Why packets pass, or don't: a rule, or what isolates a pod so that only rules let through.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cause {
    /// Which direction.
    pub direction: Direction,
    /// Which layer.
    pub layer: Layer,
    /// The objects: the one whose rule it is, or all that isolate. Empty if it is none's, as with what could not be evaluated.
    pub objects: Vec<ObjectRef>,
    /// The rule's place in its object's list, counted from 0.
    pub rule: Option<usize>,
    /// In words, where the rest does not tell.
    pub text: Option<Arc<str>>,
}

/// As `ingress NetworkPolicy shop/api, rule 2`; rules are counted from 1 for people.
impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.direction.name())?;
        for (index, object) in self.objects.iter().enumerate() {
            write!(f, "{}{object}", if index == 0 { " " } else { ", " })?;
        }
        if let Some(rule) = self.rule {
            write!(f, ", rule {}", rule.saturating_add(1))?;
        }
        if let Some(text) = &self.text {
            write!(f, ": {text}")?;
        }
        Ok(())
    }
}
