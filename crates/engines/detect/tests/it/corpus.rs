//! Replays the corpora of the fuzz targets.

use std::fs;
use std::path::Path;

use crate::{baseline, detect, finding_filters, state, trail};

#[test]
fn the_corpus_is_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../fuzz/corpus/audit_line");
    let files = fs::read_dir(&folder).unwrap();
    let told: Vec<usize> = files.map(|file| detect::line(&fs::read(file.unwrap().path()).unwrap())).collect();
    assert!(told.iter().filter(|found| **found > 0).count() >= 8, "{told:?}");
    assert!(told.iter().filter(|found| **found == 0).count() >= 3, "{told:?}");
}

#[test]
fn the_corpus_of_lists_is_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../fuzz/corpus/address_list");
    let files = fs::read_dir(&folder).unwrap();
    let taken = files.map(|file| detect::list(&fs::read(file.unwrap().path()).unwrap()));
    assert!(taken.filter(|entries| *entries > 0).count() >= 7);
}

#[test]
fn the_corpus_of_filters_is_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../fuzz/corpus/finding_filters");
    let files = fs::read_dir(folder).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap());
    let counts: Vec<usize> = files.map(|bytes| finding_filters::filters(&bytes)).collect();
    let read = counts.iter().filter(|count| **count > 0).count();
    assert_eq!((read, counts.len()), (8, 13), "{counts:?}");
}

#[test]
fn the_corpus_of_records_is_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../fuzz/corpus/cloudtrail_record");
    let files = fs::read_dir(folder).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap());
    let counts: Vec<u64> = files.map(|bytes| trail::read(&bytes)).collect();
    assert!(counts.iter().filter(|count| **count > 0).count() >= 7, "{counts:?}");
    assert!(counts.contains(&0), "one holds none");
}

#[test]
fn the_corpus_of_baselines_is_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../fuzz/corpus/baseline");
    let files = fs::read_dir(&folder).unwrap();
    let read: Vec<bool> =
        files.map(|file| baseline::baseline(&fs::read(file.unwrap().path()).unwrap())).collect();
    assert_eq!((read.iter().filter(|is_one| **is_one).count(), read.len()), (2, 8));
}

/// Those that are read have to be read by every later version too, or the state's version has to change.
#[test]
fn the_corpus_of_states_is_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../fuzz/corpus/detector_state");
    let mut read: Vec<(String, bool)> = fs::read_dir(&folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .map(|path| {
            (path.file_name().unwrap().to_string_lossy().into_owned(), state::state(&fs::read(path).unwrap()))
        })
        .collect();
    read.sort();
    let kept: Vec<&str> = read.iter().filter(|(_, is_one)| *is_one).map(|(name, _)| name.as_str()).collect();
    assert_eq!(kept, ["cases", "empty", "nothing-but-names", "unknown-field", "unknown-type"]);
    assert_eq!(read.len(), 13, "{read:?}");
}
