//! Events in, findings out.

mod state;

pub use state::{MAX_STATE, StateError};

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::act::Act;
use crate::audit::Event;
use crate::baseline::{Baseline, CallFeatures, Features};
use crate::cloudtrail::{self, Call, Record, Watch};
use crate::finding::{Evidence, Finding, Findings, Lost, Place, Signal};
use crate::intel::Intel;
use crate::keyed::Keyed;
use crate::rules::{self, Rules};
use crate::seen::Seen;
use crate::sequence::{Sequences, Told};

/// Looks at events, one after the other, and keeps what they tell.
#[derive(Debug, Default)]
pub struct Detector {
    seen: Seen,
    rules: Rules,
    baseline: Baseline,
    findings: Findings,
    trail: Watch,
    sequences: Sequences,
    counts: Counts,
}

/// What became of the events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// Looked at.
    pub judged: u64,
    /// Not looked at: they had come before.
    pub repeated: u64,
    /// Not looked at: the stage `RequestReceived`, at which nothing was decided yet.
    pub not_decided: u64,
}

impl Detector {
    /// One that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// One that has seen nothing, with a key of its own for what it remembers by hashes. Whoever knows the key could look for an
    /// event that counts as a repetition of another, and that of [`Self::new`] is published: what takes in logs for good draws one
    /// at random. It is part of the [`Self::state`].
    pub fn with_key(key: [u8; 16]) -> Self {
        let hasher = Keyed::new(key);
        Self {
            seen: Seen::new(hasher),
            rules: Rules::new(hasher),
            trail: Watch::new(hasher),
            sequences: Sequences::new(hasher),
            ..Self::default()
        }
    }

    /// Tells the types as well that GuardDuty has retired.
    #[must_use]
    pub fn with_retired(mut self, retired: bool) -> Self {
        self.rules.retired = retired;
        self
    }

    /// Takes these lists of addresses, and AWS's ranges, in place of those before.
    pub fn set_intel(&mut self, intel: Arc<Intel>) {
        self.trail.set_intel(Arc::clone(&intel));
        self.rules.intel = intel;
    }

    /// Goes by what was learned before, and learns on.
    #[must_use]
    pub fn with_baseline(mut self, baseline: Baseline) -> Self {
        self.baseline = baseline;
        self
    }

    /// What was learned until now.
    pub fn baseline(&self) -> &Baseline {
        &self.baseline
    }

    /// What was learned, to be kept.
    pub fn into_baseline(self) -> Baseline {
        self.baseline
    }

    /// Looks at an event of the audit log.
    pub fn audit(&mut self, event: &Event<'_>, place: &Place) {
        self.judge_audit(event, place);
    }

    /// The same; tells whether it was one to look at, rather than one that had come before or was not decided yet.
    pub fn judge_audit(&mut self, event: &Event<'_>, place: &Place) -> bool {
        if event.stage.text() == "RequestReceived" {
            self.counts.not_decided = self.counts.not_decided.saturating_add(1);
            return false;
        }
        if !self.seen.is_new(event) {
            self.counts.repeated = self.counts.repeated.saturating_add(1);
            return false;
        }
        self.counts.judged = self.counts.judged.saturating_add(1);
        let act = Act::of(event);
        let mut signals = Vec::new();
        self.rules.look(&act, place, &mut |signal| signals.push(signal));
        let is_weighed = act.took_place() || !signals.is_empty();
        let unusual = if is_weighed { self.weigh(&act, place, &signals) } else { None };
        let findings = &mut self.findings;
        let told = Told { signals: &signals, unusual: unusual.as_ref() };
        self.sequences.audit(&act, place, told, &mut |signal| {
            findings.add(signal);
        });
        unusual.into_iter().for_each(|signal| {
            findings.add(signal);
        });
        true
    }

    /// Asks the baseline about an act and what it gave rise to, and then teaches it. What was not carried out, or only tried, teaches
    /// nothing: who tries a door every hour is no customer. Gives what is told for being unusual alone.
    fn weigh(&mut self, act: &Act<'_>, place: &Place, signals: &[Signal]) -> Option<Signal> {
        let features = Features::of(act);
        let anomaly = rules::may_be_anomaly(act, &features, signals);
        let mut unusual = None;
        if anomaly.is_some() || !signals.is_empty() {
            let judgement = self.baseline.judge(&features, act.time);
            unusual = anomaly
                .filter(|_| judgement.is_unusual())
                .map(|anomaly| anomaly.signal(act, place, &features, judgement.terms.clone()));
            for signal in signals {
                self.baseline.learn_signal(signal, &features);
                if let Some(signal) = self.baseline.rank(signal.clone(), &features, &judgement) {
                    self.findings.add(signal);
                }
            }
        }
        if act.took_place() && !act.is_dry_run() {
            self.baseline.learn(&features, act.time);
        }
        unusual
    }

    /// Looks at a record of CloudTrail.
    pub fn cloudtrail(&mut self, record: &Record<'_>, place: &Place) {
        self.judge_cloudtrail(record, place);
    }

