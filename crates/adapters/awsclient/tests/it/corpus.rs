//! Replays the fuzz targets' corpora.

use std::fs;
use std::path::Path;

#[path = "../../../../../fuzz/aws.rs"]
mod aws;

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../fuzz/corpus").join(target);
    fs::read_dir(folder).unwrap().map(|file| fs::read(file.unwrap().path()).unwrap()).collect()
}

#[test]
fn the_corpus_of_answers_is_read() {
    let elements: Vec<_> = corpus("aws_xml").iter().map(|bytes| aws::xml(bytes)).collect();
    assert!(elements.iter().flatten().sum::<usize>() >= 20, "{elements:?}");
    assert!(elements.iter().filter(|read| read.is_none()).count() >= 4, "{elements:?}");
}

#[test]
fn the_corpus_of_profiles_is_read() {
    let (read, refused): (Vec<bool>, Vec<bool>) =
        corpus("aws_profile").iter().map(|bytes| aws::profile(bytes)).partition(|read| *read);
    assert!(read.len() >= 2 && refused.len() >= 3, "{read:?} {refused:?}");
}
