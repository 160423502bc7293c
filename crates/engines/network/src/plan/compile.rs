use std::collections::BTreeSet;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::Arc;

use hashbrown::HashMap;
use ringwall_model::network::RuleAction;

use super::addresses::{address, last};
use super::{AddressRange, Addresses, Cause, Class, NodeRules, PodRules, RuleSet, Segment};
use crate::{Matched, Traffic};

/// All that has a say about a pod in one direction.
#[derive(Clone, Debug, Default)]
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
#[derive(Clone, Debug)]
pub struct PolicyRules {
    /// The lower decides first; what two of one priority want to do different things with is denied.
    pub priority: i32,
    /// Its rules in their order.
    pub rules: Vec<PlanRule>,
}

/// A rule, with all that its selectors and names stand for.
#[derive(Clone, Debug)]
pub struct PlanRule {
    /// Whose it is.
    pub cause: Cause,
    /// What it does.
    pub action: RuleAction,
    /// Other ends, and the traffic with each: named ports may differ from pod to pod.
    pub matches: Vec<(Arc<Addresses>, Matched)>,
}

/// Makes [`NodeRules`]: what is the same is kept once.
#[derive(Debug, Default)]
pub struct Compiler {
    rule_sets: Table<RuleSet>,
    classes: Table<Class>,
    causes: Table<Cause>,
}

impl Compiler {
    /// What judges a pod in one direction; `None` if nothing does, and all passes.
    pub fn rule_set(&mut self, rules: &DirectionRules) -> Option<usize> {
        if rules.admin.is_empty()
            && rules.isolated.is_none()
            && rules.baseline.is_empty()
            && rules.groups.is_none()
        {
            return None;
        }
        let stages = Stages::new(rules, &mut self.causes);
        let mut known: HashMap<Vec<usize>, usize> = HashMap::new();
        let mut class_of = |active: &BTreeSet<usize>| {
            let signature: Vec<usize> = active.iter().copied().collect();
            if let Some(class) = known.get(&signature) {
                return *class;
            }
            let class = self.classes.place(stages.class(active));
            known.insert(signature, class);
            class
        };
        let otherwise = class_of(&BTreeSet::new());
        let (mut singles, mut ranges) = (Vec::new(), Vec::new());
        for v4 in [true, false] {
            let tiles = stages.tiles(v4, &mut class_of);
            fold(&tiles, v4, otherwise, &mut singles, &mut ranges);
        }
        Some(self.rule_sets.place(RuleSet { singles, ranges, otherwise }))
    }

    /// All of it.
    pub fn finish(
        self,
        node: Arc<str>,
        node_addresses: Vec<IpAddr>,
        mut pods: Vec<PodRules>,
        not_evaluated: Vec<Arc<str>>,
    ) -> NodeRules {
        pods.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
        NodeRules {
            node,
            node_addresses,
            pods,
            rule_sets: self.rule_sets.list,
            classes: self.classes.list,
            causes: self.causes.list,
            not_evaluated,
        }
    }
}

/// The rules of a direction, each match with a number that says its place in the order.
struct Stages<'a> {
    matches: Vec<StageMatch<'a>>,
    isolated: Option<usize>,
    ungrouped: Option<usize>,
}

/// One match of a rule.
struct StageMatch<'a> {
    stage: Stage,
    /// Its policy's priority, and which one of its tier it is.
    policy: (i32, usize),
    action: RuleAction,
    cause: usize,
    addresses: &'a Addresses,
    matched: &'a Matched,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Admin,
    Policies,
    Baseline,
    Groups,
}

impl<'a> Stages<'a> {
    fn new(rules: &'a DirectionRules, causes: &mut Table<Cause>) -> Self {
        let mut matches = Vec::new();
        let mut add = |stage, policy, rules: &'a [PlanRule]| {
            for rule in rules {
                let cause = causes.place(rule.cause.clone());
                matches.extend(rule.matches.iter().map(|(addresses, matched)| StageMatch {
                    stage,
                    policy,
                    action: rule.action,
                    cause,
                    addresses,
                    matched,
                }));
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
            isolated: rules.isolated.clone().map(|cause| causes.place(cause)),
            ungrouped: rules.groups.as_ref().map(|(cause, _)| causes.place(cause.clone())),
        }
    }