    /// The same; tells whether it was one to look at, rather than one that had come before.
    pub fn judge_cloudtrail(&mut self, record: &Record<'_>, place: &Place) -> bool {
        if !self.seen.is_new_record(record) {
            self.counts.repeated = self.counts.repeated.saturating_add(1);
            return false;
        }
        self.counts.judged = self.counts.judged.saturating_add(1);
        let call = Call::of(record);
        let mut told: Vec<Signal> = Vec::new();
        self.trail.look(&call, place, &mut |signal| told.push(signal));
        let unusual = self.weigh_call(&call, place, &told);
        let findings = &mut self.findings;
        let of_call = Told { signals: &told, unusual: unusual.as_ref() };
        self.sequences.cloudtrail(&call, place, of_call, &mut |signal| {
            findings.add(signal);
        });
        told.into_iter().chain(unusual).for_each(|signal| {
            findings.add(signal);
        });
        true
    }

    /// Asks the baseline about a call to AWS, and then teaches it. What AWS does by itself is nobody's custom.
    fn weigh_call(&mut self, call: &Call<'_>, place: &Place, told: &[Signal]) -> Option<Signal> {
        if call.is_by_aws() || call.who().is_empty() {
            return None;
        }
        let features = CallFeatures::of(call);
        let kind = cloudtrail::may_be_anomaly(call, told);
        let unusual = kind.and_then(|kind| {
            let judgement = self.baseline.judge_call(&features, call.time);
            judgement.is_unusual().then(|| cloudtrail::anomaly(kind, call, place, &features, &judgement))
        });
        self.baseline.learn_call(&features, call.time);
        unusual
    }

    /// Takes what somebody's own rule tells of an event, and the earlier events that it rests on.
    pub fn tell(&mut self, signal: Signal, earlier: Vec<Evidence>) {
        self.findings.add_with(signal, earlier);
    }

    /// What became of the events.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// The findings that are new or were counted up since this was called last, the earliest first. What nobody has taken yet is part
    /// of the [`Self::state`].
    pub fn take_changed(&mut self) -> Vec<Finding> {
        self.findings.take_changed()
    }

    /// Whether [`Self::take_changed`] would give any.
    pub fn has_changed(&self) -> bool {
        self.findings.has_changed()
    }

    /// Closes the findings that were seen last before a time, in Unix milliseconds, and that were taken: what comes again is a new
    /// finding then. GuardDuty keeps a finding for 90 days. Tells how many there were.
    pub fn close_before(&mut self, time: i64) -> usize {
        self.findings.close_before(time)
    }

    /// Findings that are not there any more, as there were too many or this version does not know their type.
    pub fn lost(&self) -> Lost {
        self.findings.lost()
    }

    /// All findings that are open, the earliest first.
    pub fn findings(&self) -> Vec<&Finding> {
        self.findings.sorted()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::read;
    use crate::finding::Place;

    fn event(id: &str, uri: &str, resource: &str, code: u16, stage: &str) -> String {
        format!(
            r#"{{"auditID":"{id}","stage":"{stage}","requestURI":"{uri}","verb":"get","user":{{"username":"system:anonymous"}},
            "sourceIPs":["192.0.2.1"],"objectRef":{{"resource":"{resource}"}},"responseStatus":{{"code":{code}}},
            "requestReceivedTimestamp":"2026-11-01T10:00:00.{id}Z"}}"#
        )
    }

    #[test]
    fn the_same_cause_is_one_finding_counted_up() {
        let mut detector = Detector::new();
        let complete = "ResponseComplete";
        let lines = [
            event("1", "/api/v1/pods", "pods", 200, "RequestReceived"),
            event("1", "/api/v1/pods", "pods", 200, complete),
            event("1", "/api/v1/pods", "pods", 200, complete),
            event("2", "/api/v1/pods", "pods", 200, complete),
            event("3", "/api/v1/pods", "pods", 403, complete),
            event("4", "/healthz/etcd?verbose", "", 200, complete),
            event("5", "/api/v1/namespaces/a/secrets/b", "secrets", 200, complete),
        ];
        for (line, number) in lines.iter().zip(1..) {
            let place = Place { file: "audit.log".into(), line: number };
            read(line, &mut |event| detector.audit(event, &place)).unwrap();
        }
        assert_eq!(detector.counts(), Counts { judged: 5, repeated: 1, not_decided: 1 });
        let told: Vec<(&str, u64, Vec<u64>)> = detector.findings().into_iter().map(told).collect();
        assert_eq!(
            told,
            [
                ("Discovery:Kubernetes/SuccessfulAnonymousAccess", 2, vec![2, 4]),
                ("CredentialAccess:Kubernetes/SuccessfulAnonymousAccess", 1, vec![7]),
            ]
        );
    }

    fn told(finding: &Finding) -> (&str, u64, Vec<u64>) {
        let lines = finding.evidence().iter().map(|event| event.place.line).collect();
        (finding.kind.name, finding.count, lines)
    }
}
