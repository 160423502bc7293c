//! Replays the fuzz target's corpus.

use std::fs;
use std::path::Path;

use ringwall_store::{StoreError, check_backup};

#[test]
fn the_corpus_gives_answers() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../fuzz/corpus/store_backup");
    let (mut whole, mut refused) = (0, 0);
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        match check_backup(&*fs::read(&path).unwrap(), &path) {
            Ok(_) => whole += 1,
            Err(StoreError::BadBackup { .. }) => refused += 1,
            Err(error) => panic!("{}: {error}", path.display()),
        }
    }
    assert!(whole >= 2 && refused >= 6, "{whole} whole, {refused} refused");
}
