//! What one actor did, as far as it may be a sequence.

use ringwall_model::{Responsible, Severity};
use serde::{Deserialize, Serialize};

use super::stages::{FINDINGS, STEPS, Stage, THRESHOLD, WINDOW};
use crate::finding::{
    Actor, DefinedBy, Details, Evidence, Kind, Log, Sequence, SequenceSignal, Signal, SignalSource,
};
use crate::keep::at_most;

/// Signals that are kept of an actor; GuardDuty's schema has room for a hundred.
const MAX_PARTS: usize = 64;
/// Actors, addresses and resources that a sequence names.
/// Source: AWS Security Hub API Reference, *Sequence*: at most ten.
const MAX_NAMED: usize = 10;

const REMEDY: &str = "Take the actor's access away first (revoke the role's sessions, deactivate the key, delete the pod and its token), then undo what \
                      each signal names, the means to come back before all else. `ringwall timeline --who` has the whole story.";

pub(super) static CLUSTER: Kind = Kind {
    name: "AttackSequence:EKS/CompromisedCluster",
    severity: Severity::Critical,
    by: DefinedBy::GuardDuty,
    log: Log::Both,
    title: "A cluster is under attack: several steps of one, by one actor",
    remedy: REMEDY,
    responsible: Responsible::Customer,
    at_metadata: "",
};

pub(super) static CREDENTIALS: Kind = Kind {
    name: "AttackSequence:IAM/CompromisedCredentials",
    severity: Severity::Critical,
    by: DefinedBy::GuardDuty,
    log: Log::CloudTrail,
    title: "Credentials of AWS are used for an attack: several steps of one, by one actor",
    remedy: REMEDY,
    responsible: Responsible::Customer,
    at_metadata: "",
};

/// One signal.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Part {
    pub(super) source: SignalSource,
    pub(super) log: Log,
    pub(super) name: String,
    pub(super) severity: Option<Severity>,
    pub(super) stage: Option<Stage>,
    pub(super) weight: u32,
    pub(super) time: Option<i64>,
    pub(super) evidence: Evidence,
    pub(super) actor: Actor,
    pub(super) address: String,
    pub(super) resource: String,
    /// Whether the baseline alone told it.
    #[serde(default)]
    pub(super) is_unusual_only: bool,
}

impl Part {
    fn is_of_cluster(&self) -> bool {
        self.log == Log::Audit || self.name.contains(":EKS/")
    }
}

/// The signals of one actor.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Chain {
    #[serde(deserialize_with = "at_most::<MAX_PARTS, _, _>")]
    parts: Vec<Part>,
    /// Under which cause the two kinds were told, and of when the latest signal was.
    told: [Option<(String, i64)>; 2],
}

impl Chain {
    /// Takes over another chain, which turned out to be of the same actor.
    pub(super) fn join(&mut self, other: Self) {
        self.parts.extend(other.parts);
        self.parts.sort_by_key(|part| part.time);
        self.parts.truncate(MAX_PARTS);
        for (own, of_other) in self.told.iter_mut().zip(other.told) {
            *own = own.take().or(of_other);
        }
    }

    /// How many signals it has.
    pub(super) fn len(&self) -> usize {
        self.parts.len()
    }

    /// Adds a signal, and tells what it makes of the rest.
    pub(super) fn add(&mut self, part: Part, tell: &mut dyn FnMut(Signal)) {
        if self.parts.len() >= MAX_PARTS {
            // The same again is what can be missed best; of what is left the earliest.
            let again = self.parts.iter().rposition(|known| known.name == part.name);
            self.parts.remove(again.unwrap_or(0));
        }
        self.parts.push(part);
        for (at, kind) in [&CLUSTER, &CREDENTIALS].into_iter().enumerate() {
            self.judge(at, kind, tell);
        }
    }

    fn judge(&mut self, at: usize, kind: &'static Kind, tell: &mut dyn FnMut(Signal)) {
        let Some(newest) = self.parts.last() else { return };
        let now = newest.time.unwrap_or_default();
        // Files come one after the other, so that what comes later may be the earlier.
        let is_near = |time: i64| now.saturating_sub(time).saturating_abs() <= WINDOW;
        let counts = |part: &&Part| (at == 0 || part.log == Log::CloudTrail) && part.time.is_none_or(is_near);
        if !counts(&newest) {
            return;
        }
        let mut parts: Vec<&Part> = self.parts.iter().filter(counts).collect();
        parts.sort_by_key(|part| part.time);
        let signals = signals(&parts);
        let mut stages: Vec<Stage> = parts.iter().filter_map(|part| part.stage).collect();
        stages.sort_unstable();
        stages.dedup();
        let score = signals.iter().map(|signal| signal.weight).sum();
        let findings = signals.iter().filter(|signal| signal.source == SignalSource::Finding).count();
        let is_of_kind = if at == 0 {
            parts.iter().filter(|part| part.is_of_cluster()).count() >= 2
        } else {
            parts.iter().any(|part| !part.actor.arn.is_empty())
        };
        let is_hostile = parts
            .iter()
            .filter(|part| part.source == SignalSource::Finding && !part.is_unusual_only)
            .any(|part| part.stage.is_some_and(Stage::is_hostile));
        let is_attack = score >= THRESHOLD && stages.len() >= STEPS && findings >= FINDINGS && is_hostile;
        let known =
            self.told.get(at).cloned().flatten().filter(|(_, time)| is_near(*time)).map(|(uid, _)| uid);
        if !is_of_kind || (!is_attack && known.is_none()) {
            return;
        }
        let Some(first) = parts.first() else { return };
        let uid = known.clone().unwrap_or_else(|| uid(kind.name, first));
        let sequence = sequence(&uid, &parts, signals, &stages, score);
        let new = Signal {
            kind,
            severity: kind.severity,
            cause: uid.clone(),
            time: newest.time,
            evidence: newest.evidence.clone(),
            details: Details {
                description: sequence.description.clone(),
                actor: sequence.actors.first().cloned().unwrap_or_default(),
                sequence: Some(sequence),
                ..Details::default()
            },
        };
        if known.is_none() {
            for part in parts.iter().filter(|part| !std::ptr::eq(**part, newest)) {
                tell(Signal { time: part.time, evidence: part.evidence.clone(), ..new.clone() });
            }
        }
        tell(new);
        if let Some(told) = self.told.get_mut(at) {
            *told = Some((uid, now));
        }
    }
}

