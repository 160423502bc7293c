//! Credentials that are kept for pods that ask again, and what is under way for those that wait.
//!
//! It is told the time and does nothing by itself: what is to be fetched it hands out as a [`Flight`], of which there is one
//! at a time for a token, however many ask.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::answer::Given;
use super::refusal::Refused;
use super::token::{Key, PodToken};

/// Tokens whose credentials are kept. A node has some hundred pods; the least recently used goes first.
///
/// Source: the EKS Pod Identity agent, whose cache has as many.
pub(super) const MAX_ENTRIES: usize = 2000;

/// Refusals that are kept, apart, so that invented tokens can't drive out pods' credentials.
const MAX_REFUSED: usize = 500;

/// Credentials with less than this left are no longer given, in seconds: a call may take as long.
///
/// Source: the EKS Pod Identity agent.
pub(super) const LEAST: i64 = 15;

/// Longest time until credentials are replaced, in seconds.
///
/// Source: the EKS Pod Identity agent.
const REFRESH: i64 = 3 * 3600;

/// How long a refusal stands, in seconds, if the token is refused: long enough to spare who hands out credentials, short
/// enough for whoever makes the missing association and starts the pod again.
const REFUSED: i64 = 5;

/// How long a failure stands that may be over by now, in seconds: for those who asked at the same time.
const FAILED: i64 = 1;

/// First wait after a refresh that failed, in seconds; it doubles each time.
const RETRY: i64 = 10;

/// Longest wait between refreshes that fail, in seconds.
const MAX_RETRY: i64 = 300;

/// What came of asking for credentials.
pub(super) type Outcome = Result<Given, Refused>;

/// The latest outcome of a flight; `None` until it has landed.
pub(super) type Landing = watch::Receiver<Option<Outcome>>;

/// Credentials by token.
#[derive(Debug, Default)]
pub(super) struct Cache(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    entries: HashMap<Key, Entry>,
    refused: HashMap<Key, Miss>,
    flights: HashMap<Key, Landing>,
    /// Counts uses, to know which entry was used least recently.
    uses: u64,
}

#[derive(Debug)]
struct Entry {
    token: PodToken,
    given: Given,
    used: u64,
    /// Whether a pod has asked since these credentials were had. Those that nobody asks for are not replaced: their pod
    /// is gone, or has another token.
    asked: bool,
    refresh: i64,
    failures: u32,
}

#[derive(Debug)]
struct Miss {
    why: Refused,
    until: i64,
}

/// What to do for a pod that asks.
#[derive(Debug)]
pub(super) enum Look {
    /// There are credentials.
    Given(Given),
    /// It was refused a moment ago.
    Refused(Refused),
    /// Somebody else is asking for the same.
    Wait(Landing),
    /// To be asked for, and told to the flight.
    Fetch(Flight),
}

/// The right and duty to ask for one token's credentials. Dropped without an outcome, it ends: those who wait see that.
#[derive(Debug)]
pub(super) struct Flight {
    cache: Arc<Cache>,
    pub(super) token: PodToken,
    landing: watch::Sender<Option<Outcome>>,
}

impl Entry {
    fn is_usable(&self, now: i64) -> bool {
        self.given.expires.saturating_sub(now) >= LEAST && self.token.expires > now
    }
}

impl Cache {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What there is for a token. `now` is in seconds since 1970, as everywhere here.
    pub(super) fn look(self: &Arc<Self>, token: &PodToken, now: i64) -> Look {
        let mut state = self.state();
        state.uses = state.uses.wrapping_add(1);
        let uses = state.uses;
        if let Some(entry) = state.entries.get_mut(&token.key) {
            if entry.is_usable(now) {
                (entry.used, entry.asked) = (uses, true);
                return Look::Given(entry.given.clone());
            }
            state.entries.remove(&token.key);
        }
        if let Some(miss) = state.refused.get(&token.key).filter(|miss| now < miss.until) {
            return Look::Refused(miss.why.clone());
        }
        if let Some(landing) = state.flights.get(&token.key) {
            return Look::Wait(landing.clone());
        }
        Look::Fetch(self.take_off(&mut state, token.clone()))
    }

