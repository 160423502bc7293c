//! What protects STS, and the account's quota there: how many questions pass, and whose.
//!
//! - A bucket for all questions, of which access keys that STS never vouched for can take only a part, so that made-up tokens don't
//!   use up what known callers need.
//! - A bucket for each access key: a client that signs anew for every request harms itself.
//! - A pause when STS says that it is asked too often.
//! - A circuit: while STS doesn't answer, one question in a while finds out whether it does again.

use std::cmp::Ordering;
use std::time::Duration;

use hashbrown::HashMap;
use tokio::time::Instant;

use super::Settings;

/// The part of the bucket that is for known access keys alone.
const RESERVED: f64 = 0.5;
/// Access keys that are remembered; beyond them only the bucket for all counts. Each costs about 100 bytes.
const MAX_KEYS: usize = 16_384;
/// How often room is made for others, at most.
const MAKE_ROOM_EVERY: Duration = Duration::from_secs(1);
/// How long an access key that STS vouched for is known after its last question. Clients get a new token every 14 minutes.
const KNOWN_FOR: Duration = Duration::from_secs(3600);
/// Questions without an answer, one after the other, that open the circuit: one or two are a network's hiccup.
const MAX_FAILURES: u32 = 5;
/// How long the circuit stays open at first and at most. The apiserver itself tries for about 5 seconds.
const MIN_OPEN: Duration = Duration::from_secs(1);
const MAX_OPEN: Duration = Duration::from_secs(30);

/// Why a question does not pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Held {
    /// The bucket for all is empty.
    Rate(Duration),
    /// The bucket of the access key is empty.
    Key(Duration),
    /// STS asked for a pause.
    Pause(Duration),
    /// As many questions wait for their answers as may at once.
    InFlight,
    /// STS does not answer.
    Circuit(Duration),
}

/// What became of a question that passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// STS vouches for the access key.
    Believed,
    /// STS answered, and not that.
    Answered,
    /// STS is asked too often.
    Throttled(Duration),
    /// STS did not answer.
    Failed,
}

#[derive(Debug)]
pub(super) struct Gate {
    settings: Settings,
    all: Bucket,
    keys: HashMap<String, OfKey>,
    /// When room was last made: it takes a look at all keys.
    made_room: Option<Instant>,
    paused_until: Option<Instant>,
    failures: u32,
    open_until: Option<Instant>,
}

#[derive(Debug)]
struct OfKey {
    bucket: Bucket,
    known: bool,
    last: Instant,
}

impl Gate {
    pub(super) fn new(settings: Settings, now: Instant) -> Self {
        let all = Bucket::new(settings.burst, now);
        Self {
            settings,
            all,
            keys: HashMap::new(),
            made_room: None,
            paused_until: None,
            failures: 0,
            open_until: None,
        }
    }

    /// Lets a question pass, when so many already wait.
    pub(super) fn pass(&mut self, access_key_id: &str, in_flight: usize, now: Instant) -> Result<(), Held> {
        let until = |time: Option<Instant>| time.map(|time| time.saturating_duration_since(now));
        let left = |time| until(time).filter(|left| !left.is_zero());
        if let Some(left) = left(self.open_until) {
            return Err(Held::Circuit(left));
        }
        if let Some(left) = left(self.paused_until) {
            return Err(Held::Pause(left));
        }
        if in_flight >= self.settings.in_flight {
            return Err(Held::InFlight);
        }
        let Settings { rate, burst, key_rate, key_burst, .. } = self.settings;
        let known = self.keys.get(access_key_id).is_some_and(|key| key.known);
        let floor = if known { 0.0 } else { f64::from(burst) * RESERVED };
        self.all.refill(rate, burst, now);
        self.all.wait(floor, rate).map_or(Ok(()), |wait| Err(Held::Rate(wait)))?;
        self.make_room(now);
        let has_room = self.keys.len() < MAX_KEYS;
        if has_room && !self.keys.contains_key(access_key_id) {
            let new = OfKey { bucket: Bucket::new(key_burst, now), known: false, last: now };
            self.keys.insert(access_key_id.to_owned(), new);
        }
        if let Some(key) = self.keys.get_mut(access_key_id) {
            key.bucket.refill(key_rate, key_burst, now);
            key.bucket.wait(0.0, key_rate).map_or(Ok(()), |wait| Err(Held::Key(wait)))?;
            key.bucket.level -= 1.0;
            key.last = now;
        }
        self.all.level -= 1.0;
        if self.failures >= MAX_FAILURES {
            // This one finds out; the others wait for as long as it may take.
            self.open_until = Some(now + super::exchange::TIMEOUT);
        }
        Ok(())
    }

    /// Learns what became of a question.
    pub(super) fn ended(&mut self, access_key_id: &str, ended: Ended, now: Instant) {
        if ended == Ended::Failed {
            self.failures = self.failures.saturating_add(1);
            if let Some(beyond) = self.failures.checked_sub(MAX_FAILURES) {
                let factor = 1_u32.checked_shl(beyond).unwrap_or(u32::MAX);
                self.open_until = Some(now + MIN_OPEN.saturating_mul(factor).min(MAX_OPEN));
            }
            return;
        }
        (self.failures, self.open_until) = (0, None);
        match ended {
            Ended::Throttled(pause) => {
                self.paused_until = self.paused_until.max(Some(now + pause));
            }
            Ended::Believed => {
                if let Some(key) = self.keys.get_mut(access_key_id) {
                    (key.known, key.last) = (true, now);
                }
            }
            Ended::Answered | Ended::Failed => {}
        }
    }

    /// Whether STS is taken not to answer.
    pub(super) fn is_open(&self) -> bool {
        self.failures >= MAX_FAILURES
    }

    /// Forgets access keys that say nothing any more, once there are as many as may be: whose bucket is full again and whom STS
    /// did not vouch for, or not lately.
    fn make_room(&mut self, now: Instant) {
        let lately = |at| now.saturating_duration_since(at) < MAKE_ROOM_EVERY;
        if self.keys.len() < MAX_KEYS || self.made_room.is_some_and(lately) {
            return;
        }
        self.made_room = Some(now);
        let Settings { key_rate, key_burst, .. } = self.settings;
        self.keys.retain(|_, key| {
            key.bucket.refill(key_rate, key_burst, now);
            let is_lately_known = key.known && now.saturating_duration_since(key.last) < KNOWN_FOR;
            is_lately_known || key.bucket.level < f64::from(key_burst)
        });
    }
}

/// Tokens that come in at a rate, up to a number, and one goes for a question.
#[derive(Debug)]
struct Bucket {
    level: f64,
    at: Instant,
}

impl Bucket {
    fn new(burst: u32, now: Instant) -> Self {
        Self { level: f64::from(burst), at: now }
    }

    fn refill(&mut self, rate: u32, burst: u32, now: Instant) {
        let came = now.saturating_duration_since(self.at).as_secs_f64() * f64::from(rate);
        self.level = (self.level + came).min(f64::from(burst));
        self.at = now;
    }

    /// How long until one can go and so many are left; `None` if it can now.
    fn wait(&self, floor: f64, rate: u32) -> Option<Duration> {
        let lacking = floor + 1.0 - self.level;
        match lacking.partial_cmp(&0.0) {
            Some(Ordering::Greater) => {
                Duration::try_from_secs_f64(lacking / f64::from(rate)).ok().or(Some(MAX_OPEN))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
