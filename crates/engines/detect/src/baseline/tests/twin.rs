//! Sketches beside exact counts.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::days::{self, Chance};
use super::{learn, taught};
use crate::baseline::hash::{bytes, mix};
use crate::baseline::sketch::{Decay, ROWS, Sketch};
use crate::baseline::{Baseline, HALF_LIFE, LEFT_OF_AN_HOUR};

const BITS: u32 = 8;

fn sketch<S: crate::baseline::sketch::Once>() -> Sketch<S> {
    Sketch::new(BITS, Decay::new(LEFT_OF_AN_HOUR, HALF_LIFE))
}

/// What a key has of epochs before the present one: all of them, each with its age.
fn exact(epochs: &[u32], now: u32) -> f64 {
    let ages = epochs.iter().filter(|epoch| **epoch < now).map(|epoch| f64::from(now - epoch));
    ages.map(|age| (-age / HALF_LIFE as f64).exp2()).sum()
}

fn ordinary() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) }
}

proptest! {
    #![proptest_config(ordinary())]

    /// A count is never below the exact one; it is above by more than `e / width` of all that was counted for `e^-ROWS` of keys
    /// at most. A small sketch is overfilled, so that keys do share cells.
    #[test]
    fn counts_are_within_the_published_bounds(
        seed: u64,
        keys in 1_u64..1500,
        uses in prop::collection::vec((any::<u64>(), 0_u32..3), 1..4000),
    ) {
        let mut sketch = sketch::<()>();
        let mut twin: BTreeMap<u64, Vec<u32>> = BTreeMap::new();
        let mut now = 1;
        for (number, step) in uses {
            now += step / 2;
            // What is mixed is always a hash: numbers in a row would fall together.
            let key = mix(seed, bytes(&(number % keys).to_le_bytes()));
            sketch.visit(key, 0, now);
            let epochs = twin.entry(key).or_default();
            if epochs.last() != Some(&now) {
                epochs.push(now);
            }
        }
        now += 1;
        let all: f64 = twin.values().map(|epochs| exact(epochs, now)).sum();
        let bound = std::f64::consts::E / f64::from(1_u32 << BITS) * all;
        let mut beyond = 0;
        for (key, epochs) in &twin {
            let (exact, count) = (exact(epochs, now), f64::from(sketch.before(*key, now)));
            prop_assert!(count >= exact * (1.0 - 1e-4), "{count} for {exact}");
            beyond += usize::from(count > exact * (1.0 + 1e-4) + bound);
        }
        let most = (-(ROWS as f64)).exp() * twin.len() as f64;
        // That is what is expected; of few keys chance makes more, as several share a cell with the same busy one.
        let chance = 4.0 * most.sqrt() + 3.0;
        prop_assert!(beyond as f64 <= most + chance, "{beyond} of {} are beyond {bound}", twin.len());
    }

    /// Of several actors each counts once an hour, and none counts for another.
    #[test]
    fn peers_are_counted_by_the_hour_and_lane(uses in prop::collection::vec((0_u32..70, 0_u32..2), 1..500)) {
        let mut sketch = sketch::<u64>();
        let mut twin: Vec<(u32, u32)> = Vec::new();
        let mut now = 1;
        for (lane, step) in uses {
            now += step;
            sketch.visit(7, lane, now);
            twin.push((now, lane % 64));
        }
        twin.sort_unstable();
        twin.dedup();
        let epochs: Vec<u32> = twin.iter().map(|(epoch, _)| *epoch).collect();
        let (exact, count) = (exact(&epochs, now + 1), f64::from(sketch.before(7, now + 1)));
        prop_assert!((count - exact).abs() <= exact * 1e-4, "{count} for {exact}");
    }
}

#[test]
fn counts_halve_and_end() {
    let mut sketch = sketch::<()>();
    sketch.visit(7, 0, 1);
    let half_life = HALF_LIFE as u32;
    assert_eq!(sketch.before(7, 1), 0.0, "the present hour does not count");
    for (halvings, count) in [(0, 1.0), (1, 0.5), (4, 0.0625), (29, 2_f32.powi(-29)), (30, 0.0)] {
        let age = (halvings * half_life).max(1);
        let found = sketch.before(7, 1 + age);
        assert!((found - count).abs() <= count * 0.003, "{found} for {count} after {halvings} half-lives");
    }
    assert_eq!(sketch.before(7, u32::MAX), 0.0);
}

#[test]
fn the_order_within_an_hour_does_not_matter_and_repeats_change_nothing() {
    let (mut straight, mut shuffled) = (Baseline::new(), Baseline::new());
    let mut chance = Chance(5);
    for number in 0..100 {
        let mut hour = days::hour(&mut chance, number);
        hour.iter().for_each(|request| learn(&mut straight, request));
        let twice = hour.clone();
        hour.extend(twice);
        for from in (1..hour.len()).rev() {
            hour.swap(from, chance.next(from as u64 + 1) as usize);
        }
        hour.iter().for_each(|request| learn(&mut shuffled, request));
    }
    assert!(straight.to_bytes() == shuffled.to_bytes());
}

#[test]
fn one_actor_adds_one_an_hour_to_its_peers_whatever_it_sends() {
    let mut baseline = taught(3, 200);
    let before = baseline.clone();
    let mut who = days::developer("ann");
    who.hour = days::FIRST_HOUR + 200;
    who.agent = "miner/1.0";
    for number in 0..500 {
        who.number = number;
        learn(&mut baseline, &who);
    }
    let features = |baseline: &Baseline, now: i64| {
        let mut found = None;
        let request = days::Request { hour: days::FIRST_HOUR + now, ..days::developer("ben") };
        let request = days::Request { agent: "miner/1.0", resource: "nodes", ..request };
        crate::audit::read(&request.json(), &mut |event| {
            let act = crate::act::Act::of(event);
            found = Some(baseline.judge(&crate::baseline::Features::of(&act), act.time));
        })
        .unwrap();
        found.unwrap()
    };
    let (clean, poisoned) = (features(&before, 201), features(&baseline, 201));
    let agent = |judgement: &crate::baseline::Judgement| {
        judgement
            .terms
            .iter()
            .find(|term| term.feature == "user agent")
            .map(|term| (term.bits, term.seen_of_all))
    };
    assert_eq!(agent(&clean), Some((7.0, 0)));
    assert_eq!(agent(&poisoned), Some((7.0, 1)), "one hour of one actor");
}

#[test]
fn who_makes_up_names_teaches_a_few_an_hour() {
    let mut baseline = taught(4, 30);
    let cells = |baseline: &Baseline| baseline.actors.cells().iter().filter(|cell| !cell.is_empty()).count();
    let before = cells(&baseline);
    for number in 0..20_000 {
        let mut who = days::developer("ann");
        who.hour = days::FIRST_HOUR + 30;
        (who.number, who.namespace) = (number, format!("made-up-{number}"));
        learn(&mut baseline, &who);
    }
    let taught = cells(&baseline) - before;
    assert!(taught <= ROWS * (usize::from(crate::baseline::FRESH_AN_HOUR) + 20), "{taught} cells");
}
