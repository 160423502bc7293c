//! What the tiers of policy let pass between two ends.

use ringwall_model::network::{NetworkPolicy, NetworkRule, RuleAction, Tier};

use crate::network::{Direction, Network};
use crate::party::{End, EndKind, Party, PolicyEntry};
use crate::rules::{Matched, rule_matches, rules};
use crate::traffic::Traffic;

/// What may pass.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Allowed {
    /// What passes for certain.
    pub traffic: Traffic,
    /// What passes or doesn't, because of something that could not be evaluated. Enforcement denies it.
    pub uncertain: Traffic,
}

impl Allowed {
    /// Everything.
    pub fn all() -> Self {
        Self { traffic: Traffic::all(), uncertain: Traffic::none() }
    }

    /// Nothing.
    pub fn none() -> Self {
        Self::default()
    }

    /// What two judges let pass who must both agree.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let traffic = self.traffic.and(&other.traffic);
        let possible = self.traffic.or(&self.uncertain).and(&other.traffic.or(&other.uncertain));
        Self { uncertain: possible.without(&traffic), traffic }
    }
}

/// What becomes of traffic on its way through the tiers: each packet has at least one fate, and more than one where something is not known.
struct Fates {
    /// What may not have met its fate yet.
    open: Traffic,
    /// What may have been passed on to the next tier.
    passed: Traffic,
    allowed: Traffic,
    denied: Traffic,
}

impl Fates {
    fn new() -> Self {
        Self {
            open: Traffic::all(),
            passed: Traffic::none(),
            allowed: Traffic::none(),
            denied: Traffic::none(),
        }
    }

    /// A rule: what it matches for certain is settled, what it may match has this fate or a later one.
    ///
    /// A rule that passes on and can't be evaluated may also have denied. Source: network-policy-api, ClusterNetworkPolicyEgressPeer:
    /// for "Deny" and "Pass" rules, "fail closed" means to treat the rule as one that denies all.
    fn settle(&mut self, matched: &Matched, action: RuleAction) {
        let possible = matched.possible.and(&self.open);
        match action {
            RuleAction::Accept => self.allowed = self.allowed.or(&possible),
            RuleAction::Deny => self.denied = self.denied.or(&possible),
            RuleAction::Pass => {
                self.passed = self.passed.or(&possible);
                self.denied = self.denied.or(&possible.without(&matched.certain));
            }
        }
        self.open = self.open.without(&matched.certain);
    }

    fn next_tier(&mut self) {
        self.open = self.open.or(&std::mem::take(&mut self.passed));
    }

    fn end(self) -> Allowed {
        let allowed = self.allowed.or(&self.open);
        Allowed { traffic: allowed.without(&self.denied), uncertain: allowed.and(&self.denied) }
    }
}

/// A step of an evaluation, as [`direction`] tells it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step<'p, 'm> {
    /// The policy that is asked.
    pub(crate) policy: &'p NetworkPolicy,
    /// Its rule; `None` where it is said that it isolates, or that not all of it could be read.
    pub(crate) rule: Option<&'p NetworkRule>,
    /// What the rule matches; of a policy that isolates nothing, of one that could not be read whatever it may.
    pub(crate) matched: &'m Matched,
    /// What was still open.
    pub(crate) open: &'m Traffic,
}

/// What policies let pass in one direction of a pod's traffic with a peer: admin tier, NetworkPolicies, baseline, and what none of them
/// decides is allowed.
///
/// `policies` are those that speak of the direction of the pod, in the order in which they are asked; `destination` is the end that the
/// traffic is to. Nobody is exempt here.
///
/// Sources: network-policy-api, ClusterNetworkPolicy v1alpha2 (`tier`, `priority`, `action`); Kubernetes, *Network Policies*, "The two
/// sorts of pod isolation".
pub fn direction<'p>(
    policies: impl Iterator<Item = &'p PolicyEntry<'p>>,
    direction: Direction,
    peer: &End<'_>,
    destination: &End<'_>,
) -> Allowed {
    observed(policies, direction, peer, destination, &mut |_| {})
}

