use hashbrown::{HashMap, HashSet};
use ringwall_model::network::{NamespaceScope, NetworkPolicy, Tier};
use ringwall_model::{Cluster, Decision, Verdict};

use super::{LeftOut, Seen, ends};
use crate::pairs::{FoldedParty, Reach};
use crate::{Network, Party, Port, Traffic};

/// How many pairs are listed that a suggestion opens without need. All are counted.
const LISTED: usize = 200;

/// What the engine says of a cluster with suggested policies.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// How many of the flows that went through are allowed; with `refused`, all that were not left out.
    pub allowed: usize,
    /// Flows that went through and would not, by their place in the list: something else stops them, as an admin policy or a security group.
    pub refused: Vec<(usize, Decision)>,
    /// Flows that were stopped and would go through, by their place in the list.
    pub opened: Vec<usize>,
    /// Pairs of workloads (with nodes, ranges of the outside) with traffic that was seen.
    pub seen_pairs: usize,
    /// Pairs, of which one is in a namespace that policies are suggested for, that may do more than was seen.
    pub beyond_pairs: usize,
    /// The first 200 of them.
    pub beyond: Vec<Beyond>,
}

/// A pair that may do more than it was seen to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beyond {
    /// Who sends.
    pub from: FoldedParty,
    /// Who is sent to.
    pub to: FoldedParty,
    /// What may pass that was not seen.
    pub traffic: Traffic,
}

/// Puts the policies in the place of all NetworkPolicies of their namespaces, and asks.
pub(super) fn prove(
    network: &Network<'_>,
    policies: &[NetworkPolicy],
    seen: &[Seen],
    left_out: &[(usize, LeftOut)],
) -> Evidence {
    let home = |policy: &NetworkPolicy| match &policy.subject.namespaces {
        NamespaceScope::Named(name) => Some(name.clone()),
        NamespaceScope::Selected(_) => None,
    };
    let homes: HashSet<_> = policies.iter().filter_map(home).collect();
    let mut cluster: Cluster = network.cluster().clone();
    cluster.network.policies.retain(|policy| {
        policy.tier != Tier::NetworkPolicy || home(policy).is_none_or(|namespace| !homes.contains(&namespace))
    });
    cluster.network.policies.extend(policies.iter().cloned());
    let network = Network::new(&cluster);
    let mut evidence = Evidence::default();
    for (at, flow) in seen.iter().enumerate() {
        if left_out.iter().any(|(left, _)| *left == at) {
            continue;
        }
        let answer = network.connects(&flow.from, &flow.to, &Port::Number(flow.port), flow.protocol);
        match (flow.allowed, answer) {
            (true, Ok(decision)) if decision.verdict == Verdict::Allowed => evidence.allowed += 1,
            (true, Ok(decision)) => evidence.refused.push((at, decision)),
            (false, Ok(decision)) if decision.verdict != Verdict::Denied => evidence.opened.push(at),
            (false, Ok(_)) | (_, Err(_)) => {}
        }
    }
    count_beyond(&network, &homes, seen, &mut evidence);
    evidence
}

fn count_beyond(
    network: &Network<'_>,
    homes: &HashSet<std::sync::Arc<str>>,
    seen: &[Seen],
    evidence: &mut Evidence,
) {
    let reach = Reach::new(network);
    let (parties, sets) = reach.parties();
    let mut by_class: HashMap<u32, usize> = HashMap::new();
    let mut places: HashMap<&FoldedParty, usize> = HashMap::new();
    for (at, (party, set)) in parties.iter().zip(&sets).enumerate() {
        places.insert(party, at);
        if matches!(party, FoldedParty::Outside(_)) {
            by_class.extend(set.classes.iter().map(|class| (*class, at)));
        }
    }
    let place = |party: Party<'_>| match party {
        Party::Pod(pod) => network.pod(pod.id).and_then(|pod| places.get(&reach.party_of(pod)).copied()),
        Party::Node(node) => places.get(&FoldedParty::Node(node.id)).copied(),
        Party::Address(address) => match network.node_of(party) {
            Some(node) => places.get(&FoldedParty::Node(node)).copied(),
            None => by_class.get(&u32::try_from(reach.class_of_address(address)?).ok()?).copied(),
        },
    };
    let mut known: HashMap<(usize, usize), Traffic> = HashMap::new();
    for flow in seen.iter().filter(|flow| flow.allowed) {
        let Ok((senders, getters)) = ends(network, flow) else { continue };
        for from in senders {
            for (to, port) in &getters {
                if let (Some(from), Some(to)) = (place(from), place(*to)) {
                    let traffic = known.entry((from, to)).or_default();
                    *traffic = traffic.or(&Traffic::ports(flow.protocol, *port, *port));
                }
            }
        }
    }
    evidence.seen_pairs = known.len();
    let ours = |at: usize| match parties.get(at) {
        Some(FoldedParty::Workload(reference)) => {
            reference.namespace.as_ref().is_some_and(|namespace| homes.contains(namespace))
        }
        _ => false,
    };
    let folded = reach.folded();
    let members = |class: usize| folded.classes.get(class).map_or(&[][..], Vec::as_slice);
    for link in &folded.links {
        for from in members(link.from) {
            for to in members(link.to).iter().filter(|to| *to != from && (ours(*from) || ours(**to))) {
                let more = match known.get(&(*from, *to)) {
                    Some(known) => link.some.without(known),
                    None => link.some.clone(),
                };
                if more.is_none() {
                    continue;
                }
                evidence.beyond_pairs += 1;
                if let (true, Some(from), Some(to)) =
                    (evidence.beyond.len() < LISTED, parties.get(*from), parties.get(*to))
                {
                    evidence.beyond.push(Beyond { from: from.clone(), to: to.clone(), traffic: more });
                }
            }
        }
    }
}
