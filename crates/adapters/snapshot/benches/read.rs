//! How fast a snapshot of many pods is read, and how much memory it takes.
//!
//! `cargo bench -p ringwall-snapshot` measures 25,000 pods, `-- --pods N` others; `-- --write FOLDER` only writes
//! the snapshots. Every figure comes from a process of its own, which reads one file of one format. Seconds are
//! processor time, user and system, so that what else runs counts little. The baselines are the bare events of the
//! YAML parser, and `serde_json::Value`.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a measurement may panic"
)]
#![expect(clippy::print_stdout, clippy::cast_precision_loss, reason = "it prints figures")]

mod generate;

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Command, exit};

use granit_parser::Parser;

/// The best of this many runs counts: what is slower is the machine's noise.
const RUNS: usize = 3;

/// What is measured, and how it is called in a child's arguments.
const SUBJECTS: [(&str, &str, &str); 2] =
    [("yaml", "events", "events of granit-parser"), ("json", "value", "serde_json::Value")];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let after = |name: &str| {
        arguments.iter().position(|argument| argument == name).map(|at| arguments[at + 1].as_str())
    };
    if let Some(subject) = after("--child") {
        child(subject, Path::new(after("--in").unwrap()));
    }
    let pods = after("--pods").map_or(25_000, |pods| pods.parse().unwrap());
    if let Some(folder) = after("--write") {
        write(Path::new(folder), pods);
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), pods);
    println!("{pods} pods, best of {RUNS} runs");
    for (format, baseline, name) in SUBJECTS {
        let folder = folder.path().join(format);
        let bytes = fs::metadata(file_in(&folder)).unwrap().len() as f64;
        let (seconds, peak) = best(format, &folder);
        let (base_seconds, base_peak) = best(baseline, &folder);
        println!(
            "{format}: {:.0} MB in {seconds:.2} s, {:.0} MB/s, peak {:.2} times the input",
            bytes / 1e6,
            bytes / 1e6 / seconds,
            peak / bytes,
        );
        println!(
            "      {:.2} times the time of {name} ({base_seconds:.2} s, peak {:.2} times the input)",
            seconds / base_seconds,
            base_peak / bytes,
        );
    }
}

/// Makes two snapshots, one of each format.
fn write(folder: &Path, pods: usize) {
    for (format, ..) in SUBJECTS {
        let path = file_in(&folder.join(format));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut out = BufWriter::new(File::create(&path).unwrap());
        match format {
            "yaml" => generate::yaml(pods, &mut out),
            _ => generate::json(pods, &mut out),
        }
        .unwrap();
        out.flush().unwrap();
    }
}

/// The only file of a snapshot.
fn file_in(folder: &Path) -> std::path::PathBuf {
    let format = folder.file_name().unwrap().to_str().unwrap();
    folder.join(format!("kubernetes/pods.{format}"))
}

/// Seconds and peak bytes of the fastest run.
fn best(subject: &str, folder: &Path) -> (f64, f64) {
    let runs = (0..RUNS).map(|_| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let output = command.args(["--child", subject, "--in"]).arg(folder).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        let (seconds, peak) = text.trim().split_once(' ').unwrap();
        (seconds.parse().unwrap(), peak.parse().unwrap())
    });
    runs.min_by(|one: &(f64, f64), other| one.0.total_cmp(&other.0)).unwrap()
}

/// Measures one subject in this process and prints seconds and peak bytes.
fn child(subject: &str, folder: &Path) -> ! {
    match subject {
        "events" => {
            let text = String::from_utf8(fs::read(file_in(folder)).unwrap()).unwrap();
            let mut parser = Parser::new_from_str(&text);
            let mut events = 0_usize;
            while let Some(event) = parser.next_event() {
                std::hint::black_box(event.unwrap());
                events += 1;
            }
            assert!(events > 1_000);
            report();
        }
        "value" => {
            let text = fs::read(file_in(folder)).unwrap();
            let value: serde_json::Value = serde_json::from_slice(&text).unwrap();
            assert!(!value["items"].as_array().unwrap().is_empty());
            report();
        }
        _ => {
            let snapshot = ringwall_snapshot::read(folder, &ringwall_snapshot::Options::default()).unwrap();
            assert!(snapshot.problems.is_empty(), "{:?}", snapshot.problems.first());
            assert!(!snapshot.cluster.pods.is_empty());
            report();
        }
    }
}

/// Ends the process while everything is still alive: dropping is not measured.
fn report() -> ! {
    // Fields 14 and 15 of proc_pid_stat(5), in hundredths of a second; the second field ends with a bracket.
    let stat = String::from_utf8(fs::read("/proc/self/stat").unwrap()).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    let seconds = ticks as f64 / 100.0;
    let status = String::from_utf8(fs::read("/proc/self/status").unwrap()).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let kibibytes: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    println!("{seconds} {}", kibibytes * 1_024);
    exit(0)
}
