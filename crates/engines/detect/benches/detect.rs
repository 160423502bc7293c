//! All rules, the baseline and the sequences over events of 1.8 KB, beside a bare reading and a tree of the same bytes, in the same
//! run: `cargo bench -p ringwall-detect --bench detect`, with `--profile dist` for what is shipped.

#![expect(clippy::unwrap_used, reason = "a benchmark stops at the first surprise")]

mod events;

use std::hint::black_box;
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
    let all = over(&lines, "read, all rules and state", Detector::new, |detector, event| {
        detector.audit(event, &Place { file: "audit.log".into(), line: 1 });
    });
    let start = Instant::now();
    for line in &lines {
        black_box(serde_json::from_str::<serde_json::Value>(line).unwrap());
    }
    let tree = lines.len() as f64 / start.elapsed().as_secs_f64();
    println!("{:>28}: {tree:9.0} events/s", "a tree of the same bytes");
    println!("{:.2} of a bare reading, {:.2} times a tree", all / bare, all / tree);
    println!("goal at least {GOAL} events/s: {}", if all >= GOAL { "met" } else { "MISSED" });
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
