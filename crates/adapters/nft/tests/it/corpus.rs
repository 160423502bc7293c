//! The corpora of the fuzz targets.

use std::path::Path;

#[path = "../../../../../fuzz/nft.rs"]
mod nft;

#[test]
fn what_the_kernel_logs_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../fuzz/corpus/deny_log");
    let mut found: Vec<usize> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| nft::deny_log(&std::fs::read(entry.unwrap().path()).unwrap()))
        .collect();
    found.sort_unstable();
    assert!(found.ends_with(&[0, 1, 1, 2]), "{found:?}");
}
