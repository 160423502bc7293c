//! Replays the corpora of the fuzz targets about IAM.

use std::fs;
use std::path::Path;

#[path = "../../../../fuzz/iam.rs"]
mod iam;

/// How many files of a corpus have the property.
fn replay(target: &str, has: impl Fn(&[u8]) -> bool) -> usize {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let files = fs::read_dir(&folder).unwrap();
    files.filter(|file| has(&fs::read(file.as_ref().unwrap().path()).unwrap())).count()
}

#[test]
fn the_corpus_of_policies_is_read() {
    assert!(replay("iam_policy", |bytes| iam::policy(bytes) > 0) >= 5);
}

#[test]
fn the_corpus_of_lines_is_answered() {
    let read = |bytes: &[u8]| iam::line(bytes).is_some_and(|answer| answer.error.is_none());
    assert!(replay("iam_line", read) >= 10);
}

#[test]
fn the_corpus_of_exports_is_read() {
    assert!(replay("aws_exports", |bytes| iam::exports(bytes) > 0) >= 2);
}
