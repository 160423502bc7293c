//! Why security groups let a packet through, or not: with groups, rules, files and lines.

use std::sync::Arc;

use ringwall_model::network::{GroupPeer, Protocol, SecurityGroup};
use ringwall_model::{Decision, Proof, Reason, Ring, Source, Verdict};

use super::attach::{Attached, Basis, GroupSet, SetId};
use super::path::{Part, Path};
use super::rules::{Named, Seen};
use super::{Family, SecurityGroups};
use crate::{Direction, Network, Party};

/// What one question is about.
#[derive(Clone, Copy)]
struct Packet {
    protocol: Protocol,
    port: u16,
    family: Family,
}

impl SecurityGroups<'_> {
    /// Whether one packet goes through, and because of what. `port` is the destination's; of ICMP it is 256 × type + code.
    ///
    /// Allowed: the rule of a group for each interface that it passes, or why none judges it. Denied: the groups of each interface
    /// that does not let it through.
    pub fn explain(
        &self,
        network: &Network<'_>,
        from: Party<'_>,
        to: Party<'_>,
        protocol: Protocol,
        port: u16,
    ) -> Decision {
        let families = self.shared_families(network, from, to);
        if families.is_empty() {
            let text = "the two have no addresses of one family, so no packet goes between them".to_owned();
            return Decision { reasons: vec![built_in(text)], ..Decision::denied() };
        }
        let mut decision = Decision::allowed(Vec::new());
        for family in families {
            let one = self.explain_over(network, from, to, Packet { protocol, port, family });
            decision = both(decision, one);
        }
        dedup(&mut decision);
        decision
    }

    fn explain_over(
        &self,
        network: &Network<'_>,
        from: Party<'_>,
        to: Party<'_>,
        packet: Packet,
    ) -> Decision {
        let paths = self.paths(network, from, to, packet.family);
        let mut ways = paths.map(|path| self.explain_along(network, from, to, &path, packet));
        let Some(first) = ways.next() else { return Decision::denied() };
        let mut decision = first;
        for other in ways {
            if other.verdict != decision.verdict {
                let why = "which way it goes is not known: the enforcing mode, what is inside the VPC, or the node that a pod will run on";
                decision.verdict = Verdict::Unknown;
                decision.not_evaluated.push(why.to_owned());
            }
            decision.not_evaluated.extend(other.not_evaluated);
        }
        decision
    }

    fn explain_along(
        &self,
        network: &Network<'_>,
        from: Party<'_>,
        to: Party<'_>,
        path: &Path<'_>,
        packet: Packet,
    ) -> Decision {
        let (sender, receiver) = match path {
            Path::Unjudged(why) => return Decision::allowed(vec![built_in((*why).to_owned())]),
            Path::Judged { from, to } => (from, to),
        };
        let mut decision = Decision::allowed(Vec::new());
        let ends = [
            (sender, from, Direction::Egress, receiver.seen, to),
            (receiver, to, Direction::Ingress, sender.seen, from),
        ];
        for (part, party, direction, seen, other) in ends {
            let basis = self.attached(network, party);
            decision =
                both(decision, self.explain_part(part, (party, &basis), direction, (other, seen), packet));
        }
        if decision.is_allowed() && decision.reasons.is_empty() {
            decision
                .reasons
                .push(built_in("no interface on the way has security groups in the snapshot".to_owned()));
        }
        decision
    }

    fn explain_part(
        &self,
        part: &Part<'_>,
        (party, attached): (Party<'_>, &Attached<'_>),
        direction: Direction,
        (other, seen): (Party<'_>, Seen<'_>),
        packet: Packet,
    ) -> Decision {
        let mut decision = Decision::allowed(Vec::new());
        for set in &part.filters {
            let one = match self.attachments.set(*set) {
                GroupSet::Unknown(why) => unknown(why.to_string()),
                GroupSet::Known(groups) => {
                    self.explain_groups(groups, direction, seen, packet).unwrap_or_else(|| {
                        let reasons = self.refusals(groups, party, direction, other, packet);
                        Decision { verdict: Verdict::Denied, reasons, not_evaluated: Vec::new() }
                    })
                }
            };
            decision = both(decision, self.with_basis(one, party, attached, *set));
        }
        decision
    }

    /// The first rule that lets the packet through, else what could; `None` if nothing could.
    fn explain_groups(
        &self,
        groups: &[Arc<str>],
        direction: Direction,
        seen: Seen<'_>,
        packet: Packet,
    ) -> Option<Decision> {
        let mut perhaps = Vec::new();
        for id in groups {
            let Some(group) = self.groups.get(&**id) else {
                perhaps.push(format!("the security group `{id}` is not in the exports"));
                continue;
            };
            for rule in group.rules(direction) {
                if !rule.traffic(packet.family).contains(packet.protocol, packet.port) {
                    continue;
                }
                for (peer, source) in &rule.rule.peers {
                    match self.places.named(peer, packet.family, seen) {
                        Named::Yes => {
                            let text = format!(
                                "{} rule {} of {} allows {} {} {}",
                                name(direction),
                                rule.rule.index,
                                described(group.group),
                                packet.words(),
                                preposition(direction),
                                peer_words(peer),
                            );
                            let reason = self.reason(id, Some(rule.rule.index), source.clone(), text);
                            return Some(Decision::allowed(vec![reason]));
                        }
                        Named::Perhaps(why) => perhaps.push(why),
                        Named::No => {}
                    }
                }
            }
        }
        (!perhaps.is_empty()).then(|| Decision {
            verdict: Verdict::Unknown,
            reasons: Vec::new(),
            not_evaluated: perhaps,
        })
    }

    /// That none of an interface's groups lets the packet through.
    fn refusals(
        &self,
        groups: &[Arc<str>],
        party: Party<'_>,
        direction: Direction,
        other: Party<'_>,
        packet: Packet,
    ) -> Vec<Reason> {
        let refusal = |id: &Arc<str>| {
            let group = self.groups.get(&**id)?.group;
            let text = format!(
                "{}, which {} has, has no {} rule that allows {} {} {}",
                described(group),
                describe(party),
                name(direction),
                packet.words(),
                preposition(direction),
                describe(other),
            );
            Some(self.reason(id, None, group.source.clone(), text))
        };
        groups.iter().filter_map(refusal).collect()
    }

    /// Says in a denial who gave the interface its groups, where that is a policy.
    fn with_basis(
        &self,
        mut decision: Decision,
        party: Party<'_>,
        attached: &Attached<'_>,
        set: SetId,
    ) -> Decision {
        if decision.verdict != Verdict::Denied || !attached.to.has(set) {
            return decision;
        }
        let basis: Vec<(Proof, Source, String)> = match &attached.basis {
            Basis::Policies(policies) => policies
                .iter()
                .map(|policy| {
                    let text = format!("gives {} its security groups", describe(party));
                    (Proof::Object(policy.reference.clone()), policy.source.clone(), text)
                })
                .collect(),
            Basis::Interface(interface) => {
                let proof = Proof::Arn(self.arn("network-interface", &interface.id));
                let text = format!("the interface of {} carries these groups", describe(party));
                vec![(proof, interface.source.clone(), text)]
            }
            Basis::ClusterGroup(source) => {
                let text =
                    "a Fargate pod without a SecurityGroupPolicy has the cluster security group".to_owned();
                vec![(Proof::BuiltIn("fargate"), source.clone(), text)]
            }
            Basis::Nothing => Vec::new(),
        };
        decision.reasons.extend(basis.into_iter().map(|(proof, source, text)| Reason {
            ring: Ring::Network,
            proof,
            rule: None,
            statement: None,
            source,
            text: text.into(),
        }));
        decision
    }

    fn reason(&self, group: &str, rule: Option<usize>, source: Source, text: String) -> Reason {
        let proof = Proof::Arn(self.arn("security-group", group));
        Reason { ring: Ring::Network, proof, rule, statement: None, source, text: text.into() }
    }

    /// The ARN of something of EC2; its account and region are those of the cluster, and empty where the snapshot tells none.
    ///
    /// Source: Service Authorization Reference, *Amazon EC2*, resource types.
    fn arn(&self, kind: &str, id: &str) -> Arc<str> {
        let info = &self.cluster.info;
        let partition = info.partition.as_deref().unwrap_or("aws");
        let region = info.region.as_deref().unwrap_or_default();
        let account = info.account.as_deref().unwrap_or_default();
        format!("arn:{partition}:ec2:{region}:{account}:{kind}/{id}").into()
    }
}

