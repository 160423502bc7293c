use std::fs;
use std::path::Path;

#[test]
fn the_corpus_of_requests_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../fuzz/corpus/registry_request");
    let mut seen = 0;
    for entry in fs::read_dir(folder).unwrap() {
        ringwall_registry_service::fuzz::request(&fs::read_to_string(entry.unwrap().path()).unwrap());
        seen += 1;
    }
    assert!(seen >= 3);
}
