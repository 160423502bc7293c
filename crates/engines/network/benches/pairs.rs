//! How long all pairs of a large cluster take, beside a pair-by-pair evaluation in the same run: `cargo bench -p ringwall-network --bench pairs`.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a benchmark stops at the first surprise")]

#[path = "../tests/it/clusters/large.rs"]
mod large;
#[path = "../tests/it/clusters/parts.rs"]
mod parts;
#[path = "../tests/it/clusters/secured.rs"]
mod secured;

use std::hint::black_box;
use std::time::Instant;

use large::Size;
use parts::Numbers;
use ringwall_model::Cluster;
use ringwall_network::{Network, Reach};

/// Rounds of which the best counts, since what is slower is the machine's noise.
const ROUNDS: usize = 5;
/// Pairs that are judged one by one.
const SAMPLE: usize = 100_000;

fn seconds<T>(call: impl FnOnce() -> T) -> (f64, T) {
    let begun = Instant::now();
    let value = black_box(call());
    (begun.elapsed().as_secs_f64(), value)
}

#[expect(clippy::disallowed_methods, reason = "the kernel's own file is short")]
/// The most memory that this process ever had, in MiB.
fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0 kB");
    line.trim().trim_end_matches(" kB").parse::<f64>().map_or(f64::NAN, |kib| kib / 1024.0)
}

fn main() {
    let size = Size { pods: 10_000, namespaces: 200, policies: 1_000 };
    let mut cluster = large::large(&size);
    println!("{} pods, {} namespaces, {} policies", size.pods, size.namespaces, size.policies);
    println!("memory with the cluster alone: {:.0} MiB", peak());
    let best = all_pairs(&cluster);
    pair_by_pair(&cluster, best);
    secured::secured(&mut cluster);
    println!("the same with {} interfaces and security groups", cluster.aws.network_interfaces.len());
    all_pairs(&cluster);
}

/// Seconds that all pairs take.
fn all_pairs(cluster: &Cluster) -> f64 {
    let (mut best, mut best_world) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..ROUNDS {
        let (world, network) = seconds(|| Network::new(cluster));
        let (pairs, reach) = seconds(|| Reach::new(&network));
        let (walk, edges) = seconds(|| reach.edges().count());
        if world + pairs + walk < best {
            (best, best_world) = (world + pairs + walk, world);
        }
        black_box(edges);
    }
    let network = Network::new(cluster);
    let reach = Reach::new(&network);
    println!(
        "all pairs: {:.0} ms, of which finding out who there is {:.0} ms; {} classes, {} edges between them; memory at its peak {:.0} MiB",
        best * 1e3,
        best_world * 1e3,
        reach.classes().len(),
        reach.edges().count(),
        peak(),
    );
    best
}

fn pair_by_pair(cluster: &Cluster, best: f64) {
    let network = Network::new(cluster);
    let reach = Reach::new(&network);
    let mut numbers = Numbers(3);
    let pairs: Vec<_> = (0..SAMPLE)
        .map(|_| {
            let mut any = || network.party(&network.pods()[numbers.below(network.pods().len())]);
            (any(), any())
        })
        .collect();
    let (took, open) =
        seconds(|| pairs.iter().filter(|(from, to)| !network.traffic(*from, *to).traffic.is_none()).count());
    let wrong =
        pairs.iter().filter(|(from, to)| reach.traffic(*from, *to) != Some(network.traffic(*from, *to)));
    assert_eq!(wrong.count(), 0, "both ways must agree");
    let count = network.pods().len() * network.pods().len();
    let all = took / SAMPLE as f64 * count as f64;
    println!(
        "pair by pair: {SAMPLE} of {count} pairs of pods in {took:.2} s ({open} open), extrapolated to all: {all:.0} s; ratio {:.0}",
        all / best
    );
}
