//! Replays the corpus of the fuzz target.

use std::fs;
use std::path::Path;

#[path = "../../../../../fuzz/registry.rs"]
mod registry;

#[test]
fn the_corpus_is_read_and_has_each_kind_of_rule() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../fuzz/corpus/registry_rules");
    let files = fs::read_dir(folder).unwrap();
    let read: Vec<_> = files.map(|file| registry::rules(&fs::read(file.unwrap().path()).unwrap())).collect();
    let count = |has: fn(&registry::Read) -> bool| read.iter().filter(|read| has(read)).count();
    assert_eq!(count(|read| read.lifecycle), 8);
    // One of rules, and one without any, which is a replication configuration too.
    assert_eq!(count(|read| read.replication), 2);
    assert_eq!(count(|read| read.template), 1);
    assert_eq!(count(|read| read.cache), 1);
    assert_eq!(count(|read| read.guard), 1);
    assert!(count(|read| read.mutability) >= 1 && count(|read| read.scanning) >= 1);
    assert!(count(|read| read.name) >= 1);
}
