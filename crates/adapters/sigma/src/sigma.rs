//! Events in, matches out, and the state of correlations between.

use std::sync::Arc;

use ringwall_detect::audit;
use ringwall_detect::cloudtrail::{self, Call};
use ringwall_detect::finding::{Details, Evidence, Kind, Log, Place, Signal};
use ringwall_detect::{Field, Text, act::Act};
use rsigma_eval::{CorrelationEngine, EvaluationResult, ResultBody};
use rsigma_parser::LogSource;

use crate::describe;
use crate::event::{LazyEvent, Remembered};
use crate::limits::EVENTS_PER_SWEEP;
use crate::mark;
use crate::prefilter::{Prefilter, Seen};
use crate::rule::Rule;
use crate::rules::{Rules, logsource};
use crate::{Error, state};

/// Rules at work on the events of one cluster and its account.
pub struct Sigma {
    rules: Arc<Rules>,
    engine: CorrelationEngine,
    of_audit: OfLog,
    of_cloudtrail: OfLog,
    counts: Counts,
    /// Events until state that is over was looked for last.
    swept: u64,
    tells_silent: bool,
}

#[derive(Debug)]
struct OfLog {
    prefilter: Prefilter,
    source: LogSource,
}

/// What became of the events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Events, told apart from those of the stage `RequestReceived`, at which nothing was decided yet.
    pub seen: u64,
    /// Of those, which some rule could match by what is read of each event anyway.
    pub looked_at: u64,
}

/// A match of a rule.
#[derive(Clone, Debug)]
pub struct Match {
    /// The rule.
    pub rule: Arc<Rule>,
    /// What it tells.
    pub signal: Signal,
    /// Of a correlation, the earlier events that it rests on: the latest of them.
    pub earlier: Vec<Evidence>,
}

/// An event with all that is known of it.
struct Look<'e> {
    log: Log,
    json: &'e str,
    time: Option<i64>,
    who: &'e str,
    object: String,
    is_secret: bool,
    evidence: Evidence,
}

impl Sigma {
    /// Rules that have seen nothing.
    ///
    /// # Errors
    ///
    /// None that [`Rules::load`] has not told.
    pub fn new(rules: Arc<Rules>) -> Result<Self, Error> {
        let engine = rules.engine().map_err(|error| Error::Rules(error.to_string()))?;
        let of = |log| OfLog { prefilter: rules.prefilter(log), source: logsource(log) };
        Ok(Self {
            engine,
            of_audit: of(Log::Audit),
            of_cloudtrail: of(Log::CloudTrail),
            counts: Counts::default(),
            swept: 0,
            tells_silent: false,
            rules,
        })
    }

    /// Tells the matches of rules as well that are there for correlations alone.
    pub(crate) fn with_silent(self) -> Self {
        Self { tells_silent: true, ..self }
    }

    /// The rules.
    pub fn rules(&self) -> &Arc<Rules> {
        &self.rules
    }

    /// Goes on with other rules. Correlations that are the same, and whose rules are, keep what they have counted.
    ///
    /// # Errors
    ///
    /// As [`Sigma::new`] has them; nothing is changed then.
    pub fn set_rules(&mut self, rules: Arc<Rules>) -> Result<(), Error> {
        let mut new = Self::new(rules)?;
        state::carry(self.engine.export_state(), &self.rules, &mut new.engine, &new.rules);
        *self = Self { counts: self.counts, tells_silent: self.tells_silent, ..new };
        Ok(())
    }

    /// What correlations have counted, to be kept: JSON.
    ///
    /// # Errors
    ///
    /// None in practice: the state is a value of JSON.
    pub fn state(&self) -> Result<Vec<u8>, Error> {
        state::write(self.engine.export_state(), &self.rules)
    }

