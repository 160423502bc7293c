//! Which keys are published, given which there are now and which there were: without I/O or a clock.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::error::IssuerError;
use super::key::{Key, Keys};

/// What is kept between runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct State {
    /// Of this format.
    pub(super) version: u32,
    /// Whose keys these are.
    pub(super) issuer: String,
    /// Every key that is published, in the order in which they came.
    pub(super) keys: Vec<Kept>,
}

/// The format that is written.
pub(super) const VERSION: u32 = 1;

/// A published key. Times are in seconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) key: Key,
    /// When it was published first.
    pub(super) since: i64,
    /// When the source was first seen without it; `None` while it has it.
    pub(super) gone: Option<i64>,
}

/// What is true of a published key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyReport {
    /// Its id.
    pub kid: String,
    /// Its algorithm.
    pub alg: String,
    /// When it was published first, in seconds since 1970.
    pub since: i64,
    /// From when on it may sign, in seconds since 1970: all verifiers have it then.
    pub may_sign_at: i64,
    /// Where it is in its life.
    pub phase: Phase,
}

/// Where a key is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Published too recently: a verifier may have kept a key set without it. It should not sign yet.
    New,
    /// It may sign.
    Current,
    /// The source has dropped it; it stays until this time, in seconds since 1970, for tokens that it has signed.
    Leaving(i64),
}

impl State {
    pub(super) fn empty(issuer: &str) -> Self {
        Self { version: VERSION, issuer: issuer.to_owned(), keys: Vec::new() }
    }

    /// Counts keys as published and gone that a document holds without anyone knowing since when.
    pub(super) fn adopt(&mut self, published: &Keys, now: i64) {
        for key in published.iter() {
            self.keys.push(Kept { key: key.clone(), since: now, gone: Some(now) });
        }
    }

    /// The state after the source was seen with these keys.
    ///
    /// # Errors
    ///
    /// A key has another's id, or there are too many.
    pub(crate) fn next(&self, current: &Keys, now: i64, retire_after: Duration) -> Result<Self, IssuerError> {
        let mut next = Self { keys: Vec::new(), ..self.clone() };
        for kept in &self.keys {
            match current.get(&kept.key.kid) {
                Some(key) if *key != kept.key => return Err(IssuerError::Clash(key.kid.clone())),
                Some(_) => next.keys.push(Kept { gone: None, ..kept.clone() }),
                None => {
                    let gone = kept.gone.unwrap_or(now);
                    if now < leaves(gone, retire_after) {
                        next.keys.push(Kept { gone: Some(gone), ..kept.clone() });
                    }
                }
            }
        }
        for key in current.iter() {
            if !self.keys.iter().any(|kept| kept.key.kid == key.kid) {
                next.keys.push(Kept { key: key.clone(), since: now, gone: None });
            }
        }
        Ok(next)
    }

    /// What holds while nobody knows what the source has: all that was published, less what has had its time.
    pub(super) fn remembered(&self, now: i64, retire_after: Duration) -> Self {
        let stays = |kept: &&Kept| kept.gone.is_none_or(|gone| now < leaves(gone, retire_after));
        Self { keys: self.keys.iter().filter(stays).cloned().collect(), ..Self::empty(&self.issuer) }
    }

    /// The keys to publish: all.
    pub(crate) fn published(&self) -> Result<Keys, IssuerError> {
        let mut keys = Keys::default();
        self.keys.iter().try_for_each(|kept| keys.add(kept.key.clone()))?;
        Ok(keys)
    }

    pub(super) fn report(&self, now: i64, max_age: Duration, retire_after: Duration) -> Vec<KeyReport> {
        let report = |kept: &Kept| {
            let may_sign_at = kept.since.saturating_add_unsigned(max_age.as_secs());
            let phase = match kept.gone {
                Some(gone) => Phase::Leaving(leaves(gone, retire_after)),
                None if now < may_sign_at => Phase::New,
                None => Phase::Current,
            };
            let Key { kid, alg, .. } = &kept.key;
            KeyReport { kid: kid.clone(), alg: alg.clone(), since: kept.since, may_sign_at, phase }
        };
        self.keys.iter().map(report).collect()
    }
}

