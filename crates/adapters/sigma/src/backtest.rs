//! What rules would have told of events that are past, and how often: whether a rule can go live.

use std::sync::Arc;

use hashbrown::{HashMap, HashSet};
use ringwall_detect::finding::{Evidence, Log};
use ringwall_detect::{audit, cloudtrail, finding::Place};

use crate::limits::{MAX_DISTINCT, MAX_EXAMPLES};
use crate::sigma::{Match, Sigma};
use crate::{Error, Rule, Rules};

/// Findings a day from which a rule is noisy: more than one an hour is more than anybody reads.
const NOISY_A_DAY: f64 = 24.0;
/// Milliseconds of a day, and the shortest time from which a day is extrapolated.
const DAY: f64 = 86_400_000.0;
/// See [`DAY`].
const HOUR: f64 = 3_600_000.0;

/// Rules over past events.
#[derive(Debug)]
pub struct Backtest {
    sigma: Sigma,
    tallies: HashMap<Arc<str>, Counting>,
    of_audit: OfLog,
    of_cloudtrail: OfLog,
}

/// Events of a log.
#[derive(Clone, Copy, Debug, Default)]
struct OfLog {
    events: u64,
    first: Option<i64>,
    last: Option<i64>,
}

#[derive(Debug, Default)]
struct Counting {
    matches: u64,
    causes: HashSet<String>,
    first: Option<i64>,
    last: Option<i64>,
    examples: Vec<Evidence>,
    actors: HashMap<String, u64>,
}

/// What one rule would have told.
#[derive(Clone, Debug, PartialEq)]
pub struct Tally {
    /// The rule.
    pub rule: Arc<Rule>,
    /// Events of its logs.
    pub events: u64,
    /// How often it matched.
    pub matches: u64,
    /// How many findings that would be: matches of one cause are one.
    pub causes: usize,
    /// The first match, in Unix milliseconds.
    pub first: Option<i64>,
    /// The last.
    pub last: Option<i64>,
    /// Some events that matched, the first ones.
    pub examples: Vec<Evidence>,
    /// Matches a day; `None` if the events are of less than an hour.
    pub matches_a_day: Option<f64>,
    /// Findings a day, likewise.
    pub findings_a_day: Option<f64>,
    /// Who made most of the matches.
    pub most: Option<Actor>,
    /// Whether it would tell more than anybody reads.
    pub is_noisy: bool,
}

/// Somebody, and what part of the matches is his.
#[derive(Clone, Debug, PartialEq)]
pub struct Actor {
    /// The user name, or the ARN.
    pub name: String,
    /// His matches.
    pub matches: u64,
    /// His share of all, from 0 to 1.
    pub share: f64,
}

impl Backtest {
    /// These rules, before the first event. Each is looked at by itself: what is there for correlations alone is told as well.
    ///
    /// # Errors
    ///
    /// As [`Sigma::new`] has them.
    pub fn new(rules: Arc<Rules>) -> Result<Self, Error> {
        let sigma = Sigma::new(rules)?.with_silent();
        let tallies = HashMap::new();
        Ok(Self { sigma, tallies, of_audit: OfLog::default(), of_cloudtrail: OfLog::default() })
    }

    /// Looks at an event of the audit log that has not come before: see [`Sigma::audit`].
    pub fn audit(&mut self, event: &audit::Event<'_>, json: &str, place: &Place) {
        if event.stage.text() == "RequestReceived" {
            return;
        }
        let time = [&event.reached, &event.received]
            .into_iter()
            .find_map(|field| ringwall_model::time::milliseconds(field.text()));
        self.of_audit.count(time);
        let tallies = &mut self.tallies;
        self.sigma.audit(event, json, place, &mut |found| count(tallies, found));
    }

    /// Looks at a record of CloudTrail that has not come before: see [`Sigma::cloudtrail`].
    pub fn cloudtrail(&mut self, record: &cloudtrail::Record<'_>, json: &str, place: &Place) {
        self.of_cloudtrail.count(ringwall_model::time::milliseconds(record.time.text()));
        let tallies = &mut self.tallies;
        self.sigma.cloudtrail(record, json, place, &mut |found| count(tallies, found));
    }

    /// What each rule would have told, in the order of the rules.
    pub fn tallies(&self) -> Vec<Tally> {
        let none = Counting::default();
        let of = |rule: &Arc<Rule>| self.tally(rule, self.tallies.get(&rule.key).unwrap_or(&none));
        self.sigma.rules().all().iter().map(of).collect()
    }

    fn tally(&self, rule: &Arc<Rule>, counted: &Counting) -> Tally {
        let logs: &[OfLog] = match rule.log {
            Log::Audit => &[self.of_audit],
            Log::CloudTrail => &[self.of_cloudtrail],
            Log::Both => &[self.of_audit, self.of_cloudtrail],
        };
        let first = logs.iter().filter_map(|log| log.first).min();
        let last = logs.iter().filter_map(|log| log.last).max();
        let span = first.zip(last).map(|(first, last)| last.saturating_sub(first) as f64);
        let a_day = |number: f64| span.filter(|span| *span >= HOUR).map(|span| number * DAY / span);
        let findings_a_day = a_day(counted.causes.len() as f64);
        let most =
            counted.actors.iter().max_by(|one, other| one.1.cmp(other.1).then_with(|| other.0.cmp(one.0)));
        Tally {
            rule: Arc::clone(rule),
            events: logs.iter().fold(0, |sum, log| log.events.saturating_add(sum)),
            matches: counted.matches,
            causes: counted.causes.len(),
            first: counted.first,
            last: counted.last,
            examples: counted.examples.clone(),
            matches_a_day: a_day(counted.matches as f64),
            findings_a_day,
            most: most.map(|(name, matches)| Actor {
                name: name.clone(),
                matches: *matches,
                share: *matches as f64 / counted.matches as f64,
            }),
            is_noisy: findings_a_day.is_some_and(|number| number > NOISY_A_DAY),
        }
    }
}

impl OfLog {
    fn count(&mut self, time: Option<i64>) {
        self.events = self.events.saturating_add(1);
        (self.first, self.last) = widened((self.first, self.last), time);
    }
}

fn count(tallies: &mut HashMap<Arc<str>, Counting>, found: Match) {
    let tally = tallies.entry(Arc::clone(&found.rule.key)).or_default();
    tally.matches = tally.matches.saturating_add(1);
    if tally.causes.len() < MAX_DISTINCT {
        tally.causes.insert(found.signal.cause);
    }
    (tally.first, tally.last) = widened((tally.first, tally.last), found.signal.time);
    if tally.examples.len() < MAX_EXAMPLES {
        tally.examples.push(found.signal.evidence);
    }
    let actor = found.signal.details.actor;
    let name =
        if actor.username.is_empty() || !actor.arn.is_empty() && found.signal.details.aws_call.is_some() {
            actor.arn
        } else {
            actor.username
        };
    let is_known = tally.actors.contains_key(&name);
    if is_known || tally.actors.len() < MAX_DISTINCT {
        let matches = tally.actors.entry(name).or_default();
        *matches = matches.saturating_add(1);
    }
}

fn widened((first, last): (Option<i64>, Option<i64>), time: Option<i64>) -> (Option<i64>, Option<i64>) {
    let Some(time) = time else { return (first, last) };
    (Some(first.map_or(time, |first| first.min(time))), Some(last.map_or(time, |last| last.max(time))))
}
