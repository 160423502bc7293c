use hashbrown::HashSet;
use ringwall_model::network::Tier;

use super::classes::Classes;
use super::matchers::Matchers;
use super::rows::Filler;
use super::space::Space;
use crate::evaluate::observed;
use crate::{Direction, Network, PolicyId, rule_matches, rules};

/// A rule of an admin policy that matches somebody and yet decides nothing: rules before it decide over all that it matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Shadowed {
    /// The policy.
    pub policy: PolicyId,
    /// Of which direction the rule is.
    pub direction: Direction,
    /// Which one of its list, counted from 0.
    pub rule: usize,
}

/// Rules of the admin tier that no packet between any two ever gets to, in the order in which they are asked.
///
/// Rules that match nobody are not among them. What a rule before it may match, though nobody can tell, still gets to it.
pub fn shadowed(network: &Network<'_>) -> Vec<Shadowed> {
    let matchers = Matchers::new(network.policies().iter().map(|entry| entry.policy));
    let space = Space::new(&matchers.blocks, &[]);
    let classes = Classes::new(network, &matchers, &space, &[]);
    let filler = Filler::new(network, &matchers, &space, &classes, &[]);
    let (mut matched, mut decides) = (HashSet::new(), HashSet::new());
    for way in Direction::ALL {
        filler.each(way, &mut |profile, peer, destination| {
            let entries = || profile.policies.iter().filter_map(|id| network.policies().get(id.index()));
            let is_admin = |tier: Tier| matches!(tier, Tier::Admin(_));
            for entry in entries().filter(|entry| is_admin(entry.policy.tier)) {
                for rule in rules(entry.policy, way).unwrap_or_default() {
                    if !rule_matches(rule, peer, destination.ports).possible.is_none() {
                        matched.insert(Shadowed { policy: entry.id, direction: way, rule: rule.index });
                    }
                }
            }
            observed(entries(), way, peer, destination, &mut |step| {
                let Some(rule) = step.rule.filter(|_| is_admin(step.policy.tier)) else { return };
                if step.matched.possible.and(step.open).is_none() {
                    return;
                }
                if let Some(entry) = entries().find(|entry| std::ptr::eq(entry.policy, step.policy)) {
                    decides.insert(Shadowed { policy: entry.id, direction: way, rule: rule.index });
                }
            });
        });
    }
    let mut shadowed: Vec<Shadowed> = matched.difference(&decides).copied().collect();
    shadowed.sort_unstable();
    shadowed
}
