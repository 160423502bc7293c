//! What it costs to ask a baseline and to teach it, beside reading the same events: `cargo bench -p ringwall-detect --bench baseline`.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a benchmark stops at the first surprise, and uses a part of what the tests have"
)]

#[path = "../src/baseline/tests/days.rs"]
mod days;

use std::hint::black_box;
use std::time::Instant;

use days::Chance;
use ringwall_detect::act::Act;
use ringwall_detect::audit::{Event, read};
use ringwall_detect::baseline::{Baseline, Features};

/// Of so many rounds the quickest counts: whatever else runs can only slow one down.
const ROUNDS: usize = 51;
/// Hours of the made-up cluster that a baseline is taught, and those that are measured after.
const HOURS: (i64, i64) = (200, 24);

fn main() {
    let mut chance = Chance(1);
    let mut baseline = Baseline::new();
    for number in 0..HOURS.0 {
        for request in days::hour(&mut chance, number) {
            each(&request.json(), |event| teach(&mut baseline, event));
        }
    }
    let hours = HOURS.0..HOURS.0 + HOURS.1;
    let lines: Vec<String> =
        hours.flat_map(|number| days::hour(&mut chance, number)).map(|request| request.json()).collect();
    let bytes: usize = lines.iter().map(String::len).sum();
    let count = lines.len();
    println!(
        "{count} events of {} bytes on the average; a baseline has {} bytes",
        bytes / count,
        baseline.to_bytes().len()
    );

    let over = |name: &str, ask: &mut dyn FnMut(&Event<'_>)| {
        let best = (0..ROUNDS)
            .map(|_| {
                let start = Instant::now();
                lines.iter().for_each(|line| each(black_box(line), &mut *ask));
                start.elapsed().as_nanos() as f64 / count as f64
            })
            .fold(f64::INFINITY, f64::min);
        println!("{name:>40}: {best:6.0} ns an event");
        best
    };
    let bare = over("read", &mut |event| {
        black_box(event);
    });
    let apart = over("read, take apart", &mut |event| {
        black_box(Act::of(event));
    });
    let taken = over("read, features", &mut |event| {
        let act = Act::of(event);
        black_box(Features::of(&act));
    });
    let judged = over("read, features, judge", &mut |event| {
        let act = Act::of(event);
        black_box(baseline.judge(&Features::of(&act), act.time));
    });
    let mut pupil = baseline.clone();
    let learned = over("read, features, learn", &mut |event| teach(&mut pupil, event));
    let mut again = baseline.clone();
    let repeated = over("read, features, learn twice", &mut |event| {
        let act = Act::of(event);
        let features = Features::of(&act);
        again.learn(&features, act.time);
        again.learn(&features, act.time);
    });
    let mut pupil = baseline.clone();
    let both = over("read, features, judge, learn", &mut |event| {
        let act = Act::of(event);
        let features = Features::of(&act);
        black_box(pupil.judge(&features, act.time));
        pupil.learn(&features, act.time);
    });
    println!(
        "features {:.0} ns, judge {:.0} ns, learn {:.0} ns, {:.0} ns what was learned in this hour; features, judge, learn {:.0} ns: {:.2} of reading",
        taken - apart,
        judged - taken,
        learned - taken,
        repeated - learned,
        both - apart,
        (both - apart) / bare
    );
}

fn each(line: &str, mut ask: impl FnMut(&Event<'_>)) {
    read(line, &mut |event| ask(event)).unwrap();
}

fn teach(baseline: &mut Baseline, event: &Event<'_>) {
    let act = Act::of(event);
    baseline.learn(&Features::of(&act), act.time);
}
