//! Replays the corpora of the fuzz targets.

use std::path::Path;

#[path = "../../../../../fuzz/trail.rs"]
mod trail;

#[test]
fn the_corpus_of_records_is_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../fuzz/corpus/cloudtrail_record");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
    let counts: Vec<u64> = files.map(|bytes| trail::read(&bytes)).collect();
    assert!(counts.iter().filter(|count| **count > 0).count() >= 7, "{counts:?}");
    assert!(counts.contains(&0), "one holds none");
}
