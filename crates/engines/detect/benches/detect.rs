//! All rules, the baseline and the sequences over events of 1.8 KB, beside a bare reading and a tree of the same bytes, in the same
//! run, and then as many detectors as there are cores beside one: `cargo bench -p ringwall-detect --bench detect`, with `--profile dist`
//! for what is shipped.
//!
//! Time is that of the processor, so that what else runs on the machine counts as little as may be. Detectors share no lock, so that
//! none waits for another; what they share are caches and memory, and waiting for those is the processor's time.

#![expect(clippy::unwrap_used, reason = "a benchmark stops at the first surprise")]

mod events;

use std::hint::black_box;
use std::sync::Barrier;

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
    let start = cpu();
    for line in &lines {
        black_box(serde_json::from_str::<serde_json::Value>(line).unwrap());
    }
    let tree = lines.len() as f64 / (cpu() - start);
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

/// Events/s of so many threads together, of the quickest round. Each has a detector and a log of its own, as a cluster's partition has: what
/// it reads is the same text in other memory.
fn of_threads(lines: &[String], threads: usize) -> f64 {
    let partitions: Vec<Vec<String>> = (0..threads).map(|_| lines.to_vec()).collect();
    let rates = (0..ROUNDS).map(|_| {
        let begin = &Barrier::new(threads);
        std::thread::scope(|scope| {
            let each = partitions.iter().map(|lines| {
                scope.spawn(move || {
                    let (mut detector, place) = (Detector::new(), place());
                    begin.wait();
                    let start = cpu();
                    for line in lines {
                        read(black_box(line), &mut |event| detector.audit(event, &place)).unwrap();
                    }
                    lines.len() as f64 / (cpu() - start)
                })
            });
            let each: Vec<_> = each.collect();
            each.into_iter().map(|thread| thread.join().unwrap()).sum()
        })
    });
    rates.fold(0.0, f64::max)
}

/// How long this thread has been on a processor, in seconds: the first number of Linux's `schedstat`.
fn cpu() -> f64 {
    let text = String::from_utf8(std::fs::read("/proc/thread-self/schedstat").unwrap()).unwrap();
    text.split_whitespace().next().unwrap().parse::<f64>().unwrap() / 1e9
}

fn place() -> Place {
    Place { file: "audit.log".into(), line: 1 }
}

/// Events/s of the quickest round.
fn over<T>(lines: &[String], name: &str, make: impl Fn() -> T, look: impl Fn(&mut T, &Event<'_>)) -> f64 {
    let rates = (0..ROUNDS).map(|_| {
        let mut state = make();
        let start = cpu();
        for line in lines {
            read(black_box(line), &mut |event| look(&mut state, event)).unwrap();
        }
        lines.len() as f64 / (cpu() - start)
    });
    let best = rates.fold(0.0, f64::max);
    println!("{name:>28}: {best:9.0} events/s");
    best
}
