//! Replays the fuzz targets' corpora.

use std::fs;
use std::path::Path;

#[path = "../../../../../fuzz/authn.rs"]
mod authn;
#[path = "../../../../../fuzz/token.rs"]
mod token;

use token::Read;

fn corpus<T>(target: &str, read: impl Fn(&[u8]) -> T) -> Vec<T> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../fuzz/corpus").join(target);
    fs::read_dir(&folder).unwrap().map(|file| read(&fs::read(file.unwrap().path()).unwrap())).collect()
}

#[test]
fn tokens_are_read() {
    let read = corpus("eks_token", token::read);
    let count = |kind: Read| read.iter().filter(|read| **read == kind).count();
    assert!(count(Read::Token) >= 6 && count(Read::Unsigned) >= 3 && count(Read::Refused) >= 10, "{read:?}");
}

#[test]
fn reviews_are_read() {
    let read = corpus("authn_reviews", authn::reviews);
    let of_tokens = read.iter().filter(|(token, _)| *token).count();
    let of_access = read.iter().filter(|(_, access)| *access).count();
    assert!(of_tokens >= 3 && of_access >= 3 && read.contains(&(false, false)), "{read:?}");
}

#[test]
fn mappings_are_read() {
    let read = corpus("authn_mappings", authn::mappings);
    let mapped = |place: usize| read.iter().filter(|read| read[place].is_some_and(|count| count > 0)).count();
    assert!(mapped(0) >= 1 && mapped(1) >= 3, "{read:?}");
}

#[test]
fn access_entries_are_read() {
    let read = corpus("access_entries", authn::access_entries);
    assert!(read.contains(&Some(4)) && read.contains(&Some(0)) && read.contains(&None), "{read:?}");
}

#[test]
fn answers_of_sts_are_read() {
    let read = corpus("sts_answer", authn::sts_answer);
    assert!(read.iter().filter(|believed| **believed).count() >= 3 && read.contains(&false), "{read:?}");
}
