use std::hash::Hash;
use std::net::IpAddr;
use std::sync::Arc;

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use ringwall_model::network::RuleAction;

use super::addresses::{address, last};
use super::{AddressRange, Addresses, Cause, Class, Identity, NodeRules, PodRules, RuleSet, Segment};
use crate::{Matched, Traffic};

/// All that has a say about a pod in one direction.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct DirectionRules {
    /// Policies of the admin tier, by priority.
    pub admin: Vec<PolicyRules>,
    /// The NetworkPolicies that isolate the pod, if any do.
    pub isolated: Option<Cause>,
    /// Rules of NetworkPolicies; only asked if something isolates, and they only accept.
    pub policies: Vec<PlanRule>,
    /// Policies of the baseline tier, by priority; only asked if nothing isolates.
    pub baseline: Vec<PolicyRules>,
    /// Security groups, if any judge the pod: what they deny for want of a rule, and their rules, which only accept.
    pub groups: Option<(Cause, Vec<PlanRule>)>,
}

/// A policy of the cluster's tiers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PolicyRules {
    /// The lower decides first; what two of one priority want to do different things with is denied.
    pub priority: i32,
    /// Its rules in their order.
    pub rules: Vec<PlanRule>,
}

/// A rule, with all that its selectors and names stand for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PlanRule {
    /// Whose it is.
    pub cause: Cause,
    /// What it does.
    pub action: RuleAction,
    /// Other ends, and the traffic with each: named ports may differ from pod to pod.
    pub matches: Vec<(Arc<Addresses>, Matched)>,
}

/// Makes [`NodeRules`], one time after another: what was worked out for one is kept for the next.
#[derive(Debug, Default)]
pub struct Compiler {
    /// Rule sets by all that they are made of.
    known: HashMap<DirectionRules, Arc<RuleSet>>,
    /// Those of this time, and the place of each.
    rule_sets: Vec<Arc<RuleSet>>,
    places: HashMap<Identity, usize>,
}

impl Compiler {
    /// What judges a pod in one direction, as a place in [`NodeRules::rule_sets`]; `None` if nothing does, and all passes.
    pub fn rule_set(&mut self, rules: DirectionRules) -> Option<usize> {
        if rules.admin.is_empty()
            && rules.isolated.is_none()
            && rules.baseline.is_empty()
            && rules.groups.is_none()
        {
            return None;
        }
        let made = match self.known.entry(rules) {
            Entry::Occupied(known) => Arc::clone(known.get()),
            Entry::Vacant(new) => {
                let made = Arc::new(Stages::new(new.key()).rule_set());
                Arc::clone(new.insert(made))
            }
        };
        let place = *self.places.entry(Identity(Arc::clone(&made))).or_insert(self.rule_sets.len());
        if place == self.rule_sets.len() {
            self.rule_sets.push(made);
        }
        Some(place)
    }

    /// All of it. What judges none of these pods is forgotten.
    pub fn finish(
        &mut self,
        node: Arc<str>,
        node_addresses: Vec<IpAddr>,
        mut pods: Vec<PodRules>,
        not_evaluated: Vec<Arc<str>>,
    ) -> NodeRules {
        pods.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
        let places = std::mem::take(&mut self.places);
        self.known.retain(|_, made| places.contains_key(&Identity(Arc::clone(made))));
        let rule_sets = std::mem::take(&mut self.rule_sets);
        NodeRules { node, node_addresses, pods, rule_sets, not_evaluated }
    }
}

/// The rules of a direction, each match with a number that says its place in the order.
struct Stages<'a> {
    matches: Vec<StageMatch<'a>>,
    /// Addresses, and the matches that are about them: many rules are about the same.
    sets: Vec<(&'a Addresses, Vec<usize>)>,
    isolated: Option<Arc<Cause>>,
    ungrouped: Option<Arc<Cause>>,
}

/// One match of a rule.
struct StageMatch<'a> {
    stage: Stage,
    /// Its policy's priority, and which one of its tier it is.
    policy: (i32, usize),
    action: RuleAction,
    cause: Arc<Cause>,
    matched: &'a Matched,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Admin,
    Policies,
    Baseline,
    Groups,
}

/// Which of [`Stages::sets`] an address is in, a bit for each.
type Active = Vec<u64>;

