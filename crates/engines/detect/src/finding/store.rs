//! Findings, counted up.

use std::borrow::Cow;

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use ringwall_model::Severity;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::evidence::Chosen;
use super::{Details, Evidence, Kind};
use crate::keep::{self, at_most, size};
use crate::kinds;

/// Most findings that are kept open; beyond, what was seen longest ago is put aside. Somebody reads hundreds; a lone file of a bad year
/// has some thousands.
pub const MAX_FINDINGS: usize = 50_000;
/// Most bytes of what they tell, in the form in which they are kept: so many findings of 5 KB, which is three times what one has as a
/// rule.
pub const MAX_BYTES: usize = 256 << 20;

/// The part of them that goes at once, so that it does not cost a search for every one that comes: an eighth.
const AT_ONCE: usize = 8;

/// What one event gives rise to.
#[derive(Clone, Debug)]
pub struct Signal {
    /// The type.
    pub kind: &'static Kind,
    /// How bad it is this time.
    pub severity: Severity,
    /// What makes it the same as an earlier one, beside its type: the actor, and what it is done to.
    pub cause: String,
    /// When it happened, in Unix milliseconds.
    pub time: Option<i64>,
    /// The event.
    pub evidence: Evidence,
    /// What is told.
    pub details: Details,
}

/// Something that happened, once or more often, for one cause.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The type.
    pub kind: &'static Kind,
    /// How bad the worst of it is.
    pub severity: Severity,
    /// What makes it one: see [`Signal::cause`].
    pub cause: String,
    /// How often it happened.
    pub count: u64,
    /// When first, in Unix milliseconds.
    pub first_seen: Option<i64>,
    /// When last.
    pub last_seen: Option<i64>,
    /// What is told: of the worst, and of those the first.
    pub details: Details,
    evidence: Chosen,
}

impl Finding {
    /// Events that it rests on, one at least; one of each file.
    pub fn evidence(&self) -> &[Evidence] {
        self.evidence.all()
    }

    fn new(signal: Signal, earlier: Vec<Evidence>) -> Self {
        let mut evidence = Chosen::default();
        earlier.into_iter().for_each(|event| {
            evidence.add(event);
        });
        evidence.add(signal.evidence);
        Self {
            kind: signal.kind,
            severity: signal.severity,
            cause: signal.cause,
            count: 1,
            first_seen: signal.time,
            last_seen: signal.time,
            details: signal.details,
            evidence,
        }
    }

    /// Whether it tells more, or something else, than before.
    fn count_up(&mut self, signal: Signal) -> bool {
        self.count = self.count.saturating_add(1);
        let mut is_new = self.evidence.add(signal.evidence);
        if let Some(time) = signal.time {
            self.first_seen = Some(self.first_seen.map_or(time, |first| first.min(time)));
            self.last_seen = Some(self.last_seen.map_or(time, |last| last.max(time)));
        }
        // A sequence grows: what it was told last is all of it.
        if signal.severity > self.severity || signal.details.sequence.is_some() {
            (self.severity, self.details) = (signal.severity, signal.details);
            is_new = true;
        }
        is_new
    }
}

/// All findings that are open, by type and cause.
#[derive(Debug, Default)]
pub struct Findings {
    by_cause: HashMap<(&'static str, String), Open>,
    changed: usize,
    /// What all of them tell, in bytes.
    bytes: usize,
    lost: Lost,
}

/// Findings that are not there any more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lost {
    /// Put aside, as there were [`MAX_FINDINGS`].
    pub put_aside: u64,
    /// Of those put aside: nobody had taken what changed of them last ([`Findings::take_changed`]).
    pub untaken: u64,
    /// Kept by another version of this program, of a type that this one does not have.
    pub unknown: u64,
}

#[derive(Debug)]
struct Open {
    finding: Finding,
    /// Whether it is new or was counted up since it was taken.
    is_changed: bool,
    /// How much it tells.
    bytes: usize,
}

