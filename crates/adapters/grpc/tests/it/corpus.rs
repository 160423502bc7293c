//! Replays the fuzz target's corpus.

use std::fs;
use std::path::Path;

use ringwall_grpc::authority::rewrite;

#[test]
fn what_callers_send_is_answered() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../fuzz/corpus/hpack_headers");
    let mut files: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut rewritten = 0;
    for file in files {
        let sent = fs::read(&file).unwrap();
        if let Ok(output) = rewrite(&sent) {
            assert_eq!(rewrite(&output).as_ref(), Ok(&output), "{}", file.display());
            rewritten += usize::from(output != sent);
        }
    }
    assert!(rewritten >= 3, "the corpus holds no blocks of headers");
}