    /// Goes on from what [`Sigma::state`] gave, as far as the rules are still the same.
    ///
    /// # Errors
    ///
    /// It is no state; nothing is changed then.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), Error> {
        state::read(bytes, &mut self.engine, &self.rules)
    }

    /// What became of the events.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Looks at an event of the audit log that has not come before; `json` is its text, as
    /// [`audit::read_with_json`] hands it over. Nothing is told of the stage `RequestReceived`.
    pub fn audit(
        &mut self,
        event: &audit::Event<'_>,
        json: &str,
        place: &Place,
        tell: &mut dyn FnMut(Match),
    ) {
        if event.stage.text() == "RequestReceived" {
            return;
        }
        let (resource, subresource) = match &event.object_ref {
            Field::Absent => (Seen::Absent, Seen::Absent),
            Field::Wrong => (Seen::Other, Seen::Other),
            Field::Is(object) => (seen(&object.resource), seen(&object.subresource)),
        };
        let seen = [resource, seen(&event.verb), subresource];
        if !self.may_match(Log::Audit, seen) {
            return;
        }
        let act = Act::of(event);
        let look = Look {
            log: Log::Audit,
            json,
            time: act.time,
            who: act.username(),
            object: format!("{}/{} {}", act.resource, act.subresource, act.namespace),
            is_secret: matches!(
                (act.resource, act.subresource),
                ("secrets" | "tokenreviews", _) | (_, "token")
            ),
            evidence: Evidence {
                id: mark::cut(event.audit_id.text()),
                is_record: false,
                place: place.clone(),
            },
        };
        self.look(&look, &mut || act.details(), tell);
    }

    /// Looks at a record of CloudTrail that has not come before; `json` is its text, as
    /// [`cloudtrail::read_with_json`] hands it over.
    pub fn cloudtrail(
        &mut self,
        record: &cloudtrail::Record<'_>,
        json: &str,
        place: &Place,
        tell: &mut dyn FnMut(Match),
    ) {
        let seen = [seen(&record.name), seen(&record.source), seen(&record.error_code)];
        if !self.may_match(Log::CloudTrail, seen) {
            return;
        }
        let call = Call::of(record);
        let look = Look {
            log: Log::CloudTrail,
            json,
            time: call.time,
            who: call.who(),
            object: format!("{} {}", call.action, record.region.text()),
            // CloudTrail leaves out what AWS holds to be secret.
            is_secret: false,
            evidence: Evidence { id: mark::cut(record.id.text()), is_record: true, place: place.clone() },
        };
        self.look(&look, &mut || call.details(), tell);
    }

    fn may_match(&mut self, log: Log, seen: [Seen<'_>; 3]) -> bool {
        self.counts.seen = self.counts.seen.saturating_add(1);
        let of_log = if log == Log::Audit { &self.of_audit } else { &self.of_cloudtrail };
        let may = of_log.prefilter.may_match(seen);
        if may {
            self.counts.looked_at = self.counts.looked_at.saturating_add(1);
        }
        may
    }

    fn look(&mut self, look: &Look<'_>, details: &mut dyn FnMut() -> Details, tell: &mut dyn FnMut(Match)) {
        let Some(event) = LazyEvent::new(look.json) else { return };
        let of_log = if look.log == Log::Audit { &self.of_audit } else { &self.of_cloudtrail };
        let mut results = self.engine.engine().evaluate_pruned(&event, &of_log.source);
        if results.is_empty() {
            return;
        }
        if let Some(time) = look.time {
            let seconds = time.div_euclid(1000);
            let remembered = Remembered { event: &event, id: mark::write(&look.evidence) };
            results = self.engine.process_with_detections(&remembered, results, seconds);
            if self.counts.seen.saturating_sub(self.swept) >= EVENTS_PER_SWEEP {
                self.engine.evict_expired(seconds);
                self.swept = self.counts.seen;
            }
        }
        for result in results {
            let found = result.header.rule_id.as_deref().and_then(|key| self.rules.by_key(key));
            let Some(rule) = found.filter(|rule| self.tells_silent || !rule.is_silent) else { continue };
            tell(matched(rule, &result, look, details()));
        }
    }
}

impl std::fmt::Debug for Sigma {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sigma").field("rules", &self.rules.all().len()).field("counts", &self.counts).finish()
    }
}

fn seen<'e>(field: &'e Field<Text<'_>>) -> Seen<'e> {
    match field {
        Field::Absent => Seen::Absent,
        Field::Wrong => Seen::Other,
        Field::Is(text) => Seen::Text(text),
    }
}

fn matched(rule: &Arc<Rule>, result: &EvaluationResult, look: &Look<'_>, details: Details) -> Match {
    let (cause, description, earlier) = match &result.body {
        ResultBody::Detection(body) => (
            format!("{}\0{}\0{}", rule.key, look.who, look.object),
            describe::detection(rule, body, look.who, look.is_secret),
            Vec::new(),
        ),
        ResultBody::Correlation(body) => {
            let group: String =
                body.group_key.iter().map(|(name, value)| format!("\0{name}\0{value}")).collect();
            let refs = body.event_refs.iter().flatten();
            let earlier = refs.filter_map(|event| mark::read(event.id.as_deref()?));
            let earlier: Vec<Evidence> = earlier.filter(|event| *event != look.evidence).collect();
            (format!("{}{group}", rule.key), describe::correlation(rule, body), earlier)
        }
    };
    let signal = Signal {
        kind: Kind::custom(rule.log),
        severity: rule.severity,
        cause,
        time: look.time,
        evidence: look.evidence.clone(),
        details: Details { description, rule: Some(rule.told()), ..details },
    };
    Match { rule: Arc::clone(rule), signal, earlier }
}
