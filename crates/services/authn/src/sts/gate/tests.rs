use super::*;

const SETTINGS: Settings =
    Settings { max_age: 900, capacity: 10, rate: 10, burst: 20, key_rate: 1, key_burst: 4, in_flight: 8 };

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

/// How many of so many questions pass, each of a key of its own.
fn strangers(gate: &mut Gate, count: usize, now: Instant) -> usize {
    (0..count).filter(|at| gate.pass(&format!("{now:?}-{at}"), 0, now).is_ok()).count()
}

#[test]
fn strangers_leave_half_to_whom_sts_vouched_for() {
    let start = Instant::now();
    let mut gate = Gate::new(SETTINGS, start);
    for key in ["a", "b", "c"] {
        gate.pass(key, 0, start).unwrap();
        gate.ended(key, Ended::Believed, start);
    }
    assert_eq!(strangers(&mut gate, 100, start), 7, "20, less 3, less the 10 that are reserved");
    assert_eq!(gate.pass("new", 0, start), Err(Held::Rate(seconds(0.1))));
    for key in ["a", "b", "c"] {
        for _ in 0..3 {
            gate.pass(key, 0, start).unwrap();
        }
        assert_eq!(gate.pass(key, 0, start), Err(Held::Key(seconds(1.0))), "4 of a key, whoever it is");
    }
    // 1 is left; 10 a second come, and strangers wait until there are 11.
    assert_eq!(strangers(&mut gate, 100, start + seconds(0.9)), 0);
    assert_eq!(strangers(&mut gate, 100, start + seconds(1.2)), 3);
    assert_eq!(strangers(&mut gate, 100, start + seconds(60.0)), 10, "no more than the burst comes together");
}

#[test]
fn what_is_in_flight_is_bounded() {
    let now = Instant::now();
    let mut gate = Gate::new(SETTINGS, now);
    assert_eq!(gate.pass("a", 8, now), Err(Held::InFlight));
    gate.pass("a", 7, now).unwrap();
}

#[test]
fn a_pause_is_kept_whoever_asks() {
    let now = Instant::now();
    let mut gate = Gate::new(SETTINGS, now);
    gate.pass("a", 0, now).unwrap();
    gate.ended("a", Ended::Throttled(seconds(2.0)), now);
    gate.ended("a", Ended::Throttled(seconds(1.0)), now);
    assert_eq!(gate.pass("b", 0, now + seconds(1.5)), Err(Held::Pause(seconds(0.5))));
    gate.pass("b", 0, now + seconds(2.0)).unwrap();
}

#[test]
fn the_circuit_opens_asks_now_and_then_and_closes() {
    let mut now = Instant::now();
    let mut gate = Gate::new(SETTINGS, now);
    let fails = |gate: &mut Gate, now| {
        gate.pass("a", 0, now).unwrap();
        gate.ended("a", Ended::Failed, now);
    };
    for _ in 0..4 {
        now += seconds(5.0);
        fails(&mut gate, now);
        assert!(!gate.is_open());
    }
    now += seconds(5.0);
    fails(&mut gate, now);
    assert!(gate.is_open());
    assert_eq!(gate.pass("b", 0, now + seconds(0.4)), Err(Held::Circuit(seconds(0.6))));
    now += seconds(1.0);
    gate.pass("a", 0, now).unwrap();
    assert_eq!(gate.pass("b", 0, now), Err(Held::Circuit(seconds(10.0))), "one finds out");
    gate.ended("a", Ended::Failed, now);
    assert_eq!(gate.pass("b", 0, now), Err(Held::Circuit(seconds(2.0))), "twice as long");
    for _ in 0..40 {
        now += seconds(31.0);
        fails(&mut gate, now);
    }
    assert_eq!(gate.pass("b", 0, now), Err(Held::Circuit(seconds(30.0))), "and no longer");
    now += seconds(30.0);
    gate.pass("a", 0, now).unwrap();
    gate.ended("a", Ended::Answered, now);
    assert!(!gate.is_open());
    gate.pass("b", 0, now).unwrap();
}

#[test]
fn access_keys_are_forgotten_when_there_are_too_many() {
    let start = Instant::now();
    let many = Settings { rate: 1_000_000, burst: 1_000_000, ..SETTINGS };
    let mut gate = Gate::new(many, start);
    gate.pass("known", 0, start).unwrap();
    gate.ended("known", Ended::Believed, start);
    assert_eq!(strangers(&mut gate, 2 * MAX_KEYS, start), 2 * MAX_KEYS);
    assert_eq!(gate.keys.len(), MAX_KEYS, "beyond it they pass and are not remembered");
    let later = start + seconds(10.0);
    gate.pass("one more", 0, later).unwrap();
    assert_eq!(gate.keys.len(), 2, "the known one and the one more");
}
