//! Replays the fuzz target's corpus.

use std::fs;
use std::path::Path;

#[path = "../../../../../fuzz/token.rs"]
mod token;

use token::Read;

#[test]
fn the_corpus_is_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../fuzz/corpus/eks_token");
    let read: Vec<Read> = fs::read_dir(&folder)
        .unwrap()
        .map(|file| token::read(&fs::read(file.unwrap().path()).unwrap()))
        .collect();
    let count = |kind: Read| read.iter().filter(|read| **read == kind).count();
    assert!(count(Read::Token) >= 6 && count(Read::Unsigned) >= 3 && count(Read::Refused) >= 10, "{read:?}");
}