/// A party in words.
pub(super) fn describe(party: Party<'_>) -> String {
    match party {
        Party::Pod(pod) => pod.reference().to_string(),
        Party::Node(node) => format!("Node {}", node.name),
        Party::Address(address) => address.to_string(),
    }
}

impl Packet {
    /// `TCP 80`, or `ICMP type 8 code 0`.
    fn words(self) -> String {
        match self.protocol {
            Protocol::Icmp => {
                let [kind, code] = self.port.to_be_bytes();
                let version = if self.family == Family::V4 { "ICMP" } else { "ICMPv6" };
                format!("{version} type {kind} code {code}")
            }
            Protocol::Tcp | Protocol::Udp | Protocol::Sctp => {
                format!("{} {}", self.protocol.name(), self.port)
            }
        }
    }
}

/// The answer where two must allow: a denial beats what is unknown. A denial keeps the reasons of denials alone.
fn both(mut one: Decision, other: Decision) -> Decision {
    let verdict = match (one.verdict, other.verdict) {
        (Verdict::Denied, _) | (_, Verdict::Denied) => Verdict::Denied,
        (Verdict::Unknown, _) | (_, Verdict::Unknown) => Verdict::Unknown,
        (Verdict::Allowed, Verdict::Allowed) => Verdict::Allowed,
    };
    let counts = |decision: &Decision| verdict != Verdict::Denied || decision.verdict == Verdict::Denied;
    if !counts(&one) {
        return other;
    }
    if counts(&other) {
        one.reasons.extend(other.reasons);
        one.not_evaluated.extend(other.not_evaluated);
    }
    one.verdict = verdict;
    one
}

