//! Replays the fuzz target's corpus.

use std::fs;
use std::path::Path;

#[path = "../../../../../fuzz/oci.rs"]
mod oci;

#[test]
fn the_corpus_is_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../fuzz/corpus/oci_manifest");
    let read =
        fs::read_dir(&folder).unwrap().map(|file| oci::manifest(&fs::read(file.unwrap().path()).unwrap()));
    assert!(read.filter(Option::is_some).count() >= 5);
}
