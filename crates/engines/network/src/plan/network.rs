use std::net::IpAddr;
use std::sync::Arc;

use hashbrown::HashMap;
use ringwall_model::network::{ContainerPort, NetworkRule, Peer, PortMatch, RuleAction, Tier};

use super::groups::GroupLayer;
use super::{Addresses, Cause, Compiler, DirectionRules, Layer, NodeRules, PlanRule, PodRules, PolicyRules};
use crate::{
    Direction, Matched, NamespaceId, Network, NodeEntry, PodEntry, PolicyEntry, PolicyId, Traffic,
    ports_match, rules,
};

/// What a node's rules are to hold.
#[derive(Clone, Copy, Debug)]
pub struct NodeOptions {
    /// Whether security groups are enforced too, where the cluster has any to judge by.
    pub security_groups: bool,
}

impl Default for NodeOptions {
    fn default() -> Self {
        Self { security_groups: true }
    }
}

/// Matches of a rule, as they stand in a [`PlanRule`].
type Matches = Vec<(Arc<Addresses>, Matched)>;

/// Addresses that match peers for certain, and those that may.
type Resolved = (Arc<Addresses>, Arc<Addresses>);

impl Network<'_> {
    /// What the packet filter of a node has to do, so that its packets meet what [`Network::traffic`] says.
    ///
    /// A node that nobody knows has no pods.
    pub fn node_rules(&self, node: &str, options: &NodeOptions) -> NodeRules {
        Planning::default().node_rules(self, node, options)
    }
}

/// Works out a node's rules time after time. What a change does not touch is kept, and each time is as if it were the first.
#[derive(Debug, Default)]
pub struct Planning {
    compiler: Compiler,
    population: Population,
    /// Peers with what they stand for in this population.
    peers: HashMap<Vec<Peer>, Resolved>,
}

/// All that peers are looked up in.
#[derive(Debug, Default, PartialEq)]
struct Population {
    namespaces: Vec<(Arc<str>, Vec<Label>)>,
    pods: Vec<(NamespaceId, bool, Vec<Label>, Vec<IpAddr>)>,
    nodes: Vec<(Option<Vec<Label>>, Vec<IpAddr>)>,
}

type Label = (Arc<str>, Arc<str>);

impl Population {
    fn of(network: &Network<'_>) -> Self {
        let namespaces = network.namespaces().iter();
        let nodes = network.nodes().iter();
        let pods = network.pods().iter().map(|pod| {
            (pod.namespace, pod.host_network(), pod.labels().to_vec(), pod.parts().addresses.clone())
        });
        Self {
            namespaces: namespaces.map(|one| (Arc::from(one.name), one.labels.clone())).collect(),
            pods: pods.collect(),
            nodes: nodes
                .map(|node| (node.object.map(|object| object.labels.clone()), node.addresses.clone()))
                .collect(),
        }
    }
}

impl Planning {
    /// As [`Network::node_rules`] says.
    pub fn node_rules(&mut self, network: &Network<'_>, node: &str, options: &NodeOptions) -> NodeRules {
        let groups = network.groups.as_ref().filter(|_| options.security_groups);
        let Some(entry) = network.node_named(node) else {
            return self.compiler.finish(Arc::from(node), Vec::new(), Vec::new(), Vec::new());
        };
        let population = Population::of(network);
        if population != self.population {
            self.peers.clear();
            self.population = population;
        }
        let Self { compiler, peers, .. } = self;
        let mut planner = Planner {
            network,
            groups: groups.map(|groups| GroupLayer::new(network, entry, groups)),
            compiler,
            known_peers: std::mem::take(peers),
            peers: HashMap::new(),
            rules: HashMap::new(),
            rule_sets: HashMap::new(),
            not_evaluated: Vec::new(),
        };
        let rules = planner.plan(entry);
        self.peers = planner.peers;
        rules
    }
}

/// What two pods of a node have in common that are judged alike.
#[derive(PartialEq, Eq, Hash)]
struct Alike<'n> {
    direction: Direction,
    policies: &'n [PolicyId],
    /// Their container ports, where a rule of ingress names one.
    ports: Option<&'n [ContainerPort]>,
    /// Their class before security groups.
    groups: Option<crate::groups::Class>,
}

struct Planner<'p, 'n, 'a> {
    network: &'n Network<'a>,
    groups: Option<GroupLayer<'n, 'a>>,
    compiler: &'p mut Compiler,
    /// What was found of peers in times before, and what this time looks at of it or found anew.
    known_peers: HashMap<Vec<Peer>, Resolved>,
    peers: HashMap<Vec<Peer>, Resolved>,
    /// Matches of rules whose ports don't depend on the pod: by policy, direction and place.
    rules: HashMap<(PolicyId, Direction, usize), Matches>,
    rule_sets: HashMap<Alike<'n>, Option<usize>>,
    not_evaluated: Vec<Arc<str>>,
}