impl Open {
    fn new(finding: Finding, is_changed: bool) -> Self {
        let mut open = Self { finding, is_changed, bytes: 0 };
        open.bytes = open.size();
        open
    }

    fn size(&self) -> usize {
        let Finding { cause, details, evidence, .. } = &self.finding;
        size(&(cause, details, evidence))
    }
}

impl Findings {
    /// Adds a signal to its finding, and gives that: one with a count of 1 is new.
    pub fn add(&mut self, signal: Signal) -> &Finding {
        self.add_with(signal, Vec::new())
    }

    /// The same for a signal that rests on earlier events too.
    pub fn add_with(&mut self, signal: Signal, earlier: Vec<Evidence>) -> &Finding {
        let key = (signal.kind.name, signal.cause.clone());
        let is_full = self.by_cause.len() >= MAX_FINDINGS || self.bytes >= MAX_BYTES;
        if is_full && !self.by_cause.contains_key(&key) {
            self.make_room();
        }
        let open = match self.by_cause.entry(key) {
            Entry::Occupied(entry) => {
                let open = entry.into_mut();
                let mut is_new = false;
                for event in earlier {
                    is_new |= open.finding.evidence.add(event);
                }
                if open.finding.count_up(signal) || is_new {
                    let size = open.size();
                    let before = std::mem::replace(&mut open.bytes, size);
                    self.bytes = self.bytes.saturating_sub(before).saturating_add(size);
                }
                open
            }
            Entry::Vacant(entry) => {
                let open = entry.insert(Open::new(Finding::new(signal, earlier), false));
                self.bytes = self.bytes.saturating_add(open.bytes);
                open
            }
        };
        if !std::mem::replace(&mut open.is_changed, true) {
            self.changed = self.changed.saturating_add(1);
        }
        &open.finding
    }

    /// All of them, the earliest first.
    pub fn sorted(&self) -> Vec<&Finding> {
        let mut all: Vec<&Finding> = self.by_cause.values().map(|open| &open.finding).collect();
        all.sort_unstable_by(|one, other| order(one).cmp(&order(other)));
        all
    }

    /// Whether some are new or were counted up since they were taken last.
    pub fn has_changed(&self) -> bool {
        self.changed > 0
    }

    /// Those that are new or were counted up since they were taken last, the earliest first.
    pub fn take_changed(&mut self) -> Vec<Finding> {
        let mut changed = Vec::with_capacity(self.changed);
        if self.changed > 0 {
            for open in self.by_cause.values_mut() {
                if std::mem::take(&mut open.is_changed) {
                    changed.push(open.finding.clone());
                }
            }
        }
        self.changed = 0;
        changed.sort_unstable_by(|one, other| order(one).cmp(&order(other)));
        changed
    }

    /// Closes what was seen last before a time, in Unix milliseconds, and has no time, unless its last change is to be taken yet.
    /// What comes again is a new finding. Tells how many there were.
    pub fn close_before(&mut self, time: i64) -> usize {
        let before = self.by_cause.len();
        let bytes = &mut self.bytes;
        self.by_cause.retain(|_, open| {
            let stays = open.is_changed || open.finding.last_seen.is_some_and(|last_seen| last_seen >= time);
            if !stays {
                *bytes = bytes.saturating_sub(open.bytes);
            }
            stays
        });
        before.saturating_sub(self.by_cause.len())
    }

    /// Findings that are not there any more.
    pub fn lost(&self) -> Lost {
        self.lost
    }

