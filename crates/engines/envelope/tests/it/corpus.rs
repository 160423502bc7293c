//! Replays the corpus of the fuzz target.

use std::fs;
use std::path::Path;

#[path = "../../../../../fuzz/envelope.rs"]
mod envelope;

#[test]
fn the_corpus_is_read_and_some_of_it_opens() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../fuzz/corpus/envelope_blob");
    let files = fs::read_dir(folder).unwrap();
    let read: Vec<_> = files.map(|file| envelope::blob(&fs::read(file.unwrap().path()).unwrap())).collect();
    let count = |has: fn(&envelope::Read) -> bool| read.iter().filter(|read| has(read)).count();
    assert_eq!(count(|read| read.opens_in_keyring), 1);
    assert_eq!(count(|read| read.opens_in_kms), 2);
    assert_eq!(count(|read| read.is_keyring), 1);
    assert!(read.len() >= 10);
}
