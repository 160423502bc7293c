//! All of Ringwall's rules with their state beside a Sigma engine over a tree of each event, and beside a bare reading, over the same
//! events of 1.8 KB in the same run: `cargo bench -p ringwall-sigma --bench beside`, with `--profile dist` for what is shipped.

#![expect(clippy::unwrap_used, reason = "a benchmark stops at the first surprise")]

#[path = "../../../engines/detect/benches/events/mod.rs"]
mod events;

use std::hint::black_box;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use ringwall_detect::Detector;
use ringwall_detect::audit::{read, read_with_json};
use ringwall_detect::finding::{Log, Place};
use ringwall_sigma::{Origin, Rules, Sigma};
use rsigma_eval::{Engine, JsonEvent};
use rsigma_parser::{SigmaCollection, parse_sigma_directory};

/// Of so many rounds the quickest counts: whatever else runs can only slow one down.
const ROUNDS: usize = 7;
/// How many times as quick as the Sigma engine over a tree the whole is to be.
const GOAL: f64 = 2.0;

fn main() {
    let lines = events::lines();
    let bytes: usize = lines.iter().map(String::len).sum();
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../rules/sigma");
    let rules = Arc::new(Rules::load(&[Origin { path: path.clone(), is_dry_run: false }]).unwrap());
    let of_audit = rules.all().iter().filter(|rule| rule.log == Log::Audit && !rule.is_correlation).count();
    println!(
        "{} events of {} bytes on the average, {of_audit} Sigma rules about them",
        lines.len(),
        bytes / lines.len()
    );
    let place = Place { file: "audit.log".into(), line: 1 };

    let bare = quickest(
        "a bare reading",
        &lines,
        || (),
        |(), line| {
            read(line, &mut |event| {
                black_box(event);
            })
            .unwrap();
        },
    );
    let all = quickest("all rules and state", &lines, Detector::new, |detector, line| {
        read(line, &mut |event| detector.audit(event, &place)).unwrap();
    });
    let with_sigma = || (Detector::new(), Sigma::new(Arc::clone(&rules)).unwrap());
    let both = quickest("the same and Sigma rules", &lines, with_sigma, |(detector, sigma), line| {
        read_with_json(line, &mut |event, json| {
            detector.audit(event, &place);
            sigma.audit(event, json, &place, &mut |found| {
                black_box(found);
            });
        })
        .unwrap();
    });
    let alone = quickest(
        "Sigma rules alone",
        &lines,
        || with_sigma().1,
        |sigma, line| {
            read_with_json(line, &mut |event, json| {
                sigma.audit(event, json, &place, &mut |found| {
                    black_box(found);
                });
            })
            .unwrap();
        },
    );
    let engine = || peer(&path);
    let tree = quickest("rsigma over a tree", &lines, engine, |engine, line| {
        let tree: serde_json::Value = serde_json::from_str(line).unwrap();
        black_box(engine.evaluate(&JsonEvent::borrow(&tree)));
    });

    println!("all rules: {:.2} of a bare reading", all / bare);
    println!(
        "all rules: {:.2} times rsigma over a tree; with Sigma rules {:.2}; Sigma rules alone {:.2}",
        all / tree,
        both / tree,
        alone / tree
    );
    println!(
        "goal at least {GOAL} times rsigma over a tree: {}",
        if all / tree >= GOAL { "met" } else { "MISSED" }
    );
}

/// The engine alone, with the rules about the audit log: what its own program does with them.
fn peer(path: &std::path::Path) -> Engine {
    let mut collection: SigmaCollection = parse_sigma_directory(path).unwrap();
    collection.rules.retain(|rule| rule.logsource.product.as_deref() == Some("kubernetes"));
    let mut engine = Engine::new();
    engine.add_collection(&collection).unwrap();
    engine
}

/// Events/s of the quickest round.
fn quickest<T>(name: &str, lines: &[String], make: impl Fn() -> T, look: impl Fn(&mut T, &str)) -> f64 {
    let rates = (0..ROUNDS).map(|_| {
        let mut state = make();
        let start = Instant::now();
        for line in lines {
            look(&mut state, black_box(line));
        }
        lines.len() as f64 / start.elapsed().as_secs_f64()
    });
    let best = rates.fold(0.0, f64::max);
    println!("{name:>26}: {best:9.0} events/s");
    best
}
