//! What policies say of one packet, with policy, rule, file and line.

use ringwall_model::network::{NetworkPolicy, NetworkRule, Peer, PortMatch, RuleAction, Tier};
use ringwall_model::{Decision, Proof, Reason, Ring, Source, Verdict};

use super::{Ends, Packet, both, built_in, push_new};
use crate::evaluate::{Allowed, observed};
use crate::network::{Direction, Network};
use crate::party::{End, Party, PodEntry};
use crate::rules::{Match, peer_matches};

/// What a policy has to do with the packet.
struct Said<'p> {
    policy: &'p NetworkPolicy,
    /// `None`: that it isolates.
    rule: Option<&'p NetworkRule>,
    certain: bool,
}

impl Network<'_> {
    /// What policies say of a packet between two parties whom nothing exempts.
    pub(super) fn explain_policies(
        &self,
        from: Party<'_>,
        to: Party<'_>,
        packet: Packet,
        ends: Ends,
    ) -> Decision {
        let mut all = Decision::allowed(Vec::new());
        for family in self.families(from, to) {
            let (source, destination) = (self.end(from, family), self.end(to, family));
            if ends != Ends::Destination {
                let egress =
                    self.explain_of(from, to, Direction::Egress, (&destination, &destination), packet);
                all = both(all, egress);
            }
            if ends != Ends::Source {
                let ingress = self.explain_of(to, from, Direction::Ingress, (&source, &destination), packet);
                all = both(all, ingress);
            }
        }
        let mut reasons = Vec::with_capacity(all.reasons.len());
        for reason in all.reasons {
            push_new(&mut reasons, reason);
        }
        let mut not_evaluated = Vec::new();
        for why in all.not_evaluated {
            push_new(&mut not_evaluated, why);
        }
        Decision { verdict: all.verdict, reasons, not_evaluated }
    }

    fn explain_of(
        &self,
        subject: Party<'_>,
        other: Party<'_>,
        way: Direction,
        ends: (&End<'_>, &End<'_>),
        packet: Packet,
    ) -> Decision {
        match subject {
            Party::Pod(pod) => self.explain_pod(pod, other, way, ends, packet),
            Party::Node(_) | Party::Address(_) => {
                let text = format!("no policy is about {} of {}", way.name(), describe(subject));
                Decision::allowed(vec![built_in(text)])
            }
        }
    }

    fn explain_pod(
        &self,
        pod: &PodEntry<'_>,
        other: Party<'_>,
        way: Direction,
        (peer, destination): (&End<'_>, &End<'_>),
        packet: Packet,
    ) -> Decision {
        let mut said: Vec<Said<'_>> = Vec::new();
        let allowed = observed(self.selecting(pod.id, way), way, peer, destination, &mut |step| {
            if !step.open.contains(packet.protocol, packet.port) {
                return;
            }
            let certain = step.matched.certain.contains(packet.protocol, packet.port);
            let possible = step.matched.possible.contains(packet.protocol, packet.port);
            if step.rule.is_none() || possible {
                said.push(Said { policy: step.policy, rule: step.rule, certain });
            }
        });
        let verdict = verdict(&allowed, packet);
        let (subject, other) = (describe(Party::Pod(pod)), describe(other));
        let words = Words { way, subject: &subject, other: &other, packet };
        let accepted = said.iter().any(|said| said.certain && said.rule.is_some_and(accepts));
        let mut reasons = Vec::new();
        let mut not_evaluated = Vec::new();
        for said in &said {
            let told = match said.rule {
                Some(rule) => {
                    said.certain && (verdict != Verdict::Denied || rule.action != RuleAction::Accept)
                }
                None => said.policy.tier == Tier::NetworkPolicy && !accepted && verdict != Verdict::Allowed,
            };
            if told {
                reasons.push(words.reason(said.policy, said.rule));
            }
            if verdict == Verdict::Unknown && !said.certain {
                for why in uncertain(said, peer) {
                    push_new(&mut not_evaluated, why);
                }
            }
        }
        if verdict == Verdict::Unknown && not_evaluated.is_empty() {
            let names: Vec<String> = reasons
                .iter()
                .filter_map(|reason| match &reason.proof {
                    Proof::Object(object) => Some(format!("`{}`", object.name)),
                    Proof::Arn(_) | Proof::BuiltIn(_) => None,
                })
                .collect();
            not_evaluated.push(format!(
                "{} have the same priority and differ: which of them is asked first is not defined",
                names.join(", ")
            ));
        }
        if verdict == Verdict::Allowed && !accepted {
            reasons.push(words.nothing(said.iter().all(|said| said.rule.is_none())));
        }
        Decision { verdict, reasons, not_evaluated }
    }
}

