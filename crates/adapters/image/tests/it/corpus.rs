//! Replays the fuzz target's corpus.

use std::fs;
use std::path::Path;

#[path = "../../../../../fuzz/image_layer.rs"]
mod image_layer;

#[test]
fn the_corpus_is_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../fuzz/corpus/image_layer");
    let read = fs::read_dir(&folder)
        .unwrap()
        .map(|file| image_layer::read(&fs::read(file.unwrap().path()).unwrap()));
    let packages =
        read.filter(|scanned| scanned.as_ref().is_ok_and(|scanned| !scanned.inventory.packages.is_empty()));
    assert!(packages.count() >= 4);
}