impl<'a> Stages<'a> {
    fn new(rules: &'a DirectionRules) -> Self {
        let mut matches = Vec::new();
        let mut sets: Vec<(&Addresses, Vec<usize>)> = Vec::new();
        let mut places: HashMap<*const Addresses, usize> = HashMap::new();
        let mut add = |stage, policy, rules: &'a [PlanRule]| {
            for rule in rules {
                let cause = Arc::new(rule.cause.clone());
                for (addresses, matched) in &rule.matches {
                    let place = *places.entry(Arc::as_ptr(addresses)).or_insert_with(|| {
                        sets.push((addresses, Vec::new()));
                        sets.len() - 1
                    });
                    if let Some((_, about)) = sets.get_mut(place) {
                        about.push(matches.len());
                    }
                    let (action, cause) = (rule.action, Arc::clone(&cause));
                    matches.push(StageMatch { stage, policy, action, cause, matched });
                }
            }
        };
        for (nth, policy) in rules.admin.iter().enumerate() {
            add(Stage::Admin, (policy.priority, nth), &policy.rules);
        }
        if rules.isolated.is_some() {
            add(Stage::Policies, (0, 0), &rules.policies);
        } else {
            for (nth, policy) in rules.baseline.iter().enumerate() {
                add(Stage::Baseline, (policy.priority, nth), &policy.rules);
            }
        }
        if let Some((_, groups)) = &rules.groups {
            add(Stage::Groups, (0, 0), groups);
        }
        Self {
            matches,
            sets,
            isolated: rules.isolated.clone().map(Arc::new),
            ungrouped: rules.groups.as_ref().map(|(cause, _)| Arc::new(cause.clone())),
        }
    }

    fn rule_set(&self) -> RuleSet {
        let mut classes = Table::default();
        let mut known: HashMap<Active, usize> = HashMap::new();
        let mut class_of = |active: &[u64]| match known.get(active) {
            Some(class) => *class,
            None => {
                let class = classes.place(self.class(active));
                known.insert(active.to_vec(), class);
                class
            }
        };
        let otherwise = class_of(&self.nowhere());
        let (mut singles, mut ranges) = (Vec::new(), Vec::new());
        for v4 in [true, false] {
            let tiles = self.tiles(v4, &mut class_of);
            fold(&tiles, v4, otherwise, &mut singles, &mut ranges);
        }
        RuleSet { singles, ranges, otherwise, classes: classes.list }
    }

    fn nowhere(&self) -> Active {
        vec![0; self.sets.len().div_ceil(64)]
    }

    /// What becomes of packets with addresses that are in exactly the sets in `active`.
    ///
    /// The same as [`crate::direction`] does for two ends, with the cause of each part: what may be denied, because a rule could not be
    /// evaluated, is.
    fn class(&self, active: &[u64]) -> Class {
        let is_active = |set: usize| active.get(set / 64).is_some_and(|word| word >> (set % 64) & 1 == 1);
        let sets = self.sets.iter().enumerate().filter(|(set, _)| is_active(*set));
        let mut apply: Vec<usize> = sets.flat_map(|(_, (_, about))| about.iter().copied()).collect();
        apply.sort_unstable();
        let of = |stage| {
            let matches = apply.iter().filter_map(|index| self.matches.get(*index));
            matches.filter(|of| of.stage == stage).collect::<Vec<_>>()
        };
        let mut fates = Fates { open: Traffic::all(), ..Fates::default() };
        fates.tier(&of(Stage::Admin));
        for of in of(Stage::Policies) {
            fates.settle(of);
        }
        if let Some(isolated) = &self.isolated {
            fates.denied.push((fates.open, Arc::clone(isolated)));
            fates.open = Traffic::none();
        }
        fates.tier(&of(Stage::Baseline));
        Class { segments: self.by_groups(fates.segments(), &of(Stage::Groups)) }
    }

    /// What policies let through, groups must let through as well.
    fn by_groups(&self, segments: Vec<Segment>, groups: &[&StageMatch<'_>]) -> Vec<Segment> {
        let Some(ungrouped) = &self.ungrouped else { return segments };
        let mut both = Vec::with_capacity(segments.len());
        for segment in segments {
            if !segment.allowed {
                both.push(segment);
                continue;
            }
            let mut open = segment.traffic;
            for StageMatch { cause, matched, .. } in groups {
                let hit = open.and(&matched.certain);
                if !hit.is_none() {
                    open = open.without(&hit);
                    let cause = segment.cause.as_ref().unwrap_or(cause);
                    both.push(Segment { traffic: hit, allowed: true, cause: Some(Arc::clone(cause)) });
                }
            }
            if !open.is_none() {
                both.push(Segment { traffic: open, allowed: false, cause: Some(Arc::clone(ungrouped)) });
            }
        }
        both
    }

    /// The whole line of a family's addresses, cut wherever a set begins or ends.
    fn tiles(&self, v4: bool, class_of: &mut impl FnMut(&[u64]) -> usize) -> Vec<(u128, u128, usize)> {
        let end = last(v4);
        let mut cuts: Vec<(u128, bool, usize)> = Vec::new();
        for (set, (addresses, _)) in self.sets.iter().enumerate() {
            for (first, last) in if v4 { &addresses.v4 } else { &addresses.v6 } {
                cuts.push((*first, true, set));
                if *last < end {
                    cuts.push((last + 1, false, set));
                }
            }
        }
        // Where a range of a set ends and another begins at the next address, it ends first.
        cuts.sort_unstable();
        let (mut tiles, mut from, mut active) = (Vec::new(), 0, self.nowhere());
        for (at, begins, set) in cuts {
            if at > from {
                tiles.push((from, at - 1, class_of(&active)));
                from = at;
            }
            let Some(word) = active.get_mut(set / 64) else { continue };
            let bit = 1 << (set % 64);
            *word = if begins { *word | bit } else { *word & !bit };
        }
        tiles.push((from, end, class_of(&active)));
        tiles
    }
}