fn leaves(gone: i64, retire_after: Duration) -> i64 {
    gone.saturating_add_unsigned(retire_after.as_secs())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use proptest::test_runner::{Config, TestRunner};
    use serde_json::json;

    use super::*;

    const LIFE: i64 = 24 * 60 * 60;
    const MAX_AGE: Duration = Duration::from_secs(300);
    const RETIRE_AFTER: Duration = Duration::from_secs(25 * 60 * 60);

    fn keys(ids: &[u8]) -> Keys {
        let jwk = |id: &u8| {
            let number = data_encoding::BASE64URL_NOPAD.encode(&[id | 1; 32]);
            json!({ "kty": "EC", "crv": "P-256", "kid": format!("key-{id}"), "x": number, "y": number })
        };
        let set = json!({ "keys": ids.iter().map(jwk).collect::<Vec<_>>() });
        Keys::from_jwks(&serde_json::to_vec(&set).unwrap(), "a test").unwrap()
    }

    fn step(state: &State, ids: &[u8], now: i64) -> State {
        state.next(&keys(ids), now, RETIRE_AFTER).unwrap()
    }

    #[test]
    fn a_rotation_from_its_begin_to_its_end() {
        let phases = |state: &State, now| -> Vec<(String, Phase)> {
            let report = state.report(now, MAX_AGE, RETIRE_AFTER);
            report.into_iter().map(|key| (key.kid, key.phase)).collect()
        };
        let named = |id: u8, phase| (format!("key-{id}"), phase);
        let mut state = step(&State::empty("https://a"), &[1], 0);
        assert_eq!(phases(&state, 299), [named(1, Phase::New)]);
        state = step(&state, &[1, 2], 1000);
        assert_eq!(phases(&state, 1299), [named(1, Phase::Current), named(2, Phase::New)]);
        assert_eq!(phases(&state, 1300), [named(1, Phase::Current), named(2, Phase::Current)]);
        state = step(&state, &[2], 2000);
        let leaves = 2000 + 25 * 60 * 60;
        assert_eq!(phases(&state, 2000), [named(1, Phase::Leaving(leaves)), named(2, Phase::Current)]);
        // An apiserver that still has the old key brings it back, and the wait begins anew.
        state = step(&state, &[1, 2], 3000);
        assert_eq!(phases(&state, 3000), [named(1, Phase::Current), named(2, Phase::Current)]);
        state = step(&state, &[2], 4000);
        assert_eq!(state, step(&state, &[2], leaves + 1999));
        state = step(&state, &[2], leaves + 2000);
        assert_eq!(phases(&state, leaves + 2000), [named(2, Phase::Current)]);
    }

    #[test]
    fn what_is_remembered_leaves_when_its_time_is_over() {
        let state = step(&step(&State::empty("https://a"), &[1, 2], 0), &[2], 1000);
        let leaves = 1000 + 25 * 60 * 60;
        assert_eq!(state.remembered(leaves - 1, RETIRE_AFTER), state);
        let left = state.remembered(leaves, RETIRE_AFTER).published().unwrap();
        assert_eq!(left.iter().map(|key| key.kid.as_str()).collect::<Vec<_>>(), ["key-2"]);
    }

    #[test]
    fn an_id_stays_with_its_key() {
        let state = step(&State::empty("https://a"), &[1], 0);
        let number = data_encoding::BASE64URL_NOPAD.encode(&[9; 32]);
        let other =
            json!({ "keys": [{ "kty": "EC", "crv": "P-256", "kid": "key-1", "x": number, "y": number }] });
        let other = Keys::from_jwks(&serde_json::to_vec(&other).unwrap(), "a test").unwrap();
        assert!(matches!(state.next(&other, 1, RETIRE_AFTER), Err(IssuerError::Clash(_))));
    }

    /// However keys come and go: a token that is signed by a key that the source has verifies to its end.
    #[test]
    fn every_token_verifies_to_its_end() {
        let config = Config { failure_persistence: None, ..Config::default() };
        let steps = prop::collection::vec((prop::collection::btree_set(0_u8..5, 1..4), 1_i64..LIFE), 1..40);
        let run = |steps: Vec<(std::collections::BTreeSet<u8>, i64)>| {
            let mut state = State::empty("https://a");
            let mut now = 0;
            // Until when tokens of a key live.
            let mut live: BTreeMap<String, i64> = BTreeMap::new();
            let mut signing: Vec<u8> = Vec::new();
            for (ids, pause) in steps {
                let ids: Vec<u8> = ids.into_iter().collect();
                // What the source had until now may have signed until now.
                for id in signing.iter().chain(&ids) {
                    live.insert(format!("key-{id}"), now + LIFE);
                }
                state = step(&state, &ids, now);
                let published = state.published().unwrap();
                for (kid, _) in live.iter().filter(|(_, until)| now < **until) {
                    prop_assert!(published.get(kid).is_some(), "{kid} at {now}");
                }
                for kid in published.iter().map(|key| &key.kid) {
                    prop_assert!(live.contains_key(kid));
                }
                signing = ids;
                now += pause;
            }
            Ok(())
        };
        TestRunner::new(config).run(&steps, run).unwrap();
    }
}