/// The same, told step by step.
pub(crate) fn observed<'p>(
    policies: impl Iterator<Item = &'p PolicyEntry<'p>>,
    direction: Direction,
    peer: &End<'_>,
    destination: &End<'_>,
    observe: &mut impl FnMut(Step<'p, '_>),
) -> Allowed {
    let mut fates = Fates::new();
    let mut policies =
        policies.filter_map(|entry| Some((entry.policy, rules(entry.policy, direction)?))).peekable();
    let is_admin = |(policy, _): &(&NetworkPolicy, _)| matches!(policy.tier, Tier::Admin(_));
    cluster_tier(&mut fates, std::iter::from_fn(|| policies.next_if(is_admin)), (peer, destination), observe);
    let mut isolated = false;
    let mut accepted = Matched::default();
    while let Some((policy, rules)) = policies.next_if(|(policy, _)| policy.tier == Tier::NetworkPolicy) {
        isolated = true;
        let mut possible = Matched::default();
        if !policy.unreadable.is_empty() {
            possible.possible = Traffic::all();
            accepted.possible = Traffic::all();
        }
        observe(Step { policy, rule: None, matched: &possible, open: &fates.open });
        for rule in rules {
            let matched = asked(policy, rule, peer, destination);
            observe(Step { policy, rule: Some(rule), matched: &matched, open: &fates.open });
            accepted.certain = accepted.certain.or(&matched.certain);
            accepted.possible = accepted.possible.or(&matched.possible);
        }
    }
    if isolated {
        fates.settle(&accepted, RuleAction::Accept);
        fates.settle(&Matched { certain: Traffic::all(), possible: Traffic::all() }, RuleAction::Deny);
    }
    cluster_tier(&mut fates, policies, (peer, destination), observe);
    fates.end()
}

/// One tier of the cluster's policies.
///
/// Policies of one priority have no order among them: each is asked as if it were the first, and what two of them want to do different
/// things with is uncertain. Source: network-policy-api, ClusterNetworkPolicy `spec.priority`: "the implementation can apply any of the
/// matching policies to the connection".
fn cluster_tier<'p>(
    fates: &mut Fates,
    policies: impl Iterator<Item = (&'p NetworkPolicy, &'p [NetworkRule])>,
    (peer, destination): (&End<'_>, &End<'_>),
    observe: &mut impl FnMut(Step<'p, '_>),
) {
    let mut policies = policies.peekable();
    while let Some((policy, rules)) = policies.next() {
        let at_first =
            policies.peek().filter(|(next, _)| next.tier == policy.tier).map(|_| fates.open.clone());
        cluster_policy(fates, policy, rules, (peer, destination), observe);
        let Some(at_first) = at_first else { continue };
        let mut unmatched = std::mem::replace(&mut fates.open, at_first.clone());
        while let Some((equal, rules)) = policies.next_if(|(next, _)| next.tier == policy.tier) {
            cluster_policy(fates, equal, rules, (peer, destination), observe);
            unmatched = unmatched.and(&std::mem::replace(&mut fates.open, at_first.clone()));
        }
        fates.open = unmatched;
    }
    fates.next_tier();
}

/// What a rule of a policy matches: nothing for certain where the policy could not be read as a whole, since then it may be about others,
/// or at another place.
fn asked(policy: &NetworkPolicy, rule: &NetworkRule, peer: &End<'_>, destination: &End<'_>) -> Matched {
    let mut matched = rule_matches(rule, peer, destination.ports);
    if !policy.unreadable.is_empty() {
        matched.certain = Traffic::none();
    }
    matched
}

fn cluster_policy<'p>(
    fates: &mut Fates,
    policy: &'p NetworkPolicy,
    rules: &'p [NetworkRule],
    (peer, destination): (&End<'_>, &End<'_>),
    observe: &mut impl FnMut(Step<'p, '_>),
) {
    for rule in rules {
        if fates.open.is_none() {
            return;
        }
        let matched = asked(policy, rule, peer, destination);
        observe(Step { policy, rule: Some(rule), matched: &matched, open: &fates.open });
        fates.settle(&matched, rule.action);
    }
    if !policy.unreadable.is_empty() {
        let unknown = Matched { certain: Traffic::none(), possible: Traffic::all() };
        observe(Step { policy, rule: None, matched: &unknown, open: &fates.open });
        fates.settle(&unknown, RuleAction::Accept);
        fates.settle(&unknown, RuleAction::Deny);
    }
}

