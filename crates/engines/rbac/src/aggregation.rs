use std::collections::BTreeMap;

use hashbrown::HashSet;
use ringwall_model::{Cluster, LabelSelector, PolicyRule, Role, Source};

use crate::content::Content;

/// An aggregated ClusterRole whose stored rules are not those that the controller would write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaleAggregation<'c> {
    /// Name of the ClusterRole.
    pub role: &'c str,
    /// Where it is written.
    pub source: &'c Source,
    /// Rules that its selectors select and that are not stored in it.
    pub missing: Vec<&'c PolicyRule>,
    /// Rules that are stored in it and that nothing selected has.
    pub extra: Vec<&'c PolicyRule>,
}

/// A rule and the role in which it is written, both by their place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    /// Place of the role in the list that was given.
    pub(crate) role: usize,
    /// Place of the rule in that role.
    pub(crate) rule: usize,
}

/// What every aggregated ClusterRole of a list is made of.
///
/// The controller takes selector by selector, sorts what each selects by name, leaves out the role itself and
/// rules that it already has, and runs again whenever a role changes. Followed to its end, from roles that hold
/// nothing by aggregation yet, that is the union over every role that is reached, in the order in which it is
/// reached: what is computed here, without the rounds. (Roles that select each other in a circle can keep a rule
/// alive that none of them has otherwise; such a rule counts as extra.)
///
/// Source: `pkg/controller/clusterroleaggregation/clusterroleaggregation_controller.go`, Kubernetes v1.37.2.
#[derive(Debug)]
pub(crate) struct Aggregation<'a, 'c> {
    roles: &'a [&'c Role],
    /// Places of ClusterRoles, sorted by name.
    by_name: Vec<usize>,
    /// What each aggregated ClusterRole selects itself, in the controller's order.
    selected: BTreeMap<usize, Vec<usize>>,
}

impl<'a, 'c> Aggregation<'a, 'c> {
    /// Follows the selectors of the roles.
    pub(crate) fn new(roles: &'a [&'c Role]) -> Self {
        let mut by_name: Vec<usize> = (0..roles.len())
            .filter(|place| roles.get(*place).is_some_and(|role| is_cluster_role(role)))
            .collect();
        by_name.sort_by_key(|place| roles.get(*place).map(|role| &role.reference.name));
        // Of two roles with one name the first counts, here as everywhere.
        by_name.dedup_by_key(|place| roles.get(*place).map(|role| &role.reference.name));
        let mut aggregation = Self { roles, by_name, selected: BTreeMap::new() };
        for (place, role) in roles.iter().enumerate() {
            if let (true, Some(rule)) = (is_cluster_role(role), &role.aggregation) {
                let selected = aggregation.select(place, &rule.selectors);
                aggregation.selected.insert(place, selected);
            }
        }
        aggregation
    }

    fn select(&self, own: usize, selectors: &[LabelSelector]) -> Vec<usize> {
        let mut seen = HashSet::new();
        selectors
            .iter()
            .flat_map(|selector| self.by_name.iter().map(move |place| (selector, *place)))
            .filter(|(selector, place)| {
                *place != own && self.roles.get(*place).is_some_and(|role| selector.matches(&role.labels))
            })
            .map(|(_, place)| place)
            .filter(|place| seen.insert(*place))
            .collect()
    }

    /// The rules of an aggregated ClusterRole; `None` for one that is not aggregated.
    pub(crate) fn rules(&self, place: usize) -> Option<Vec<Origin>> {
        let mut rules = Vec::new();
        let mut contents = HashSet::new();
        let mut seen: HashSet<usize> = HashSet::from([place]);
        // A stack of its own, so that a long chain can't overflow the thread's.
        let mut stack: Vec<usize> = self.selected.get(&place)?.iter().rev().copied().collect();
        while let Some(next) = stack.pop() {
            if !seen.insert(next) {
                continue;
            }
            if let Some(selected) = self.selected.get(&next) {
                stack.extend(selected.iter().rev());
                continue;
            }
            let written = self.roles.get(next).map_or(&[][..], |role| &role.rules);
            for (index, rule) in written.iter().enumerate() {
                if contents.insert(Content(rule)) {
                    rules.push(Origin { role: next, rule: index });
                }
            }
        }
        Some(rules)
    }

    fn stale(&self) -> Vec<StaleAggregation<'c>> {
        let stale = |(place, role): (usize, &&'c Role)| {
            let computed: Vec<&'c PolicyRule> = self
                .rules(place)?
                .iter()
                .filter_map(|origin| self.roles.get(origin.role)?.rules.get(origin.rule))
                .collect();
            let missing = without(computed.iter().copied(), &role.rules.iter().collect::<Vec<_>>());
            let extra = without(role.rules.iter(), &computed);
            let differs = !missing.is_empty() || !extra.is_empty();
            differs.then(|| StaleAggregation {
                role: &role.reference.name,
                source: &role.source,
                missing,
                extra,
            })
        };
        self.roles.iter().enumerate().filter_map(stale).collect()
    }
}

fn without<'c>(
    rules: impl Iterator<Item = &'c PolicyRule>,
    others: &[&'c PolicyRule],
) -> Vec<&'c PolicyRule> {
    let others: HashSet<Content<'_>> = others.iter().map(|rule| Content(rule)).collect();
    rules.filter(|rule| !others.contains(&Content(rule))).collect()
}

fn is_cluster_role(role: &Role) -> bool {
    role.reference.namespace.is_none()
}

/// Aggregated ClusterRoles whose stored rules differ from the computed ones, in the snapshot's order.
///
/// Decisions are made with the computed rules, which the controller writes within moments; a difference means that
/// the manifests are no export of a live cluster, or that the controller does not run.
pub fn stale_aggregations(cluster: &Cluster) -> Vec<StaleAggregation<'_>> {
    let roles: Vec<&Role> = cluster.roles.iter().collect();
    Aggregation::new(&roles).stale()
}