fn signals(parts: &[&Part]) -> Vec<SequenceSignal> {
    let mut signals: Vec<SequenceSignal> = Vec::new();
    for part in parts {
        if let Some(known) = signals.iter_mut().find(|known| known.name == part.name) {
            known.count = known.count.saturating_add(1);
            known.weight = known.weight.max(part.weight);
            known.severity = known.severity.max(part.severity);
            known.last_seen = known.last_seen.max(part.time);
            continue;
        }
        signals.push(SequenceSignal {
            source: part.source,
            name: part.name.clone(),
            severity: part.severity,
            stage: part.stage.map_or("", Stage::name).into(),
            count: 1,
            first_seen: part.time,
            last_seen: part.time,
            weight: part.weight,
        });
    }
    signals
}

fn sequence(
    uid: &str,
    parts: &[&Part],
    signals: Vec<SequenceSignal>,
    stages: &[Stage],
    score: u32,
) -> Sequence {
    let mut sequence = Sequence { uid: uid.to_owned(), score, ..Sequence::default() };
    // Who did the worst comes first.
    let mut actors: Vec<(&Actor, u32)> = Vec::new();
    for part in parts {
        match actors.iter_mut().find(|(actor, _)| *actor == &part.actor) {
            Some((_, sum)) => *sum = sum.saturating_add(part.weight),
            None => actors.push((&part.actor, part.weight)),
        }
    }
    actors.sort_by_key(|(_, sum)| std::cmp::Reverse(*sum));
    for (actor, _) in actors {
        name(&mut sequence.actors, actor.clone(), *actor == Actor::default());
    }
    for part in parts {
        name(&mut sequence.endpoints, part.address.clone(), part.address.is_empty());
        name(&mut sequence.resources, part.resource.clone(), part.resource.is_empty());
    }
    let tactics: Vec<String> = stages.iter().map(|stage| stage.name().to_owned()).collect();
    let named = |test: &dyn Fn(&SequenceSignal) -> bool| -> Vec<String> {
        signals.iter().filter(|signal| test(signal)).map(|signal| signal.name.clone()).collect()
    };
    sequence.description = format!(
        "{} signals in {} steps of an attack ({}) by `{}`",
        signals.iter().map(|signal| signal.count).sum::<u64>(),
        stages.len(),
        tactics.join(", "),
        sequence.actors.first().map_or("somebody", |actor| if actor.arn.is_empty() {
            &actor.username
        } else {
            &actor.arn
        }),
    );
    let indicators: [(&'static str, Vec<String>); 5] = [
        ("ATTACK_TACTIC", tactics),
        ("HIGH_RISK_API", named(&|signal| signal.source != SignalSource::Finding)),
        ("MALICIOUS_IP", named(&|signal| signal.name.contains("/MaliciousIPCaller"))),
        ("TOR_IP", named(&|signal| signal.name.contains("/TorIPCaller"))),
        ("SUSPICIOUS_USER_AGENT", named(&|signal| signal.name.starts_with("PenTest:"))),
    ];
    let given = indicators.into_iter().filter(|(_, values)| !values.is_empty());
    sequence.indicators = given.map(|(key, values)| (key.into(), values)).collect();
    sequence.signals = signals;
    sequence
}

fn name<T: PartialEq>(known: &mut Vec<T>, new: T, is_empty: bool) {
    if !is_empty && known.len() < MAX_NAMED && !known.contains(&new) {
        known.push(new);
    }
}

/// An id that the same events give again: FNV-1a of what the sequence began with.
fn uid(kind: &str, first: &Part) -> String {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    // Where an event was read differs from replica to replica; it tells apart only those that have no id.
    let place = match first.evidence.id.as_str() {
        "" => format!("{}:{}", first.evidence.place.file, first.evidence.place.line),
        _ => String::new(),
    };
    let time = first.time.unwrap_or_default().to_string();
    for text in [kind, &first.evidence.id, &place, &time, &first.name] {
        for byte in text.bytes().chain([0]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    format!("{hash:016x}")
}