/// What becomes of traffic on its way through the tiers, as in [`crate::direction`], with whose doing it is.
#[derive(Default)]
struct Fates {
    open: Traffic,
    passed: Traffic,
    allowed: Vec<(Traffic, Arc<Cause>)>,
    denied: Vec<(Traffic, Arc<Cause>)>,
}

impl Fates {
    /// One tier of the cluster's policies: those of one priority are each asked as if they were the first.
    fn tier(&mut self, matches: &[&StageMatch<'_>]) {
        for equals in matches.chunk_by(|a, b| a.policy.0 == b.policy.0) {
            let at_first = self.open.clone();
            let mut unmatched = at_first.clone();
            for policy in equals.chunk_by(|a, b| a.policy == b.policy) {
                self.open.clone_from(&at_first);
                for of in policy {
                    self.settle(of);
                }
                unmatched = unmatched.and(&self.open);
            }
            self.open = unmatched;
        }
        self.open = self.open.or(&std::mem::take(&mut self.passed));
    }

    fn settle(&mut self, of: &StageMatch<'_>) {
        let hit = of.matched.possible.and(&self.open);
        match of.action {
            RuleAction::Accept => self.allowed.push((hit, Arc::clone(&of.cause))),
            RuleAction::Deny => self.denied.push((hit, Arc::clone(&of.cause))),
            RuleAction::Pass => {
                // Where it can't be evaluated, it may have denied.
                self.denied.push((hit.without(&of.matched.certain), Arc::clone(&of.cause)));
                self.passed = self.passed.or(&hit);
            }
        }
        self.open = self.open.without(&of.matched.certain);
    }

    /// Parts that don't overlap: of the denied and then of the allowed, each by the first that said so.
    fn segments(self) -> Vec<Segment> {
        let mut segments = Vec::new();
        let mut left = Traffic::all();
        let mut say = |traffic: &Traffic, allowed: bool, cause: Option<&Arc<Cause>>| {
            let traffic = left.and(traffic);
            if !traffic.is_none() {
                left = left.without(&traffic);
                segments.push(Segment { traffic, allowed, cause: cause.cloned() });
            }
        };
        for (traffic, cause) in &self.denied {
            say(traffic, false, Some(cause));
        }
        for (traffic, cause) in &self.allowed {
            say(traffic, true, Some(cause));
        }
        say(&self.open, true, None);
        segments
    }
}

/// Single addresses out of the line; the ranges between them joined over them, so that many pods within a block don't cut it to pieces.
fn fold(
    tiles: &[(u128, u128, usize)],
    v4: bool,
    otherwise: usize,
    singles: &mut Vec<(IpAddr, usize)>,
    ranges: &mut Vec<(AddressRange, usize)>,
) {
    let mut joined: Vec<(u128, u128, usize)> = Vec::new();
    for (first, last, class) in tiles.iter().copied() {
        if first == last {
            let under = match joined.last_mut() {
                Some(before) => {
                    before.1 = last;
                    before.2
                }
                None => otherwise,
            };
            if class != under {
                singles.push((address(first, v4), class));
            }
            continue;
        }
        match joined.last_mut() {
            Some(before) if before.2 == class => before.1 = last,
            _ => joined.push((first, last, class)),
        }
    }
    ranges.extend(joined.into_iter().filter(|(_, _, class)| *class != otherwise).map(
        |(first, last, class)| (AddressRange { first: address(first, v4), last: address(last, v4) }, class),
    ));
}

/// A list in which each value is once.
#[derive(Debug)]
struct Table<T> {
    list: Vec<T>,
    places: HashMap<T, usize>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { list: Vec::new(), places: HashMap::new() }
    }
}

impl<T: Clone + Eq + Hash> Table<T> {
    fn place(&mut self, value: T) -> usize {
        if let Some(place) = self.places.get(&value) {
            return *place;
        }
        let place = self.list.len();
        self.list.push(value.clone());
        self.places.insert(value, place);
        place
    }
}
