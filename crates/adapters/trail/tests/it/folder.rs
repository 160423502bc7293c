//! A trail's folder, and what is in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ringwall_trail::{EventTime, Record, Trail};

/// The file that the example's records go to.
pub(crate) const FILE: &str = "AWSLogs/111122223333/CloudTrail/eu-central-1/2026/11/27/events.jsonl";

pub(crate) fn example() -> Record {
    serde_json::from_str(include_str!("../record.json")).unwrap()
}

/// The example with another id.
pub(crate) fn record(id: &str) -> Record {
    Record { event_id: id.to_owned(), ..example() }
}

pub(crate) fn at(unix: i64) -> EventTime {
    EventTime::from_unix(unix).unwrap()
}

/// All records below a folder by file, in the order of their lines. Fails if a line is none.
pub(crate) fn records(folder: &Path) -> Vec<(PathBuf, Vec<Record>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "jsonl") {
                let text = String::from_utf8(fs::read(&path).unwrap()).unwrap();
                assert!(text.is_empty() || text.ends_with('\n'), "{} ends within a line", path.display());
                found.push((path, text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()));
            }
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

/// The ids of all records below a folder, in order of files and lines.
pub(crate) fn ids(folder: &Path) -> Vec<String> {
    records(folder).into_iter().flat_map(|(_, records)| records).map(|record| record.event_id).collect()
}

/// Returns when a trail has written something, of which nobody is told.
pub(crate) async fn written(trail: &Trail) {
    let wait = async {
        while trail.stats().written == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), wait).await.unwrap();
}
