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
