use std::collections::BTreeMap;

use http::StatusCode;
use proptest::prelude::*;
use ringwall_model::Secret;

use super::super::answer::PodCredentials;
use super::*;

fn token(n: usize) -> PodToken {
    let mut key = Key::default();
    key[..8].copy_from_slice(&n.to_be_bytes());
    PodToken { text: Secret::default(), key, expires: i64::MAX }
}

fn given(expires: i64) -> Given {
    Given::write(&PodCredentials {
        access_key_id: String::new(),
        secret_access_key: Secret::default(),
        session_token: Secret::default(),
        account: String::new(),
        expires,
    })
    .unwrap()
}

fn refused(code: &str) -> Refused {
    Refused::upstream(StatusCode::BAD_REQUEST, code.to_owned(), "", "")
}

fn fetch(cache: &Arc<Cache>, n: usize, now: i64) -> Flight {
    match cache.look(&token(n), now) {
        Look::Fetch(flight) => flight,
        look => panic!("{n} is not to be fetched: {look:?}"),
    }
}

#[test]
fn the_least_recently_used_goes_first_and_refusals_push_nothing_out() {
    let cache = Arc::new(Cache::default());
    for n in 0..MAX_ENTRIES {
        fetch(&cache, n, 0).land(Ok(given(1000)), 0).unwrap();
    }
    assert!(matches!(cache.look(&token(0), 1), Look::Given(_)));
    for n in 0..2 * MAX_REFUSED {
        fetch(&cache, 100_000 + n, 1).land(Err(refused("InvalidTokenException")), 1).unwrap_err();
    }
    assert_eq!((cache.len(), cache.state().refused.len()), (MAX_ENTRIES, MAX_REFUSED));
    fetch(&cache, MAX_ENTRIES, 1).land(Ok(given(1000)), 1).unwrap();
    assert_eq!(cache.len(), MAX_ENTRIES);
    assert!(matches!(cache.look(&token(0), 1), Look::Given(_)));
    fetch(&cache, 1, 1);
}

#[test]
fn a_flight_that_comes_to_nothing_leaves_the_way_free() {
    let cache = Arc::new(Cache::default());
    let flight = fetch(&cache, 1, 0);
    let Look::Wait(landing) = cache.look(&token(1), 0) else { panic!("it is under way") };
    drop(flight);
    assert!(landing.has_changed().is_err());
    fetch(&cache, 1, 0).land(Ok(given(100)), 0).unwrap();
}

#[test]
fn the_most_urgent_are_renewed_first_and_each_once() {
    let cache = Arc::new(Cache::default());
    for n in 0..10 {
        fetch(&cache, n, 0).land(Ok(given(100 + i64::try_from(n).unwrap())), 0).unwrap();
    }
    assert!(cache.due(39, 10).is_empty());
    let first = cache.due(54, 3);
    let keys: Vec<Key> = first.iter().map(|flight| flight.token.key).collect();
    assert_eq!(keys, [token(0).key, token(1).key, token(2).key]);
    assert_eq!(cache.due(54, 100).len(), 7);
    assert!(matches!(cache.look(&token(0), 54), Look::Given(_)), "the old ones are given meanwhile");
}

/// What the cache does, without a thought for speed: a list of what happened.
#[derive(Default)]
struct Naive {
    /// Of each token: what it was given until when, or refused until when.
    known: BTreeMap<usize, (Option<i64>, i64)>,
}

impl Naive {
    fn look(&mut self, n: usize, now: i64) -> &'static str {
        let (given, refused) = self.known.get(&n).copied().unwrap_or((None, 0));
        match given {
            Some(end) if end - now >= 15 => "given",
            _ if now < refused => "refused",
            _ => "fetch",
        }
    }

    fn land(&mut self, n: usize, outcome: Result<i64, bool>, now: i64) {
        let known = self.known.entry(n).or_default();
        let usable = known.0.is_some_and(|end| end - now >= 15);
        match outcome {
            Ok(end) => *known = (Some(end), 0),
            Err(true) => *known = (None, now + 5),
            Err(false) if usable => {}
            Err(false) => *known = (None, now + 1),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Tokens are asked for, calls are answered and refreshed, in any order at any time.
    #[test]
    fn it_does_as_its_naive_twin(steps in proptest::collection::vec((0..4usize, 0..40i64, 0..4u8, any::<bool>()), 1..200)) {
        let (cache, mut naive) = (Arc::new(Cache::default()), Naive::default());
        let mut now = 0;
        for (n, wait, outcome, refresh) in steps {
            now += wait;
            let outcome = match outcome {
                0 => Ok(now + 20),
                1 => Ok(now + 100),
                2 => Err(false),
                _ => Err(true),
            };
            let land = |flight: Flight| {
                let result = outcome.map(given).map_err(|lasting| refused(if lasting { "AccessDeniedException" } else { "X" }));
                let _ = flight.land(result, now);
            };
            if refresh {
                for flight in cache.due(now, 1) {
                    let key = flight.token.key;
                    let n = (0..4).find(|n| token(*n).key == key).unwrap();
                    prop_assert_eq!(naive.look(n, now), "given");
                    naive.land(n, outcome, now);
                    land(flight);
                }
                continue;
            }
            let expected = naive.look(n, now);
            match cache.look(&token(n), now) {
                Look::Given(given) => {
                    prop_assert_eq!(expected, "given");
                    prop_assert_eq!(Some(given.expires), naive.known[&n].0);
                }
                Look::Refused(_) => prop_assert_eq!(expected, "refused"),
                Look::Wait(_) => prop_assert!(false, "nothing is under way"),
                Look::Fetch(flight) => {
                    prop_assert_eq!(expected, "fetch");
                    naive.land(n, outcome, now);
                    land(flight);
                }
            }
        }
    }
}
