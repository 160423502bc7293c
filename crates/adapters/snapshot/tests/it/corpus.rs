//! Replays the fuzz target's corpus.

use std::fs;
use std::path::Path;

use ringwall_document::Reader;

#[test]
fn the_corpus_gives_answers() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../fuzz/corpus/snapshot_objects");
    let mut files: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut objects = 0;
    for file in &files {
        let text = fs::read(file).unwrap();
        let found = ringwall_snapshot::objects_of(&mut Reader::default(), &"fuzz".into(), &text);
        objects += found.objects.len();
    }
    assert!(objects >= files.len(), "the corpus holds no objects");
}
