//! Replays the fuzz targets' corpora.

use std::fs;
use std::path::Path;

use ringwall_oidc::{KeySet, Token};

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../fuzz/corpus").join(target);
    let mut files: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

#[test]
fn tokens_give_answers() {
    let corpus = corpus("oidc_token");
    let read =
        corpus.iter().filter(|bytes| std::str::from_utf8(bytes).is_ok_and(|text| Token::parse(text).is_ok()));
    assert!(read.count() >= 3, "the corpus holds no tokens");
}

#[test]
fn key_sets_give_answers() {
    let keys: usize =
        corpus("oidc_keys").iter().filter_map(|bytes| KeySet::parse(bytes).ok()).map(|set| set.len()).sum();
    assert!(keys >= 3, "the corpus holds no keys");
}
