//! How long a command takes to start, beside the shortest program there is, in the same run:
//! `cargo bench -p ringwall`.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a benchmark stops at the first surprise")]

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Starts of each program, taken in turns so that both meet the same noise.
const ROUNDS: usize = 101;

fn start(program: &str, arguments: &[&str]) -> Duration {
    let begun = Instant::now();
    let status = Command::new(program).args(arguments).stdout(Stdio::null()).status().unwrap();
    let taken = begun.elapsed();
    assert!(status.success());
    taken
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1e3
}

fn main() {
    let ringwall = env!("CARGO_BIN_EXE_ringwall");
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/storefront");
    let (mut baseline, mut version, mut can) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        baseline.push(start("true", &[]));
        version.push(start(ringwall, &["--version"]));
        can.push(start(ringwall, &["can", example, "--as", "ci/runner", "get", "secrets"]));
    }
    let baseline = median(baseline);
    println!("medians of {ROUNDS} starts; the baseline is `true`, {baseline:.2} ms");
    for (name, times) in [("ringwall --version", version), ("ringwall can, on examples/storefront", can)] {
        let time = median(times);
        println!("{name}: {time:.2} ms, {:.1} times the baseline", time / baseline);
    }
}
