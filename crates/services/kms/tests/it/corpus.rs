//! Replays the fuzz targets' corpora.

use std::fs;
use std::path::Path;

#[path = "../../../../../fuzz/kms.rs"]
mod kms;

fn corpus<T>(target: &str, read: impl Fn(&[u8]) -> T) -> Vec<T> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../fuzz/corpus").join(target);
    fs::read_dir(&folder).unwrap().map(|file| read(&fs::read(file.unwrap().path()).unwrap())).collect()
}

#[test]
fn seeds_are_read() {
    let opened = corpus("kms_seed", kms::seed);
    assert!(opened.contains(&true) && opened.contains(&false), "{opened:?}");
}

#[test]
fn files_are_read() {
    let read = corpus("kms_files", kms::file);
    let count = |is: fn(&kms::Read) -> bool| read.iter().filter(|read| is(read)).count();
    assert!(count(|read| read.is_keyring) == 1 && count(|read| read.is_state) == 1, "{read:?}");
    assert!(count(|read| read.is_source) >= 4, "{read:?}");
}
