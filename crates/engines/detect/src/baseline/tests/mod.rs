//! Baselines of a made-up cluster.

mod days;
mod fortnight;
mod habits;
mod persisted;
mod twin;

use super::{Baseline, Features};
use crate::act::Act;
use crate::audit::read;
use days::{Chance, Request};

/// Teaches a request.
fn learn(baseline: &mut Baseline, request: &Request) {
    read(&request.json(), &mut |event| {
        let act = Act::of(event);
        baseline.learn(&Features::of(&act), act.time);
    })
    .unwrap();
}

/// What is learned in so many hours.
fn taught(seed: u64, hours: i64) -> Baseline {
    let mut baseline = Baseline::new();
    let mut chance = Chance(seed);
    for number in 0..hours {
        days::hour(&mut chance, number).iter().for_each(|request| learn(&mut baseline, request));
    }
    baseline
}