impl<'n, 'a> Planner<'_, 'n, 'a> {
    fn plan(&mut self, node: &'n NodeEntry<'a>) -> NodeRules {
        let mut pods = Vec::new();
        for pod in node.pods.iter().filter_map(|id| self.network.pod(*id)) {
            if pod.host_network() || pod.parts().addresses.is_empty() {
                continue;
            }
            let reference = pod.reference();
            pods.push(PodRules {
                namespace: reference.namespace.clone().unwrap_or_default(),
                name: Arc::clone(&reference.name),
                addresses: pod.parts().addresses.clone(),
                interfaces: Vec::new(),
                ingress: self.rule_set(pod, Direction::Ingress),
                egress: self.rule_set(pod, Direction::Egress),
            });
        }
        self.not_evaluated.sort_unstable();
        self.not_evaluated.dedup();
        let not_evaluated = std::mem::take(&mut self.not_evaluated);
        self.compiler.finish(Arc::from(node.name), node.addresses.clone(), pods, not_evaluated)
    }

    fn rule_set(&mut self, pod: &'n PodEntry<'a>, direction: Direction) -> Option<usize> {
        let names_port =
            |entry: &PolicyEntry<'_>| rules(entry.policy, direction).into_iter().flatten().any(names_port);
        let names_ports =
            direction == Direction::Ingress && self.network.selecting(pod.id, direction).any(names_port);
        let alike = Alike {
            direction,
            policies: self.network.selecting_ids(pod.id, direction),
            ports: names_ports.then_some(&*pod.parts().ports),
            groups: self.groups.as_ref().map(|groups| groups.class(pod)),
        };
        if let Some(known) = self.rule_sets.get(&alike) {
            return *known;
        }
        let mut all = self.policies(pod, direction);
        if let Some(groups) = &mut self.groups {
            all.groups = groups.rules(pod, direction, &mut self.not_evaluated);
        }
        let made = self.compiler.rule_set(all);
        self.rule_sets.insert(alike, made);
        made
    }

    fn policies(&mut self, pod: &PodEntry<'a>, direction: Direction) -> DirectionRules {
        let network = self.network;
        let mut all = DirectionRules::default();
        let mut isolating = Vec::new();
        for entry in network.selecting(pod.id, direction) {
            let Some(rules) = rules(entry.policy, direction) else { continue };
            let policy = entry.policy;
            for why in &policy.unreadable {
                self.not_evaluated.push(format!("{}: {why}", policy.reference).into());
            }
            let of = |rule: Option<usize>, text: Option<&str>| Cause {
                direction,
                layer: Layer::Policies,
                objects: vec![policy.reference.clone()],
                rule,
                text: text.map(Arc::from),
            };
            let mut made: Vec<PlanRule> = rules
                .iter()
                .map(|rule| PlanRule {
                    cause: of(Some(rule.index), None),
                    action: rule.action,
                    matches: self.asked(entry, direction, rule, pod),
                })
                .collect();
            if policy.tier == Tier::NetworkPolicy {
                isolating.push(policy.reference.clone());
                all.policies.append(&mut made);
                continue;
            }
            if !policy.unreadable.is_empty() {
                made.push(PlanRule {
                    cause: of(None, Some("could not be read as a whole")),
                    action: RuleAction::Deny,
                    matches: vec![(Arc::new(Addresses::all()), maybe(Traffic::all()))],
                });
            }
            match policy.tier {
                Tier::NetworkPolicy => {}
                Tier::Admin(at) => all.admin.push(PolicyRules { priority: at.priority, rules: made }),
                Tier::Baseline(at) => all.baseline.push(PolicyRules { priority: at.priority, rules: made }),
            }
        }
        if !isolating.is_empty() {
            let (objects, text) = (isolating, Some(Arc::from("no rule lets it through")));
            all.isolated = Some(Cause { direction, layer: Layer::Policies, objects, rule: None, text });
        }
        all
    }

    /// Who matches a rule; nobody for certain where the policy could not be read as a whole.
    fn asked(
        &mut self,
        entry: &PolicyEntry<'a>,
        direction: Direction,
        rule: &NetworkRule,
        pod: &PodEntry<'a>,
    ) -> Matches {
        let mut matches = self.matches(entry, direction, rule, pod);
        if !entry.policy.unreadable.is_empty() {
            for (_, matched) in &mut matches {
                matched.certain = Traffic::none();
            }
        }
        matches
    }

    /// Who matches a rule, and with which traffic.
    fn matches(
        &mut self,
        entry: &PolicyEntry<'a>,
        direction: Direction,
        rule: &NetworkRule,
        pod: &PodEntry<'a>,
    ) -> Matches {
        let of_pod = direction == Direction::Ingress && names_port(rule);
        let key = (entry.id, direction, rule.index);
        if !of_pod && let Some(known) = self.rules.get(&key) {
            return known.clone();
        }
        let (certain, possible) = self.peers(rule, entry);
        let mut matches = Vec::new();
        let mut add = |addresses: &Arc<Addresses>, matched: Matched| {
            if !addresses.is_empty() && !matched.possible.is_none() {
                matches.push((Arc::clone(addresses), matched));
            }
        };
        let ports: &[ContainerPort] = if of_pod { &pod.parts().ports } else { &[] };
        let ports = ports_match(rule.ports.as_deref(), ports);
        self.unreadable_ports(rule, entry);
        add(&certain, ports.clone());
        add(&possible, maybe(ports.possible.clone()));
        if direction == Direction::Egress && names_port(rule) {
            for (addresses, matched) in self.named(rule, &ports) {
                for address in &addresses {
                    let one = Arc::new(Addresses::each([*address]));
                    if certain.contains(*address) {
                        add(&one, matched.clone());
                    } else if possible.contains(*address) {
                        add(&one, maybe(matched.possible.clone()));
                    }
                }
            }
        }
        if !of_pod {
            self.rules.insert(key, matches.clone());
        }
        matches
    }

    /// What a rule's peers stand for, with what of them could not be evaluated.
    fn peers(&mut self, rule: &NetworkRule, entry: &PolicyEntry<'a>) -> Resolved {
        let Some(peers) = &rule.peers else {
            return (Arc::new(Addresses::all()), Arc::default());
        };
        for peer in peers {
            match peer {
                Peer::DomainName(name) => {
                    self.say(entry, rule, &format!("the addresses of `{name}` are not known"));
                }
                Peer::Unreadable(why) => self.say(entry, rule, why),
                Peer::Pods(_) | Peer::Nodes(_) | Peer::Block { .. } => {}
            }
        }
        if let Some(known) = self.peers.get(peers) {
            return known.clone();
        }
        let (peers, resolved) = match self.known_peers.remove_entry(peers) {
            Some(known) => known,
            None => (peers.clone(), self.resolve(peers)),
        };
        self.peers.insert(peers, resolved.clone());
        resolved
    }

    fn resolve(&self, peers: &[Peer]) -> Resolved {
        let (mut certain, mut possible) = (Addresses::default(), Addresses::default());
        let mut single: Vec<IpAddr> = Vec::new();
        for peer in peers {
            match peer {
                Peer::Pods(scope) => single.extend(
                    self.network.select(scope).iter().flat_map(|pod| &pod.parts().addresses).copied(),
                ),
                Peer::Nodes(selector) => {
                    for node in self.network.nodes() {
                        if node.object.is_none() && !selector.requirements.is_empty() {
                            possible = possible.or(&Addresses::each(node.addresses.iter().copied()));
                        } else if selector.matches(node.labels()) {
                            single.extend(&node.addresses);
                        }
                    }
                }
                Peer::Block { cidr, except } => certain = certain.or(&Addresses::block(*cidr, except)),
                Peer::DomainName(_) => {
                    // Whatever the name is of, it is outside.
                    let pods = self.network.pods().iter().flat_map(|pod| &pod.parts().addresses);
                    let held = self.network.nodes().iter().flat_map(|node| &node.addresses).chain(pods);
                    let outside = Addresses::all().without(&Addresses::each(held.copied()));
                    possible = possible.or(&outside);
                }
                Peer::Unreadable(_) => possible = Addresses::all(),
            }
        }
        (Arc::new(certain.or(&Addresses::each(single))), Arc::new(possible))
    }

    /// Pods to which a rule of egress with names of ports lets more through than to others.
    fn named(&self, rule: &NetworkRule, others: &Matched) -> Vec<(Vec<IpAddr>, Matched)> {
        let pods = self.network.pods().iter().filter(|pod| !pod.host_network());
        pods.filter_map(|pod| {
            let matched = ports_match(rule.ports.as_deref(), &pod.parts().ports);
            (matched != *others).then(|| (pod.parts().addresses.clone(), matched))
        })
        .collect()
    }

    fn unreadable_ports(&mut self, rule: &NetworkRule, entry: &PolicyEntry<'a>) {
        for port in rule.ports.iter().flatten() {
            if let PortMatch::Unreadable(why) = port {
                self.say(entry, rule, why);
            }
        }
    }

    fn say(&mut self, entry: &PolicyEntry<'a>, rule: &NetworkRule, why: &str) {
        let place = rule.index.saturating_add(1);
        self.not_evaluated.push(format!("{}, rule {place}: {why}", entry.policy.reference).into());
    }
}

fn maybe(possible: Traffic) -> Matched {
    Matched { certain: Traffic::none(), possible }
}

fn names_port(rule: &NetworkRule) -> bool {
    rule.ports.iter().flatten().any(|port| matches!(port, PortMatch::Named { .. }))
}
