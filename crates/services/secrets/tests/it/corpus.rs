//! Replays the fuzz target's corpus.

use std::fs;
use std::path::Path;

use ringwall_secrets::objects::{Rules, Translation, read};

#[test]
fn objects_give_answers() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../fuzz/corpus/secret_objects");
    let mut files: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let rules = Rules {
        region: "eu-west-1",
        failover_region: Some("eu-west-2"),
        translation: Translation::Off,
        mode: 0o644,
    };
    let texts = files.iter().map(|file| fs::read(file).unwrap());
    let read = texts.filter(|bytes| {
        std::str::from_utf8(bytes)
            .is_ok_and(|text| read(text, &rules).is_ok_and(|objects| !objects.is_empty()))
    });
    assert!(read.count() >= 3, "the corpus holds no objects");
}
