//! All rules, the baseline and the sequences over events of 1.8 KB, beside a bare reading and a tree of the same bytes, in the same
//! run, and then as many detectors as there are cores beside one: `cargo bench -p ringwall-detect --bench detect`, with `--profile dist`
//! for what is shipped.

#![expect(clippy::unwrap_used, reason = "a benchmark stops at the first surprise")]

mod events;

use std::hint::black_box;
use std::sync::Barrier;
use std::time::Instant;

use ringwall_detect::Detector;
use ringwall_detect::audit::{Event, read};
use ringwall_detect::finding::Place;

/// Of so many rounds the quickest counts: whatever else runs can only slow one down.
const ROUNDS: usize = 7;
/// Events a second and core that issue 5 asks for.
const GOAL: f64 = 200_000.0;

fn main() {
    let lines = events::lines();
    let bytes: usize = lines.iter().map(String::len).sum();
    println!("{} events of {} bytes on the average", lines.len(), bytes / lines.len());
    let bare = over(
        &lines,
        "read",
        || (),
        |(), event| {
            black_box(event);
        },
    );
    let place = place();
    let all = over(&lines, "read, all rules and state", Detector::new, |detector, event| {
        detector.audit(event, &place);
    });
    let start = Instant::now();
    for line in &lines {
        black_box(serde_json::from_str::<serde_json::Value>(line).unwrap());
    }
    let tree = lines.len() as f64 / start.elapsed().as_secs_f64();
    println!("{:>28}: {tree:9.0} events/s", "a tree of the same bytes");
    println!("{:.2} of a bare reading, {:.2} times a tree", all / bare, all / tree);
    println!("goal at least {GOAL} events/s: {}", if all >= GOAL { "met" } else { "MISSED" });
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let one = of_threads(&lines, 1);
    let every = of_threads(&lines, cores);
    println!("{:>28}: {one:9.0} events/s", "a partition on one core");
    println!("{:>28}: {every:9.0} events/s", format!("{cores} partitions on {cores}"));
    println!("{:.2} times one on {cores} cores", every / one);
}

/// Events/s of so many threads together, of the quickest round. Each has a detector and a log of its own, as a cluster's partition has: what it
/// reads is the same text in other memory.
fn of_threads(lines: &[String], threads: usize) -> f64 {
    let partitions: Vec<Vec<String>> = (0..threads).map(|_| lines.to_vec()).collect();
    let rates = (0..ROUNDS).map(|_| {
        let begin = &Barrier::new(threads + 1);
        let seconds = std::thread::scope(|scope| {
            for lines in &partitions {
                scope.spawn(move || {
                    let (mut detector, place) = (Detector::new(), place());
                    begin.wait();
                    for line in lines {
                        read(black_box(line), &mut |event| detector.audit(event, &place)).unwrap();
                    }
                });
            }
            begin.wait();
            Instant::now()
        })
        .elapsed()
        .as_secs_f64();
        (threads * lines.len()) as f64 / seconds
    });
    rates.fold(0.0, f64::max)
}

fn place() -> Place {
    Place { file: "audit.log".into(), line: 1 }
}

/// Events/s of the quickest round.
fn over<T>(lines: &[String], name: &str, make: impl Fn() -> T, look: impl Fn(&mut T, &Event<'_>)) -> f64 {
    let rates = (0..ROUNDS).map(|_| {
        let mut state = make();
        let start = Instant::now();
        for line in lines {
            read(black_box(line), &mut |event| look(&mut state, event)).unwrap();
        }
        lines.len() as f64 / start.elapsed().as_secs_f64()
    });
    let best = rates.fold(0.0, f64::max);
    println!("{name:>28}: {best:9.0} events/s");
    best
}
