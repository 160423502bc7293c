//! A process that is killed while it writes a file of findings.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use ringwall_sinks::{Parts, Sink, SinkSettings};

use crate::fixture::notice;

const FOLDER: &str = "RINGWALL_SINKS_TEST_FOLDER";
const FROM: &str = "RINGWALL_SINKS_TEST_FROM";

/// Findings of a delivery.
const BATCH: u64 = 3;

/// Delivers one batch after the other for as long as it lives, and says on stderr what is done.
#[tokio::test]
#[ignore = "runs as a child of the test below"]
async fn delivers_for_ever() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let mut from: u64 = std::env::var(FROM).unwrap().parse().unwrap();
    let text = format!(
        "[[sink]]\nname = 'archive'\nto.file = {{ path = '{}', max-bytes = 20000, keep = 100000 }}",
        folder.join("findings.jsonl").display()
    );
    let sink = Sink::new(&SinkSettings::parse(&text).unwrap()[0], &Parts::new(folder)).unwrap();
    loop {
        let batch: Vec<_> = (from..from + BATCH).map(notice).collect();
        sink.deliver(&batch).await.unwrap();
        from += BATCH;
        eprintln!("done {from}.");
    }
}

/// Killed at any moment, and begun again from a cursor that is behind, it leaves each finding once, whole and in its place.
#[test]
fn each_finding_stands_once_after_sigkill() {
    const ROUNDS: u64 = 12;
    let folder = tempfile::tempdir().unwrap();
    let mut done = 1;
    for round in 0..ROUNDS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["crash::delivers_for_ever", "--exact", "--ignored", "--nocapture"])
            .env(FOLDER, folder.path())
            .env(FROM, (done.max(1 + 2 * BATCH) - 2 * BATCH).to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
        // It has begun; from here on, any moment will do.
        let first = lines.next().unwrap();
        let reader = std::thread::spawn(move || lines.collect::<Vec<_>>());
        std::thread::sleep(Duration::from_millis(5 + 13 * round));
        child.kill().unwrap();
        child.wait().unwrap();
        let rest = reader.join().unwrap();
        let told = |line: &String| line.strip_prefix("done ")?.strip_suffix('.')?.parse().ok();
        done = rest.iter().chain([&first]).filter_map(told).max().unwrap_or(done).max(done);
    }
    let found = findings(folder.path());
    let expected: Vec<String> = (1..=found.len() as u64).map(|position| notice(position).id()).collect();
    assert_eq!(found, expected);
    // What was being written when it was killed may stand there too.
    assert!(found.len() as u64 >= done - 1, "{} of {done}", found.len());
    assert!(done > ROUNDS * BATCH, "{done} say little");
}

/// The ids of all findings, in the order of the files and lines.
fn findings(folder: &Path) -> Vec<String> {
    let named = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
    let names = std::fs::read_dir(folder).unwrap().map(named);
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".jsonl")).collect();
    // The one without a time in its name is the last: `-` is before `.`.
    names.sort_unstable();
    let texts =
        names.iter().map(|name| String::from_utf8(std::fs::read(folder.join(name)).unwrap()).unwrap());
    let lines: Vec<String> =
        texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
    let id = |line: &String| -> String {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        line["id"].as_str().unwrap().to_owned()
    };
    lines.iter().map(id).collect()
}
