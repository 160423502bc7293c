//! Replays the corpora of the fuzz targets.

use std::fs;
use std::path::Path;

#[path = "../../../../../fuzz/protocol.rs"]
mod protocol;

/// How many files of a corpus are read as requests, of how many.
fn replay(target: &str, read: impl Fn(&[u8]) -> bool) -> (usize, usize) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../fuzz/corpus").join(target);
    let files: Vec<_> = fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path()).collect();
    (files.iter().filter(|file| read(&fs::read(file).unwrap())).count(), files.len())
}

#[test]
fn the_corpus_of_forms_is_read() {
    assert_eq!(replay("protocol_form", protocol::form), (5, 8));
}

#[test]
fn the_corpus_of_json_is_read() {
    assert_eq!(replay("protocol_json", protocol::json), (5, 8));
}
