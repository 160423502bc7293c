//! Replays the fuzz target's corpus.

use std::fs;
use std::path::Path;

use ringwall_identity::mutate::{Facts, Review, Settings, mutate};

#[test]
fn reviews_give_answers() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../fuzz/corpus/admission_review");
    let mut files: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let own = crate::mutations::annotations(&[("role-arn", "arn:aws:iam::111122223333:role/a")]);
    let patched =
        files.iter().filter_map(|file| Review::parse(&fs::read(file).unwrap()).ok()).filter(|review| {
            let facts = Facts { annotations: Some(&own), ..Facts::default() };
            mutate(review, &facts, &Settings::default()).is_ok_and(|mutation| !mutation.patch.is_empty())
        });
    assert!(patched.count() >= 3, "the corpus holds no reviews");
}