fn accepts(rule: &NetworkRule) -> bool {
    rule.action == RuleAction::Accept
}

fn verdict(allowed: &Allowed, packet: Packet) -> Verdict {
    if allowed.traffic.contains(packet.protocol, packet.port) {
        Verdict::Allowed
    } else if allowed.uncertain.contains(packet.protocol, packet.port) {
        Verdict::Unknown
    } else {
        Verdict::Denied
    }
}

/// What nobody here can tell of a rule, or of a policy.
fn uncertain(said: &Said<'_>, peer: &End<'_>) -> Vec<String> {
    let reference = &said.policy.reference;
    let Some(rule) = said.rule else {
        return said.policy.unreadable.iter().map(|what| format!("{reference}: {what}")).collect();
    };
    let peers = rule.peers.iter().flatten().filter(|one| peer_matches(one, peer) == Match::Maybe).map(
        |one| match one {
            Peer::DomainName(name) => format!("which addresses `{name}` has"),
            Peer::Unreadable(what) => what.to_string(),
            Peer::Nodes(_) => "labels of a node whose object is not in the snapshot".to_owned(),
            Peer::Pods(_) | Peer::Block { .. } => "a peer".to_owned(),
        },
    );
    let ports = rule.ports.iter().flatten().filter_map(|port| match port {
        PortMatch::Unreadable(what) => Some(what.to_string()),
        PortMatch::Protocol(_) | PortMatch::Range { .. } | PortMatch::Named { .. } => None,
    });
    peers.chain(ports).map(|what| format!("{reference}, rule {}: {what}", rule.index)).collect()
}

/// How one direction of a packet is spoken of.
struct Words<'w> {
    way: Direction,
    subject: &'w str,
    other: &'w str,
    packet: Packet,
}

impl Words<'_> {
    fn reason(&self, policy: &NetworkPolicy, rule: Option<&NetworkRule>) -> Reason {
        let Self { way, subject, other, packet } = self;
        let (to, from) = match way {
            Direction::Ingress => ("to", "from"),
            Direction::Egress => ("from", "to"),
        };
        let text = match rule {
            None => format!(
                "isolates {subject} for {}, and none of its rules allows {packet} {from} {other}",
                way.name()
            ),
            Some(rule) => {
                let (does, behind) = match rule.action {
                    RuleAction::Accept => ("allows", ""),
                    RuleAction::Deny => ("denies", ""),
                    RuleAction::Pass => ("leaves", ", to the next tier"),
                };
                let name = rule.name.as_ref().map_or_else(String::new, |name| format!("`{name}` "));
                format!(
                    "{} rule {} {name}{does} {packet} {to} {subject} {from} {other}{behind}",
                    way.name(),
                    rule.index
                )
            }
        };
        Reason {
            ring: Ring::Network,
            proof: Proof::Object(policy.reference.clone()),
            rule: rule.map(|rule| rule.index),
            statement: None,
            source: rule.map_or(&policy.source, |rule| &rule.source).clone(),
            text: text.into(),
        }
    }

    /// That no policy decided.
    fn nothing(&self, unmatched: bool) -> Reason {
        let Self { way, subject, .. } = self;
        let text = if unmatched {
            format!("no policy isolates {subject} for {}", way.name())
        } else {
            format!("no further policy isolates {subject} for {}", way.name())
        };
        built_in(text)
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

/// A reason that an object gives.
pub(super) fn object_reason(reference: &ringwall_model::ObjectRef, source: &Source, text: String) -> Reason {
    Reason {
        ring: Ring::Network,
        proof: Proof::Object(reference.clone()),
        rule: None,
        statement: None,
        source: source.clone(),
        text: text.into(),
    }
}
