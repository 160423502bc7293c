//! Replays the fuzz target's corpus.

use std::fs;
use std::path::Path;

#[path = "../../../../../fuzz/sigv4.rs"]
mod sigv4;

use sigv4::Read;

#[test]
fn the_corpus_is_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../fuzz/corpus/sigv4_request");
    let files = fs::read_dir(&folder).unwrap();
    let read: Vec<_> =
        files.filter_map(|file| sigv4::request(&fs::read(file.unwrap().path()).unwrap())).collect();
    let count = |kind: Read| read.iter().filter(|read| **read == kind).count();
    assert!(count(Read::Verified) >= 8, "{read:?}");
    assert!(count(Read::Forged) >= 1 && count(Read::Refused) >= 2 && count(Read::Unsigned) >= 1, "{read:?}");
}
