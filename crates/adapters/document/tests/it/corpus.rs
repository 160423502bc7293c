//! Replays the fuzz targets' corpora.

use std::fs;
use std::path::Path;

use ringwall_document::Reader;

use crate::read::{FILE, read};

fn replay(target: &str, check: impl Fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../fuzz/corpus").join(target);
    let mut files: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "{} is empty", folder.display());
    for file in files {
        check(&fs::read(&file).unwrap());
    }
}

#[test]
fn the_yaml_corpus_gives_answers() {
    replay("document_yaml", |text| drop(read(text)));
}

#[test]
fn the_json_corpus_gives_answers() {
    replay("document_json", |text| {
        read(text);
        for line in text.split(|byte| *byte == b'\n') {
            drop(Reader::default().read_line(&FILE.into(), 1, line));
        }
    });
}
