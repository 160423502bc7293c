//! Replays the corpus of the fuzz target.

use std::fs;

use crate::{folder, sigma};

#[test]
fn the_corpus_of_rules_is_read() {
    let files = fs::read_dir(folder("fuzz/corpus/sigma_rules")).unwrap();
    let read: Vec<_> = files.map(|file| sigma::rules(&fs::read(file.unwrap().path()).unwrap())).collect();
    assert!(read.iter().filter(|read| read.is_ok_and(|rules| rules > 0)).count() >= 7, "{read:?}");
    assert!(read.iter().filter(|read| read.is_err()).count() >= 4, "{read:?}");
}