    fn take_off(self: &Arc<Self>, state: &mut State, token: PodToken) -> Flight {
        let (sender, landing) = watch::channel(None);
        state.flights.insert(token.key, landing);
        Flight { cache: Arc::clone(self), token, landing: sender }
    }

    /// Drops what is over, and hands out credentials that are due to be replaced: the most urgent first.
    pub(super) fn due(self: &Arc<Self>, now: i64, most: usize) -> Vec<Flight> {
        let mut state = self.state();
        state.entries.retain(|_, entry| entry.is_usable(now));
        state.refused.retain(|_, miss| now < miss.until);
        let mut due: Vec<(i64, Key)> = state
            .entries
            .iter()
            .filter(|(key, entry)| entry.asked && entry.refresh <= now && !state.flights.contains_key(*key))
            .map(|(key, entry)| (entry.given.expires, *key))
            .collect();
        due.sort_unstable();
        due.truncate(most);
        due.into_iter()
            .filter_map(|(_, key)| {
                let token = state.entries.get(&key)?.token.clone();
                Some(self.take_off(&mut state, token))
            })
            .collect()
    }

    /// How many tokens have credentials here.
    pub(super) fn len(&self) -> usize {
        self.state().entries.len()
    }
}

impl State {
    fn keep(&mut self, token: PodToken, given: Given, now: i64) {
        let life = given.expires.saturating_sub(now);
        let wait = spread(&token.key, (life / 2).min(REFRESH));
        self.refused.remove(&token.key);
        let replaced = self.entries.get(&token.key).map(|entry| entry.used);
        if replaced.is_none() && self.entries.len() >= MAX_ENTRIES {
            // A pass over all costs microseconds, and is made once for each call to AWS at most.
            let oldest = self.entries.iter().min_by_key(|(_, entry)| entry.used).map(|(key, _)| *key);
            oldest.and_then(|key| self.entries.remove(&key));
        }
        let entry = Entry {
            given,
            used: replaced.unwrap_or(self.uses),
            // Who waits for the outcome of a first fetch has asked; what replaces has still to be asked for.
            asked: replaced.is_none(),
            refresh: now.saturating_add(wait),
            failures: 0,
            token,
        };
        self.entries.insert(entry.token.key, entry);
    }

    fn fail(&mut self, token: &PodToken, why: &Refused, now: i64) {
        let key = token.key;
        if why.is_lasting() {
            self.entries.remove(&key);
        }
        if let Some(entry) = self.entries.get_mut(&key) {
            let wait = RETRY.saturating_mul(1 << entry.failures.min(10)).min(MAX_RETRY);
            entry.failures = entry.failures.saturating_add(1);
            entry.refresh = now.saturating_add(spread(&key, wait));
            return;
        }
        if self.refused.len() >= MAX_REFUSED {
            let first = self.refused.iter().min_by_key(|(_, miss)| miss.until).map(|(key, _)| *key);
            first.and_then(|key| self.refused.remove(&key));
        }
        let stands = if why.is_lasting() { REFUSED } else { FAILED };
        self.refused.insert(key, Miss { why: why.clone(), until: now.saturating_add(stands) });
    }
}

/// Takes up to a fifth off a wait, so that pods that started together don't ask together for ever. The token's hash is as
/// good as chance, and needs no source of it.
fn spread(key: &Key, wait: i64) -> i64 {
    let part = i64::from(key.first().copied().unwrap_or_default());
    wait - wait * part / (5 * 256)
}

impl Flight {
    /// Keeps an outcome, and tells it to all who wait.
    pub(super) fn land(self, outcome: Outcome, now: i64) -> Outcome {
        let mut state = self.cache.state();
        match &outcome {
            Ok(given) => state.keep(self.token.clone(), given.clone(), now),
            Err(why) => state.fail(&self.token, why, now),
        }
        // Under the same lock, or one who asks now would neither find the outcome nor the flight.
        state.flights.remove(&self.token.key);
        self.landing.send_replace(Some(outcome.clone()));
        drop(state);
        outcome
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        if self.landing.borrow().is_none() {
            self.cache.state().flights.remove(&self.token.key);
        }
    }
}

#[cfg(test)]
#[path = "cache_tests.rs"]
mod tests;