fn dedup(decision: &mut Decision) {
    let mut reasons: Vec<Reason> = Vec::with_capacity(decision.reasons.len());
    for reason in decision.reasons.drain(..) {
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    decision.reasons = reasons;
    decision.not_evaluated.sort_unstable();
    decision.not_evaluated.dedup();
}

fn unknown(why: String) -> Decision {
    Decision { verdict: Verdict::Unknown, reasons: Vec::new(), not_evaluated: vec![why] }
}

fn built_in(text: String) -> Reason {
    Reason {
        ring: Ring::Network,
        proof: Proof::BuiltIn("security groups"),
        rule: None,
        statement: None,
        source: Source::built_in(),
        text: text.into(),
    }
}

fn name(direction: Direction) -> &'static str {
    match direction {
        Direction::Ingress => "inbound",
        Direction::Egress => "outbound",
    }
}

fn preposition(direction: Direction) -> &'static str {
    match direction {
        Direction::Ingress => "from",
        Direction::Egress => "to",
    }
}

/// `sg-0a1b (web)`
fn described(group: &SecurityGroup) -> String {
    match &group.name {
        Some(name) => format!("{} ({name})", group.id),
        None => group.id.to_string(),
    }
}

fn peer_words(peer: &GroupPeer) -> String {
    match peer {
        GroupPeer::Block(block) => block.to_string(),
        GroupPeer::Group { id, .. } => format!("interfaces with {id}"),
        GroupPeer::PrefixList(id) => format!("the prefix list {id}"),
        GroupPeer::Unreadable(what) => format!("`{what}`"),
    }
}
