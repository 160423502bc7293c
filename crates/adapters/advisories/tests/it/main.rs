//! Replays the corpora of the fuzz targets.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail by panic")]

use std::fs;
use std::path::Path;

#[path = "../../../../../fuzz/advisories.rs"]
mod advisories;

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../fuzz/corpus").join(target);
    fs::read_dir(folder).unwrap().map(|file| fs::read(file.unwrap().path()).unwrap()).collect()
}

#[test]
fn versions_are_compared() {
    assert!(corpus("version_pair").iter().all(|pair| advisories::versions(pair) > 0));
}

#[test]
fn records_are_read() {
    assert_eq!(corpus("osv_record").iter().filter(|bytes| advisories::record(bytes)).count(), 2);
}

#[test]
fn statements_are_read() {
    let counts = corpus("vex_document").iter().map(|bytes| advisories::statements(bytes)).sum::<usize>();
    assert_eq!(counts, 3);
}

#[test]
fn exports_are_imported() {
    let records = corpus("osv_export").iter().map(|bytes| advisories::export(bytes)).sum::<u64>();
    assert_eq!(records, 9);
}

#[test]
fn files_of_advisories_are_asked() {
    assert_eq!(corpus("advisories_file").iter().filter(|bytes| advisories::database(bytes)).count(), 1);
}
