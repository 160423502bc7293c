//! Replays the fuzz targets' corpora.

use std::fs;
use std::path::Path;

use ringwall_identity::mutate::{Facts, Review, Settings, mutate};

#[path = "../../../../../fuzz/identity.rs"]
mod identity;

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../fuzz/corpus").join(target);
    fs::read_dir(&folder).unwrap().map(|file| fs::read(file.unwrap().path()).unwrap()).collect()
}

#[test]
fn manifests_are_read() {
    let read: Vec<usize> =
        corpus("service_accounts").iter().map(|bytes| identity::manifests(bytes)).collect();
    assert!(read.iter().filter(|accounts| **accounts > 0).count() >= 3, "{read:?}");
}

#[test]
fn lists_are_read() {
    let read: Vec<_> = corpus("pod_identities").iter().map(|bytes| identity::lists(bytes)).collect();
    let of = |place: usize, count| read.iter().any(|read| read[place] == Some(count));
    assert!(of(0, 3) && of(0, 0) && of(1, 2) && read.iter().any(|read| read[1].is_none()), "{read:?}");
}

#[test]
fn keys_are_read() {
    let read: Vec<usize> = corpus("issuer_keys").iter().map(|bytes| identity::issuer(bytes)).collect();
    assert!(read.iter().filter(|keys| **keys > 0).count() >= 5 && read.contains(&0), "{read:?}");
}

#[test]
fn reviews_give_answers() {
    let own = crate::mutations::annotations(&[("role-arn", "arn:aws:iam::111122223333:role/a")]);
    let patched = corpus("admission_review")
        .iter()
        .filter_map(|bytes| Review::parse(bytes).ok())
        .filter(|review| {
            let facts = Facts { annotations: Some(&own), ..Facts::default() };
            mutate(review, &facts, &Settings::default()).is_ok_and(|mutation| !mutation.patch.is_empty())
        })
        .count();
    assert!(patched >= 3, "the corpus holds no reviews");
}
