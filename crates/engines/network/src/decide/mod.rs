//! One question, answered with what the answer rests on.

mod alike;
mod answer;
mod explain;
mod ingress;
mod metadata;
mod passes;
mod ways;

pub(crate) use metadata::METADATA;

use ringwall_model::network::Protocol;
use ringwall_model::{Decision, Proof, Reason, Ring, Source, Verdict};

use crate::network::Network;
use crate::party::Party;
use crate::who::{Port, QuestionError, Who};
use alike::Alike;
use answer::Answer;
use explain::describe;
use ways::Way;

/// How many pairs of ends an answer tells in full, and how many it names as like one of them. A workload of a thousand pods that asks
/// another one has a million pairs, and nobody reads on after the first few.
const MAX_TOLD: usize = 8;

/// Above how many pairs only one of those is judged that nothing tells apart: below it every pair is told by its name, and above it none
/// would be.
const MAX_SINGLY: usize = 64;

/// How many pairs are judged for one question, at some ten microseconds each. Only workloads of thousands of pods each with rules for
/// their single addresses come that far; what remains is then not known.
const MAX_JUDGED: usize = 250_000;

/// A packet that a question is about, at the port that its destination sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Packet {
    pub(crate) protocol: Protocol,
    /// Of ICMP 256 × type + code.
    pub(crate) port: u16,
}

impl std::fmt::Display for Packet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.protocol {
            Protocol::Icmp => write!(f, "ICMP type {} code {}", self.port >> 8, self.port & 0xff),
            _ => write!(f, "{} {}", self.protocol.name(), self.port),
        }
    }
}

/// Which of a packet's two ends are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ends {
    Both,
    Source,
    Destination,
}