    /// Puts aside what was seen longest ago, first of what was taken.
    fn make_room(&mut self) {
        let mut all: Vec<(bool, Option<i64>, &'static str, &str)> = (self.by_cause.iter())
            .map(|((kind, cause), open)| (open.is_changed, open.finding.last_seen, *kind, cause.as_str()))
            .collect();
        let (going, ..) = all.select_nth_unstable(self.by_cause.len() / AT_ONCE);
        let going: Vec<(&'static str, String)> =
            going.iter().map(|(_, _, kind, cause)| (*kind, (*cause).to_owned())).collect();
        for key in going {
            let Some(open) = self.by_cause.remove(&key) else { continue };
            self.bytes = self.bytes.saturating_sub(open.bytes);
            self.lost.put_aside = self.lost.put_aside.saturating_add(1);
            if open.is_changed {
                self.lost.untaken = self.lost.untaken.saturating_add(1);
                self.changed = self.changed.saturating_sub(1);
            }
        }
    }
}

/// The earliest first; of the same time, by what they are.
fn order(finding: &Finding) -> (Option<i64>, &'static str, &str) {
    (finding.first_seen, finding.kind.name, &finding.cause)
}

/// A finding as it is kept. The type goes by its name.
#[derive(Serialize, Deserialize)]
struct Kept<'f> {
    kind: Cow<'f, str>,
    severity: Severity,
    cause: Cow<'f, str>,
    count: u64,
    first_seen: Option<i64>,
    last_seen: Option<i64>,
    details: Cow<'f, Details>,
    evidence: Cow<'f, Chosen>,
    is_changed: bool,
}

/// All of them as they are kept.
#[derive(Serialize, Deserialize)]
struct AllKept<'f> {
    #[serde(borrow, deserialize_with = "at_most::<MAX_FINDINGS, _, _>")]
    open: Vec<Kept<'f>>,
    lost: Lost,
}

impl<'f> Kept<'f> {
    fn of(finding: &'f Finding, is_changed: bool) -> Self {
        let Finding { kind, severity, cause, count, first_seen, last_seen, details, evidence } = finding;
        Self {
            kind: kind.name.into(),
            severity: *severity,
            cause: cause.into(),
            count: *count,
            first_seen: *first_seen,
            last_seen: *last_seen,
            details: Cow::Borrowed(details),
            evidence: Cow::Borrowed(evidence),
            is_changed,
        }
    }

    /// Nothing if this version does not know the type.
    fn finding(self) -> Option<Finding> {
        Some(Finding {
            kind: kinds::named(&self.kind)?,
            severity: self.severity,
            cause: self.cause.into_owned(),
            count: self.count,
            first_seen: self.first_seen,
            last_seen: self.last_seen,
            details: self.details.into_owned(),
            evidence: self.evidence.into_owned(),
        })
    }
}

impl Finding {
    /// Its bytes, for another process: MessagePack, a map by names.
    pub fn to_bytes(&self) -> Vec<u8> {
        let bytes = rmp_serde::to_vec_named(&Kept::of(self, false));
        debug_assert!(bytes.is_ok(), "memory takes all bytes, and maps have a known length");
        bytes.unwrap_or_default()
    }

    /// The finding whose bytes these are; nothing if they are none's, or of a type that this version does not know.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let kept: Kept<'_> = keep::read(bytes).ok()?;
        kept.finding()
    }
}