    fn of(&self, stage: Stage, active: &BTreeSet<usize>) -> impl Iterator<Item = &StageMatch<'a>> {
        active.iter().filter_map(|index| self.matches.get(*index)).filter(move |of| of.stage == stage)
    }

    /// What becomes of packets to which exactly the matches in `active` apply.
    ///
    /// The same as [`crate::direction`] does for two ends, with the cause of each part: what may be denied, because a rule could not be
    /// evaluated, is.
    fn class(&self, active: &BTreeSet<usize>) -> Class {
        let mut fates = Fates { open: Traffic::all(), ..Fates::default() };
        let of = |stage| self.of(stage, active).collect::<Vec<_>>();
        fates.tier(&of(Stage::Admin));
        for of in self.of(Stage::Policies, active) {
            fates.settle(of);
        }
        if let Some(isolated) = self.isolated {
            fates.denied.push((fates.open, isolated));
            fates.open = Traffic::none();
        }
        fates.tier(&of(Stage::Baseline));
        Class { segments: self.by_groups(fates.segments(), active) }
    }

    /// What policies let through, groups must let through as well.
    fn by_groups(&self, segments: Vec<Segment>, active: &BTreeSet<usize>) -> Vec<Segment> {
        let Some(ungrouped) = self.ungrouped else { return segments };
        let mut both = Vec::with_capacity(segments.len());
        for segment in segments {
            if !segment.allowed {
                both.push(segment);
                continue;
            }
            let mut open = segment.traffic;
            for &StageMatch { cause, matched, .. } in self.of(Stage::Groups, active) {
                let hit = open.and(&matched.certain);
                if !hit.is_none() {
                    open = open.without(&hit);
                    both.push(Segment { traffic: hit, allowed: true, cause: segment.cause.or(Some(cause)) });
                }
            }
            if !open.is_none() {
                both.push(Segment { traffic: open, allowed: false, cause: Some(ungrouped) });
            }
        }
        both
    }

    /// The whole line of a family's addresses, cut wherever a match begins or ends.
    fn tiles(
        &self,
        v4: bool,
        class_of: &mut impl FnMut(&BTreeSet<usize>) -> usize,
    ) -> Vec<(u128, u128, usize)> {
        let end = last(v4);
        let mut cuts: Vec<(u128, bool, usize)> = Vec::new();
        for (index, of) in self.matches.iter().enumerate() {
            for (first, last) in if v4 { &of.addresses.v4 } else { &of.addresses.v6 } {
                cuts.push((*first, true, index));
                if *last < end {
                    cuts.push((last + 1, false, index));
                }
            }
        }
        // Where a match ends and begins anew at the next address, it ends first.
        cuts.sort_unstable();
        let (mut tiles, mut from, mut active) = (Vec::new(), 0, BTreeSet::new());
        for (at, begins, index) in cuts {
            if at > from {
                tiles.push((from, at - 1, class_of(&active)));
                from = at;
            }
            if begins {
                active.insert(index);
            } else {
                active.remove(&index);
            }
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
    allowed: Vec<(Traffic, usize)>,
    denied: Vec<(Traffic, usize)>,
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
            RuleAction::Accept => self.allowed.push((hit, of.cause)),
            RuleAction::Deny => self.denied.push((hit, of.cause)),
            RuleAction::Pass => {
                // Where it can't be evaluated, it may have denied.
                self.denied.push((hit.without(&of.matched.certain), of.cause));
                self.passed = self.passed.or(&hit);
            }
        }
        self.open = self.open.without(&of.matched.certain);
    }

    /// Parts that don't overlap: of the denied and then of the allowed, each by the first that said so.
    fn segments(self) -> Vec<Segment> {
        let mut segments = Vec::new();
        let mut left = Traffic::all();
        let mut say = |traffic: &Traffic, allowed: bool, cause: Option<usize>| {
            let traffic = left.and(traffic);
            if !traffic.is_none() {
                left = left.without(&traffic);
                segments.push(Segment { traffic, allowed, cause });
            }
        };
        for (traffic, cause) in &self.denied {
            say(traffic, false, Some(*cause));
        }
        for (traffic, cause) in &self.allowed {
            say(traffic, true, Some(*cause));
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