impl<'a> Network<'a> {
    /// What policies let pass from one party to another; ports are the destination's own, after any service's translation.
    ///
    /// Egress of the source and ingress of the destination must both allow it, in each family that both have an address of; who has no
    /// address is judged by labels alone. A party always reaches itself, and a pod and its own node each other.
    ///
    /// Sources: Kubernetes, *Network Policies*: "both the egress policy on the source pod and the ingress policy on the destination pod
    /// need to allow the connection"; "traffic to and from the node where a Pod is running is always allowed"; "a Pod cannot block
    /// access to itself".
    pub fn traffic(&self, from: Party<'_>, to: Party<'_>) -> Allowed {
        if self.exempt(from, to) { Allowed::all() } else { self.traffic_unexempt(from, to) }
    }

    /// Whether no policy can come between two parties: they are one and the same, or a pod and the node that it runs on.
    pub fn exempt(&self, from: Party<'_>, to: Party<'_>) -> bool {
        match (from, to) {
            (Party::Pod(from), Party::Pod(to)) => from.id == to.id,
            (Party::Address(from), Party::Address(to)) if from == to => true,
            _ => {
                let node = self.node_of(from);
                node.is_some() && node == self.node_of(to)
            }
        }
    }

    /// The same without the exemptions: what rules alone say.
    pub fn traffic_unexempt(&self, from: Party<'_>, to: Party<'_>) -> Allowed {
        self.judged(from, to, &[Direction::Egress, Direction::Ingress])
    }

    /// One half of it: what policies about the source's egress, or about the destination's ingress, let pass.
    pub fn one_way(&self, way: Direction, from: Party<'_>, to: Party<'_>) -> Allowed {
        self.judged(from, to, &[way])
    }

    fn judged(&self, from: Party<'_>, to: Party<'_>, ways: &[Direction]) -> Allowed {
        let mut all = Allowed::all();
        for family in self.families(from, to) {
            let (source, destination) = (self.end(from, family), self.end(to, family));
            for way in ways {
                let (subject, peer) = match way {
                    Direction::Egress => (from, &destination),
                    Direction::Ingress => (to, &source),
                };
                // Policies are about pods alone.
                let Party::Pod(pod) = subject else { continue };
                all = all.and(&direction(self.selecting(pod.id, *way), *way, peer, &destination));
            }
        }
        all
    }

    /// The families in which two parties are judged, `true` for IPv4: those that both have, or those that one has if the other has no
    /// address yet. Where they share none, they are judged once, each by its own address: policies don't ask for a route between them.
    ///
    /// The outside is reached in its own family whatever the pod's are: a node may translate (EKS gives pods of an IPv6 cluster a way
    /// to IPv4 addresses).
    pub fn families(&self, from: Party<'_>, to: Party<'_>) -> Vec<Option<bool>> {
        let has = |party: Party<'_>| match party {
            Party::Pod(pod) => has(&pod.parts().addresses),
            Party::Node(node) => has(&node.addresses),
            Party::Address(address) => [address.is_ipv4(), address.is_ipv6()],
        };
        let outside = |party: Party<'_>| {
            matches!(party, Party::Address(_)) && self.end(party, None).kind == EndKind::Outside
        };
        let (mine, theirs) = (has(from), has(to));
        let [ipv4, ipv6] = match (mine, theirs) {
            _ if outside(to) => theirs,
            _ if outside(from) => mine,
            (other, [false, false]) | ([false, false], other) => other,
            ([from4, from6], [to4, to6]) => [from4 && to4, from6 && to6],
        };
        match (ipv4, ipv6) {
            (true, true) => vec![Some(true), Some(false)],
            (true, false) => vec![Some(true)],
            (false, true) => vec![Some(false)],
            (false, false) => vec![None],
        }
    }
}

fn has(addresses: &[std::net::IpAddr]) -> [bool; 2] {
    [addresses.iter().any(std::net::IpAddr::is_ipv4), addresses.iter().any(std::net::IpAddr::is_ipv6)]
}