impl Serialize for Findings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut all: Vec<&Open> = self.by_cause.values().collect();
        all.sort_unstable_by(|one, other| order(&one.finding).cmp(&order(&other.finding)));
        let open = all.into_iter().map(|open| Kept::of(&open.finding, open.is_changed));
        AllKept { open: open.collect(), lost: self.lost }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Findings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let AllKept { open, lost } = AllKept::deserialize(deserializer)?;
        let mut findings = Self { lost, ..Self::default() };
        for kept in open {
            let is_changed = kept.is_changed;
            let Some(finding) = kept.finding() else {
                findings.lost.unknown = findings.lost.unknown.saturating_add(1);
                continue;
            };
            findings.changed = findings.changed.saturating_add(is_changed.into());
            let key = (finding.kind.name, finding.cause.clone());
            let open = Open::new(finding, is_changed);
            findings.bytes = findings.bytes.saturating_add(open.bytes);
            if findings.by_cause.insert(key, open).is_some() {
                return Err(D::Error::custom("a finding is there twice"));
            }
        }
        Ok(findings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Place;

    fn signal(number: u64, time: Option<i64>) -> Signal {
        let kind = crate::kinds::named("Policy:Kubernetes/AnonymousAccessGranted").unwrap();
        let place = Place { file: "audit.log".into(), line: number };
        let evidence = Evidence { id: number.to_string(), is_record: false, place };
        let details = Details::default();
        Signal { kind, severity: kind.severity, cause: number.to_string(), time, evidence, details }
    }

    fn causes(findings: &[Finding]) -> Vec<&str> {
        findings.iter().map(|finding| finding.cause.as_str()).collect()
    }

    #[test]
    fn what_changed_is_taken_once() {
        let mut findings = Findings::default();
        for (number, time) in [(1, 30), (2, 20), (3, 10), (2, 40)] {
            findings.add(signal(number, Some(time)));
        }
        let changed = findings.take_changed();
        assert_eq!(causes(&changed), ["3", "2", "1"], "the earliest first");
        assert_eq!((changed[1].count, changed[1].last_seen), (2, Some(40)));
        assert_eq!(findings.take_changed(), []);
        findings.add(signal(1, Some(50)));
        assert_eq!(causes(&findings.take_changed()), ["1"]);
    }

    #[test]
    fn what_was_not_seen_for_long_is_closed_once_it_was_taken() {
        let mut findings = Findings::default();
        for number in 0..4_u64 {
            findings.add(signal(number, Some(10 * number.cast_signed())));
        }
        findings.add(signal(4, None));
        assert_eq!(findings.close_before(20), 0, "nobody has taken them");
        findings.take_changed();
        assert_eq!(findings.close_before(20), 3);
        let left: Vec<Finding> = findings.sorted().into_iter().cloned().collect();
        assert_eq!(causes(&left), ["2", "3"]);
        assert_eq!(findings.add(signal(0, Some(50))).count, 1, "it is a new one");
    }

    /// Also where all are of the same time, or of none.
    #[test]
    fn what_was_seen_longest_ago_makes_room() {
        let most = MAX_FINDINGS as u64;
        for time in [|number: u64| Some(number.cast_signed()), |_| Some(7), |_| None] {
            let mut findings = Findings::default();
            for number in 0..most {
                findings.add(signal(number, time(number)));
            }
            assert_eq!(findings.take_changed().len(), MAX_FINDINGS);
            assert_eq!(findings.add(signal(5, time(5))).count, 2, "what is there needs no room");
            assert_eq!(findings.add(signal(most, time(most))).count, 1);
            assert_eq!(findings.lost(), Lost { put_aside: most / 8, ..Lost::default() });
            assert_eq!(findings.sorted().len(), MAX_FINDINGS - MAX_FINDINGS / 8 + 1);
            let changed = findings.take_changed();
            assert_eq!(changed.len(), 2, "what is not taken stays");
        }
    }

    #[test]
    fn what_goes_untaken_is_counted() {
        let most = MAX_FINDINGS as u64;
        let mut findings = Findings::default();
        for number in 0..=most {
            findings.add(signal(number, Some(number.cast_signed())));
        }
        assert_eq!(findings.lost(), Lost { put_aside: most / 8, untaken: most / 8, unknown: 0 });
        assert_eq!(findings.take_changed().len(), MAX_FINDINGS - MAX_FINDINGS / 8 + 1);
    }

    #[test]
    fn evidence_of_files_without_end_is_bounded() {
        let mut findings = Findings::default();
        for number in 0..3000 {
            let mut signal = signal(1, Some(1));
            signal.evidence.place.file = format!("{number}.json.gz").into();
            findings.add(signal);
        }
        let all = findings.sorted();
        let files: Vec<&str> = all[0].evidence().iter().map(|one| &*one.place.file).collect();
        assert_eq!((files.len(), files[0], files[999]), (1000, "0.json.gz", "2999.json.gz"));
    }
}