impl Network<'_> {
    /// Whether a connection can be made, and because of what.
    ///
    /// A workload and a service stand for all their pods, and every pair has to be allowed. A port is the destination's own, of a service
    /// the service's, which leads to the pods' own. Of ICMP a number is 256 × type + code.
    ///
    /// Allowed: for egress of the source and ingress of the destination the rules that let it pass, or that nothing isolates. Denied: the
    /// rules that deny and the policies that isolate. Unknown: what could not be evaluated could have changed the answer.
    ///
    /// # Errors
    ///
    /// Where an end is nobody: not in the snapshot, or a pod that is over; and where ICMP is asked for by the name of a port.
    pub fn connects(
        &self,
        from: &Who,
        to: &Who,
        port: &Port,
        protocol: Protocol,
    ) -> Result<Decision, QuestionError> {
        if protocol == Protocol::Icmp && matches!(port, Port::Name(_)) {
            return Err(QuestionError::NoPorts { protocol: protocol.name() });
        }
        let sources = self.sources(from)?;
        let reached = self.ways(to, port, protocol)?;
        let mut answer = Answer::new();
        for reason in reached.denied {
            answer.take(Decision { reasons: vec![reason], ..Decision::denied() });
        }
        for why in reached.unknown {
            answer.take(Decision {
                verdict: Verdict::Unknown,
                reasons: Vec::new(),
                not_evaluated: vec![why],
            });
        }
        let many = sources.len().saturating_mul(reached.ways.len()) > MAX_SINGLY;
        let mut skipped = 0_usize;
        let mut alike = many.then(|| Alike::new(self, &sources, &reached.ways));
        let mut judged = 0_usize;
        'pairs: for source in &sources {
            for way in &reached.ways {
                if alike.as_mut().is_some_and(|alike| !alike.is_new(*source, way)) {
                    skipped += 1;
                    continue;
                }
                if judged == MAX_JUDGED {
                    let why = vec![format!("more than {MAX_JUDGED} pairs of ends")];
                    answer.take(Decision {
                        verdict: Verdict::Unknown,
                        reasons: Vec::new(),
                        not_evaluated: why,
                    });
                    break 'pairs;
                }
                judged += 1;
                let decision = self.along(*source, way, protocol);
                answer.pair(&describe(*source), &describe(way.party), decision);
            }
        }
        if sources.is_empty() {
            let nobody = built_in("nobody is behind the source");
            answer.take(Decision { reasons: vec![nobody], ..Decision::denied() });
        }
        let mut decision = answer.end();
        decision.reasons.splice(0..0, reached.reasons);
        if skipped > 0 {
            let text =
                format!("{skipped} further pairs differ from one that was judged in nothing that counts");
            decision.reasons.push(built_in(text));
        }
        decision.reasons.extend(self.ingress_reasons(to, port, protocol, &sources));
        if let Who::Address(address) = to
            && decision.verdict != Verdict::Denied
        {
            decision.reasons.extend(self.metadata_reasons(*address, &sources));
        }
        Ok(decision)
    }

    /// Everybody whom the destination of a question stands for, each with the port that is its own.
    ///
    /// # Errors
    ///
    /// Where it is nobody.
    pub(crate) fn destinations(
        &self,
        to: &Who,
        port: u16,
        protocol: Protocol,
    ) -> Result<Vec<(Party<'_>, u16)>, QuestionError> {
        let ways = self.ways(to, &Port::Number(port), protocol)?.ways;
        Ok(ways.into_iter().map(|way| (way.party, way.port)).collect())
    }

    /// Whether a packet passes from one party to another, at the destination's own port, and because of what: policies and security
    /// groups, which must both allow it.
    pub fn decide(&self, from: Party<'_>, to: Party<'_>, protocol: Protocol, port: u16) -> Decision {
        self.leg(from, to, Packet { protocol, port }, Ends::Both, true)
    }

    fn leg(&self, from: Party<'_>, to: Party<'_>, packet: Packet, ends: Ends, exempt: bool) -> Decision {
        if let Some(why) = self.exemption(from, to).filter(|_| exempt) {
            return Decision::allowed(vec![built_in(why)]);
        }
        let policy = self.explain_policies(from, to, packet, ends);
        match &self.groups {
            Some(groups) if !same_pod(from, to) => {
                both(policy, groups.explain(self, from, to, packet.protocol, packet.port))
            }
            _ => policy,
        }
    }

    /// One source along one way: where it is up to the implementation whom policies see, all that they may see must be treated alike.
    fn along(&self, from: Party<'_>, way: &Way<'_>, protocol: Protocol) -> Decision {
        let packet = Packet { protocol, port: way.port };
        if let Some(reason) = way.refused(self, from) {
            return Decision { reasons: vec![reason], ..Decision::denied() };
        }
        let by_itself = way.by_service && same_pod(from, way.party);
        let mut decision = self.leg(from, way.party, packet, Ends::Both, !by_itself);
        let seen_as = way.seen_as(self, from);
        let mut others = Vec::new();
        for seen in &seen_as {
            let sent = self.leg(from, way.party, packet, Ends::Source, true);
            others.push(both(sent, self.leg(*seen, way.party, packet, Ends::Destination, true)));
        }
        if let Some((node, port)) = way.sent_to {
            let sent = self.leg(from, node, Packet { protocol, port }, Ends::Source, true);
            for seen in std::iter::once(from).chain(seen_as.iter().copied()) {
                others.push(both(sent.clone(), self.leg(seen, way.party, packet, Ends::Destination, true)));
            }
        }
        for other in others {
            if other.verdict != decision.verdict {
                decision.verdict = Verdict::Unknown;
                let why = format!(
                    "whether policies see {} or a node on the way to {}, and the node's port or the pod's, is up to the implementation",
                    describe(from),
                    describe(way.party),
                );
                push_new(&mut decision.not_evaluated, why);
                for reason in other.reasons {
                    push_new(&mut decision.reasons, reason);
                }
                for why in other.not_evaluated {
                    push_new(&mut decision.not_evaluated, why);
                }
            }
        }
        decision
    }

    /// Why nothing comes between two parties, if so.
    fn exemption(&self, from: Party<'_>, to: Party<'_>) -> Option<&'static str> {
        if !self.exempt(from, to) {
            return None;
        }
        let is_pod = |party| matches!(party, Party::Pod(_));
        let why = if is_pod(from) == is_pod(to) {
            "who sends to its own address is not subject to policies"
        } else {
            "a pod and the node that it runs on always reach each other"
        };
        Some(why)
    }
}

fn same_pod(from: Party<'_>, to: Party<'_>) -> bool {
    matches!((from, to), (Party::Pod(from), Party::Pod(to)) if from.id == to.id)
}

/// Both must allow: the worse verdict, with the reasons for it.
pub(crate) fn both(first: Decision, second: Decision) -> Decision {
    let verdict = worst(first.verdict, second.verdict);
    let mut all = Decision { verdict, reasons: Vec::new(), not_evaluated: Vec::new() };
    for one in [first, second] {
        if one.verdict == verdict {
            all.reasons.extend(one.reasons);
            all.not_evaluated.extend(one.not_evaluated);
        }
    }
    all
}

/// Denied, before unknown, before allowed.
fn worst(a: Verdict, b: Verdict) -> Verdict {
    match (a, b) {
        (Verdict::Denied, _) | (_, Verdict::Denied) => Verdict::Denied,
        (Verdict::Unknown, _) | (_, Verdict::Unknown) => Verdict::Unknown,
        (Verdict::Allowed, Verdict::Allowed) => Verdict::Allowed,
    }
}

pub(crate) fn push_new<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if !list.contains(&item) {
        list.push(item);
    }
}

/// What holds by itself, whatever the snapshot says.
pub(crate) fn built_in(text: impl Into<std::sync::Arc<str>>) -> Reason {
    Reason {
        ring: Ring::Network,
        proof: Proof::BuiltIn("network"),
        rule: None,
        statement: None,
        source: Source::built_in(),
        text: text.into(),
    }
}
