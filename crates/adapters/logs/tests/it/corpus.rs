//! Replays the fuzz target's corpus.

use std::fs;
use std::path::Path;

#[path = "../../../../../fuzz/logs.rs"]
mod logs;

#[test]
fn the_corpus_is_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../fuzz/corpus/log_file");
    let tallies =
        fs::read_dir(&folder).unwrap().map(|file| logs::read(&fs::read(file.unwrap().path()).unwrap()));
    assert!(tallies.filter(|tally| tally.audit + tally.records > 0).count() >= 9);
}

#[path = "../../../../../fuzz/flows.rs"]
mod flows;

#[test]
fn the_corpus_of_flow_logs_is_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../fuzz/corpus/flow_log");
    let read =
        fs::read_dir(&folder).unwrap().map(|file| flows::read(&fs::read(file.unwrap().path()).unwrap()));
    assert!(read.filter(|flows| !flows.seen.is_empty()).count() >= 4);
}
